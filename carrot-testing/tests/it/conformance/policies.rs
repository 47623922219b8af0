//! The small suites, and the check above the transport.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use carrot_core::{
    AuthToken, Client, Clock, HttpTransport, LocalRateLimiter, NoRateLimit, RateLimiter,
};
use carrot_testing::{
    VirtualClock,
    conformance::{Setup, Stack, assert_clock, assert_rate_limiter, never_twice},
};

use super::{breaks::Break, reference::ReferenceStack};

/// A clock of tokio.
#[derive(Debug)]
struct Tokio(Instant, Broken);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    No,
    Early,
    Endless,
    Back,
}

#[async_trait]
impl Clock for Tokio {
    fn now(&self) -> Duration {
        let now = self.0.elapsed();
        match self.1 {
            Broken::Back => Duration::from_secs(1000).saturating_sub(now),
            _ => now,
        }
    }

    async fn sleep(&self, duration: Duration) {
        match self.1 {
            Broken::Early => tokio::time::sleep(duration / 2).await,
            // As an overflow would have it.
            Broken::Endless if duration == Duration::MAX => {}
            _ => tokio::time::sleep(duration).await,
        }
    }
}

fn clock(broken: Broken) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let started = tokio::time::Instant::now().into_std();
    assert_clock(&Tokio(started, broken), |work| {
        runtime.block_on(work);
    });
}

#[test]
fn sound_clock_passes() {
    clock(Broken::No);
}

#[test]
#[should_panic(expected = "CLK-01")]
fn clock_that_goes_back_fails() {
    clock(Broken::Back);
}

#[test]
#[should_panic(expected = "CLK-02")]
fn early_clock_fails() {
    clock(Broken::Early);
}

#[test]
#[should_panic(expected = "CLK-05")]
fn overflowing_clock_fails() {
    clock(Broken::Endless);
}

fn limited(limiters: &[&dyn RateLimiter], clock: &VirtualClock, limit: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let window = Duration::from_secs(60);
    assert_rate_limiter(limiters, clock, limit, window, |work| {
        runtime.block_on(work);
    });
}

#[test]
fn local_limiter_passes() {
    let clock = VirtualClock::new();
    let limiter = LocalRateLimiter::new(Arc::new(clock.clone()));
    limited(&[&limiter], &clock, 60);
}

#[test]
#[should_panic(expected = "LMT-01")]
fn no_limit_fails() {
    limited(&[&NoRateLimit::new()], &VirtualClock::new(), 60);
}

#[test]
#[should_panic(expected = "LMT-01")]
fn two_limiters_without_a_store_fail() {
    let clock = VirtualClock::new();
    let limiter = || LocalRateLimiter::new(Arc::new(clock.clone()));
    limited(&[&limiter(), &limiter()], &clock, 60);
}

fn twice(breaks: Break) {
    let stack = ReferenceStack::new(breaks);
    let transport = stack.build(&setup()).unwrap();
    never_twice(&stack, |url| over(transport, url));
}

fn over(transport: Box<dyn HttpTransport>, url: carrot_core::BaseUrl) -> Client {
    let token = AuthToken::new("app.1.token").unwrap();
    Client::builder(transport, VirtualClock::new(), token)
        .base_url(url)
        .rate_limiter(NoRateLimit::new())
        .build()
        .unwrap()
}

fn setup() -> Setup {
    Setup::default()
}

#[test]
fn sound_transport_delivers_once() {
    twice(Break::None);
}

#[test]
#[should_panic(expected = "was sent once and came")]
fn always_never_delivers_twice() {
    twice(Break::AlwaysNever);
}

#[test]
#[should_panic(expected = "was sent once and came")]
fn transport_that_repeats_delivers_twice() {
    twice(Break::RetriesReset);
}
