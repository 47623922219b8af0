//! What the integration tests share: a transport that records, a clock that a test turns, and a way
//! to run a future without a runtime.

pub(crate) mod canary;
pub(crate) mod clock;
pub(crate) mod operations;
pub(crate) mod people;
pub(crate) mod refused;
pub(crate) mod request;
pub(crate) mod simulation;
pub(crate) mod transport;

use std::{
    future::Future,
    path::Path,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use carrot_core::{ApiVersion, AuthToken, Client, ClientBuilder, ExponentialBackoff, NoRateLimit};

pub(crate) use self::{
    canary::{TOKEN, Watched, watched},
    clock::ManualClock,
    request::Sent,
    transport::Recorder,
};

/// One attempt a call, as many calls as a test likes: retry and rate limit have tests of their own.
pub(crate) fn builder(recorder: &Recorder) -> ClientBuilder {
    let token = AuthToken::new(TOKEN).expect("a sound token");
    Client::builder(recorder.clone(), ManualClock::new(), token)
        .retry(ExponentialBackoff::none())
        .rate_limiter(NoRateLimit::new())
}

/// A client over this transport, of this API version, whose clock stands still.
pub(crate) fn client(recorder: &Recorder, version: ApiVersion) -> Watched {
    watched(builder(recorder).version(version))
}

/// Runs a future that never has to wait.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits for something that no test brings"),
    }
}

/// Polls a future once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Compares a text with the file that holds it, below this crate. `UPDATE_EXPECT=1` writes the file.
pub(crate) fn assert_snapshot(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    expect_test::expect_file![file].assert_eq(text);
}
