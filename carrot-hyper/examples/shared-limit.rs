//! Three processes, one key, one budget: each process counts to the same limit on a Redis server.
//!
//! ```sh
//! cargo run -p carrot-hyper --features redis --example shared-limit
//! ```
//!
//! `REDIS_URL` names the server. Without it the example starts `redis-server`, on a free port and without a file,
//! and stops it at the end. No request is sent to the service: a short sleep stands for it. Stop the server
//! meanwhile, and each process goes on with its share.

use std::{
    env,
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use carrot_hyper::{
    RateLimiter, RedisStore, TokioClock,
    rate_limit::{AcquireError, AcquireRequest, PermitOutcome, SharedRateLimiter},
};

/// The service allows 60 a minute; ten seconds are enough to watch.
const LIMIT: u32 = 10;
const WINDOW: Duration = Duration::from_secs(10);
const RUNTIME: Duration = Duration::from_secs(35);
const PROCESSES: u32 = 3;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    match env::args().nth(1) {
        Some(name) => count(&name).await,
        None => start(),
    }
}

/// Starts this program three times, and waits for the ends.
fn start() -> Result<()> {
    let server = match env::var("REDIS_URL") {
        Ok(url) => Server { url, child: None },
        Err(_) => Server::start()?,
    };
    println!(
        "{PROCESSES} processes share {LIMIT} requests in any {WINDOW:?}, over {}",
        match server.child {
            Some(_) => &server.url,
            None => "REDIS_URL",
        }
    );
    let program = env::current_exe()?;
    let children: Vec<_> = ["one", "two", "three"]
        .into_iter()
        .map(|name| {
            Command::new(&program)
                .arg(name)
                .env("REDIS_URL", &server.url)
                .spawn()
        })
        .collect::<std::result::Result<_, _>>()?;
    for mut child in children {
        child.wait()?;
    }
    Ok(())
}

/// A Redis server, stopped at the end if this program started it.
struct Server {
    url: String,
    child: Option<Child>,
}

impl Server {
    fn start() -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| {
                format!("redis-server: {error}; install it, or name a server in REDIS_URL")
            })?;
        let server = Self {
            url: format!("redis://127.0.0.1:{port}"),
            child: Some(child),
        };
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if started.elapsed() > WINDOW {
                return Err("redis-server does not listen".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may be stopped already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What each process does: requests, as many as the shared limit allows.
async fn count(name: &str) -> Result<()> {
    let url = env::var("REDIS_URL")?;
    let store = RedisStore::new(&url, "shared-limit-example")?;
    // A client takes it with `ClientBuilder::rate_limiter`, and does the rest.
    let limiter = SharedRateLimiter::with_limit(store, TokioClock::new(), LIMIT, WINDOW);
    let limiter = limiter.processes(PROCESSES);
    let started = Instant::now();
    let mut request = AcquireRequest::new("example");
    request.lease = Some(Duration::from_secs(1));
    let mut made = 0;
    while started.elapsed() < RUNTIME {
        request.patience = Some(RUNTIME.saturating_sub(started.elapsed()));
        let permit = match limiter.acquire(&request).await {
            Ok(permit) => permit,
            // The next permit is free only after the end.
            Err(AcquireError::TooLate { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        permit.complete(PermitOutcome::Responded);
        made += 1;
        let used = limiter.status().map_or(0, |status| status.used);
        println!(
            "{:5.1} s  {name}: request {made}, {used} of {LIMIT} in use",
            started.elapsed().as_secs_f32()
        );
    }
    println!("{name}: {made} requests in {RUNTIME:?}");
    Ok(())
}
