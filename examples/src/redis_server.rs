//! A Redis server of a program's own.

use std::{
    env, io,
    net::Ipv4Addr,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::sleep,
};

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// A `redis-server` on a free port of this machine, without a file. It ends with its handle.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    child: Child,
}

impl RedisServer {
    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    ///
    /// The program is not installed, which is [`io::ErrorKind::NotFound`], or it does not listen.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        drop(listener);
        let child = start(port).await?;
        Ok(Self { port, child })
    }

    /// Its address, `redis://127.0.0.1:1234`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once, with its memory.
    ///
    /// # Errors
    ///
    /// It cannot be ended.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Starts it again on the same port, empty, after [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> io::Result<()> {
        self.child = start(self.port).await?;
        Ok(())
    }
}

async fn start(port: u16) -> io::Result<Child> {
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no"])
        .current_dir(env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    // Ctrl-C reaches the program alone, which ends it.
    #[cfg(unix)]
    command.process_group(0);
    let child = command.spawn()?;
    let started = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .is_err()
    {
        if started.elapsed() > PATIENCE {
            return Err(io::Error::other("it does not listen"));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(child)
}
