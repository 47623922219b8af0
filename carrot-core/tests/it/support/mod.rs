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
    path::PathBuf,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use carrot_core::{ApiVersion, AuthToken, Client, ClientBuilder, RetryPolicy, UnlimitedQuota};

pub(crate) use self::{
    canary::{TOKEN, Watched, watched},
    clock::ManualClock,
    request::Sent,
    transport::Recorder,
};

/// One attempt a call, as many calls as a test likes: retry and quota have tests of their own.
pub(crate) fn builder(recorder: &Recorder) -> ClientBuilder {
    let token = AuthToken::new(TOKEN).expect("a sound token");
    Client::builder(recorder.clone(), ManualClock::new(), token)
        .retry(RetryPolicy::none())
        .quota(UnlimitedQuota::new())
}

/// A client over this transport, of this generation, whose clock stands still.
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

/// Compares a text with the file that holds it, below this crate. With `UPDATE_SNAPSHOTS=1` in the
/// environment the file is written instead.
pub(crate) fn assert_snapshot(path: &str, text: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("can make the folder");
        std::fs::write(&file, text).expect("can write the file");
        return;
    }
    let stored = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{path}: {error}; run with UPDATE_SNAPSHOTS=1"))
        .replace("\r\n", "\n");
    if let Some((number, (stored, now))) = stored
        .lines()
        .zip(text.lines())
        .enumerate()
        .find(|(_, (stored, now))| stored != now)
    {
        panic!(
            "{path}, line {}:\n  stored: {stored}\n  now:    {now}\n\
             Run with UPDATE_SNAPSHOTS=1 if the new text is the right one.",
            number + 1
        );
    }
    assert_eq!(
        stored.lines().count(),
        text.lines().count(),
        "{path}: one text goes on where the other ends"
    );
}
