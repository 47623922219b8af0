//! The suite for limiters of the test kit, over a real server.

use std::time::Duration;

use carrot_core::{RateLimiter, rate_limit::SharedRateLimiter};
use carrot_hyper::{RedisStore, TokioClock};
use carrot_testing::conformance::assert_rate_limiter;

use super::server::Server;

const LIMIT: u32 = 12;
const WINDOW: Duration = Duration::from_millis(800);

fn check(stores: Vec<RedisStore>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let clock = TokioClock::new();
    let limiter = |store| SharedRateLimiter::with_limit(store, clock, LIMIT, WINDOW);
    let limiters: Vec<SharedRateLimiter<_, _>> = stores.into_iter().map(limiter).collect();
    let limiters: Vec<&dyn RateLimiter> = limiters.iter().map(|limiter| limiter as _).collect();
    assert_rate_limiter(&limiters, &clock, LIMIT as usize, WINDOW, |work| {
        runtime.block_on(work);
    });
}

/// Each limiter has a connection of its own, as in a process of its own.
#[test]
fn three_limiters_share_one_limit() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = |_| RedisStore::new(&server.url(), "suite").expect("a sound URL");
    check((0..3).map(store).collect());
}

#[test]
#[should_panic(expected = "LMT-01")]
fn limiters_of_two_names_exceed_the_limit() {
    let Some(server) = Server::start() else {
        panic!("LMT-01 is not checked: there is no server");
    };
    let store = |name: &&str| RedisStore::new(&server.url(), name).expect("a sound URL");
    check(["one", "two"].iter().map(store).collect());
}
