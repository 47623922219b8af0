//! Three processes, one key, one budget: each process counts to the same limit on a Redis server.
//!
//! ```text
//! docker run --rm -p 6379:6379 redis
//! cargo run -p carrot-hyper --features redis --example shared-limit
//! ```
//!
//! `REDIS_URL` names another server. No request is sent to the service: a short sleep stands for it. Stop the
//! server meanwhile, and each process goes on with its share.

use std::{
    env, process,
    time::{Duration, Instant},
};

use carrot_hyper::{
    RateLimiter, RedisStore, TokioClock,
    rate_limit::{AcquireRequest, PermitOutcome, SharedRateLimiter},
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
    println!("{PROCESSES} processes share {LIMIT} requests in any {WINDOW:?}");
    let program = env::current_exe()?;
    let children: Vec<_> = ["one", "two", "three"]
        .into_iter()
        .map(|name| process::Command::new(&program).arg(name).spawn())
        .collect::<std::result::Result<_, _>>()?;
    for mut child in children {
        child.wait()?;
    }
    Ok(())
}

/// What each process does: requests, as many as the shared limit allows.
async fn count(name: &str) -> Result<()> {
    let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".into());
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
            Err(error) => {
                println!("{name}: {error}");
                break;
            }
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
