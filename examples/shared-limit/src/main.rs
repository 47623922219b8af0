//! Three processes, one key, one rate limit: each process counts to the same limit on a Redis server.
//!
//! ```sh
//! cargo run -p shared-limit
//! ```
//!
#![doc = include_str!("../README.md")]

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant},
};

use carrot_examples::{
    program::{self, Failure},
    redis_server::RedisServer,
    say,
    status_line::counted,
};
use carrot_hyper::{
    RateLimiter, RedisStore, TokioClock,
    rate_limit::{AcquireError, AcquireRequest, PermitOutcome, SharedRateLimiter},
};
use clap::Parser;
use tokio::{process::Command, time::sleep};

/// The service allows 60 a minute; ten seconds are enough to watch.
const LIMIT: u32 = 10;
const WINDOW: Duration = Duration::from_secs(10);
const NAMES: [&str; 3] = ["one", "two", "three"];

/// Shows three processes that share one rate limit over a Redis server: the one in REDIS_URL, or one that it starts. Sends
/// nothing to the service.
#[derive(Debug, Parser)]
struct Arguments {
    /// How long each process goes on.
    #[arg(long, value_name = "SECONDS", default_value_t = 35, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// One of the three processes.
    #[arg(long, hide = true)]
    process: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = Duration::from_secs(arguments.seconds);
    let next = "Nothing is left to do: its processes and its server ended too.";
    match arguments.process {
        Some(name) => program::run("shared-limit", next, count(name, runtime)),
        None => program::run("shared-limit", next, start(runtime)),
    }
}

/// Starts this program three times, and waits for the ends.
async fn start(runtime: Duration) -> Result<(), Failure> {
    // It ends with the handle.
    let (url, server) = match env::var("REDIS_URL") {
        Ok(url) => (url, None),
        Err(_) => {
            let advice = "install it, or name a server in REDIS_URL";
            let server = RedisServer::start().await;
            let server = server.map_err(|error| format!("redis-server: {error}; {advice}"))?;
            (server.url(), Some(server))
        }
    };
    let shown = server.as_ref().map_or("REDIS_URL", |_| &*url);
    say!(
        "{} processes share {LIMIT} requests in any {WINDOW:?}, over {shown}",
        NAMES.len()
    );
    let program = env::current_exe()?;
    let processes = NAMES.map(|name| {
        let mut process = Command::new(&program);
        process
            .args(["--process", name, "--seconds"])
            .arg(runtime.as_secs().to_string())
            .env("REDIS_URL", &url)
            // Ctrl-C reaches this process alone, which ends them.
            .kill_on_drop(true);
        #[cfg(unix)]
        process.process_group(0);
        process.spawn()
    });
    let mut failed = 0;
    for process in processes {
        failed += u32::from(!process?.wait().await?.success());
    }
    match failed {
        0 => Ok(()),
        failed => Err(format!("{} failed", counted(failed, "process")).into()),
    }
}

/// What each process does: requests, as many as the shared limit allows.
async fn count(name: String, runtime: Duration) -> Result<(), Failure> {
    let url = env::var("REDIS_URL")?;
    let store = RedisStore::new(&url, "shared-limit-example")?;
    // A client takes it with `ClientBuilder::rate_limiter`, and does the rest.
    let limiter = SharedRateLimiter::with_limit(store, TokioClock::new(), LIMIT, WINDOW);
    let limiter = limiter.processes(NAMES.len() as u32);
    let started = Instant::now();
    let mut request = AcquireRequest::new("example");
    request.lease = Some(Duration::from_secs(1));
    let mut made = 0;
    while started.elapsed() < runtime {
        request.patience = Some(runtime.saturating_sub(started.elapsed()));
        let permit = match limiter.acquire(&request).await {
            Ok(permit) => permit,
            // The next permit is free only after the end.
            Err(AcquireError::TooLate { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        sleep(Duration::from_millis(100)).await;
        permit.complete(PermitOutcome::Responded);
        made += 1;
        let used = limiter.status().map_or(0, |status| status.used);
        let seconds = started.elapsed().as_secs_f32();
        say!("{seconds:5.1} s  {name}: request {made}, {used} of {LIMIT} in use");
    }
    say!("{name}: {} in {runtime:?}", counted(made, "request"));
    Ok(())
}
