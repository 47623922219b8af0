//! A Redis server of the test's own, on a free port and without a file.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// What a clock is ahead of that of the server, in milliseconds, so that it stands still.
const STOPPED: &str = "-1000000000000000";

pub(super) struct Server {
    port: u16,
    folder: PathBuf,
    password: Option<&'static str>,
    child: Option<Child>,
}

impl Server {
    /// Starts a server, or says that there is no program for it. In CI that is a failure.
    pub(super) fn start() -> Option<Self> {
        Self::with_password(None)
    }

    pub(super) fn with_password(password: Option<&'static str>) -> Option<Self> {
        let version = Command::new("redis-server").arg("--version").output();
        if version.is_err() {
            assert!(
                std::env::var_os("CI").is_none(),
                "`redis-server` is not installed: apt-get install redis-server"
            );
            eprintln!("SKIPPED: `redis-server` is not installed");
            return None;
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let folder =
            std::env::temp_dir().join(format!("carrot-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        drop(listener);
        let mut server = Self {
            port,
            folder,
            password,
            child: None,
        };
        server.restart();
        Some(server)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        let user = self.password.map(|password| format!(":{password}@"));
        format!(
            "redis://{}127.0.0.1:{}",
            user.unwrap_or_default(),
            self.port
        )
    }

    /// Starts the server again, empty, and waits until it responds.
    pub(super) fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(password) = self.password {
            command.args(["--requirepass", password]);
        }
        self.child = Some(command.spawn().expect("redis-server starts"));
        // A socket that connects to its own port reads what it sent.
        while self.send("PING").is_none_or(|reply| reply == "PING\r\n") {
            let child = self.child.as_mut().expect("it runs");
            if child.try_wait().expect("a child").is_some() {
                // Another socket had the port.
                *child = command.spawn().expect("redis-server starts");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it runs");
            child.wait().expect("it ended");
        }
    }

    /// Lets time pass for a limit that is in use: its clock is that of the server and what it is ahead of it.
    pub(super) fn pass(&self, name: &str, time: Duration) {
        let script = "return redis.call('HEXISTS', KEYS[1], 'now') == 1 and \
                      redis.call('HINCRBY', KEYS[1], 'skew', ARGV[1])";
        let key = format!("{{carrot:{name}}}:state");
        let time = time.as_millis();
        self.send(&format!("EVAL \"{script}\" 1 \"{key}\" {time}"))
            .expect("a reply");
    }

    /// Lets time pass for a limit, and no more until the next question: a clock that is behind stands still.
    pub(super) fn stop_clock(&self, name: &str, time: Duration) {
        let script = "if redis.call('HEXISTS', KEYS[1], 'now') == 1 then \
                      redis.call('HINCRBY', KEYS[1], 'now', ARGV[1]) \
                      redis.call('HSET', KEYS[1], 'skew', ARGV[2]) end";
        let key = format!("{{carrot:{name}}}:state");
        let time = time.as_millis();
        self.send(&format!("EVAL \"{script}\" 1 \"{key}\" {time} {STOPPED}"))
            .expect("a reply");
    }

    /// Returns true if a question came since the clock was stopped.
    pub(super) fn clock_goes(&self, name: &str) -> bool {
        let skew = self.send(&format!("HGET \"{{carrot:{name}}}:state\" skew"));
        let skew = skew.expect("a reply");
        !skew.contains(STOPPED) && !skew.starts_with("$-1")
    }

    /// Sends a command, and reads what comes first.
    pub(super) fn send(&self, command: &str) -> Option<String> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        socket.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        let mut reply = [0; 4096];
        match socket.read(&mut reply) {
            Ok(0) | Err(_) => None,
            Ok(length) => Some(String::from_utf8_lossy(&reply[..length]).into_owned()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
