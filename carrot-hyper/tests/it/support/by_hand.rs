//! Futures that a test polls itself, and time that a test moves itself.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use tokio::sync::Notify;

use super::PLENTY;

#[derive(Default)]
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// A future that is polled when the test says so.
pub(crate) struct ByHand<F: Future> {
    future: Pin<Box<F>>,
    woken: Arc<Woken>,
}

impl<F: Future> ByHand<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            woken: Arc::default(),
        }
    }

    /// Polls once.
    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    /// Waits until the future asks to be polled.
    pub(crate) async fn woken(&self) {
        self.woken.0.notified().await;
    }

    /// Polls whenever it asks for that, to its end.
    pub(crate) async fn ends(&mut self) -> F::Output {
        loop {
            if let Poll::Ready(output) = self.poll() {
                return output;
            }
            self.woken().await;
        }
    }

    /// Lets everybody go on until a server tells something.
    pub(crate) async fn rests_until<T>(
        &mut self,
        seen: &mut tokio::sync::mpsc::UnboundedReceiver<T>,
    ) {
        while seen.try_recv().is_err() {
            self.rests().await;
        }
    }

    /// Lets everybody go on until all rest, this future too. It must not come to its end.
    pub(crate) async fn rests(&mut self) {
        for _ in 0..RESTING {
            assert!(self.poll().is_pending(), "it ended");
            tokio::task::yield_now().await;
        }
    }
}

/// This number of turns of a single-threaded runtime is more than all tasks need.
const RESTING: usize = 100;

/// Lets everybody else go on until all rest.
pub(crate) async fn turns() {
    for _ in 0..RESTING {
        tokio::task::yield_now().await;
    }
}

/// Waits until this is so, while everybody else goes on.
pub(crate) async fn settles(what: &str, so: impl Fn() -> bool) {
    let settling = async {
        while !so() {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(PLENTY, settling).await.is_err() {
        panic!("never came: {what}");
    }
}

/// While this lives, the clock of a runtime of one thread stands still.
pub(crate) struct Frozen(
    #[expect(dead_code, reason = "dropping it ends the task")] mpsc::Sender<()>,
);

impl Frozen {
    pub(crate) fn new() -> Self {
        tokio::time::pause();
        // A paused clock moves on by itself when all wait, but not while such a task runs.
        let (end, ended) = mpsc::channel();
        tokio::task::spawn_blocking(move || ended.recv());
        Self(end)
    }

    pub(crate) async fn advance(&self, time: Duration) {
        tokio::time::advance(time).await;
    }
}
