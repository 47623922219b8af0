//! Futures in virtual time, on one thread, without a runtime and without chance.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use carrot_core::Clock;

use super::VirtualClock;
use crate::fail;

/// Whether a task asked to be polled. A task is polled only then, so a wake-up that is lost stops the
/// test instead of passing unseen.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Woken {
    fn poll<F: Future + ?Sized>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(self));
        future.poll(&mut Context::from_waker(&waker))
    }
}

/// Keeps the time of an automatic clock from being moved by anything else.
struct Run<'a>(&'a VirtualClock);

impl<'a> Run<'a> {
    fn of(clock: &'a VirtualClock) -> Self {
        clock.time().runs += 1;
        Self(clock)
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.0.time().runs -= 1;
    }
}

/// Tests without a runtime.
impl VirtualClock {
    /// Runs a future to its end on this thread. When it waits, the clock moves to the first sleep that
    /// is due.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use carrot_core::Clock;
    /// use carrot_testing::VirtualClock;
    ///
    /// let clock = VirtualClock::manual();
    /// clock.run(clock.sleep(Duration::from_secs(3600)));
    /// assert_eq!(clock.now(), Duration::from_secs(3600));
    /// ```
    ///
    /// # Panics
    ///
    /// The future waits for something other than a sleep of this clock, or a sleep is due that it does
    /// not poll.
    #[track_caller]
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        let mut output = None;
        self.run_all([async { output = Some(future.await) }]);
        match output {
            Some(output) => output,
            None => fail("the future did not end"),
        }
    }

    /// Runs futures side by side on this thread, each to its end, and returns their outputs in the
    /// order of the futures. When all wait, the clock moves to the first sleep that is due. Box futures
    /// of different types.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn run_all<F: Future>(&self, futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
        let _run = Run::of(self);
        let tasks = futures.into_iter().map(Box::pin).enumerate();
        let woken = || Arc::new(Woken(AtomicBool::new(true)));
        let mut running: Vec<_> = tasks.map(|(index, task)| (index, task, woken())).collect();
        let mut ended = Vec::new();
        let mut is_due = false;
        while !running.is_empty() {
            let mut polled = false;
            running.retain_mut(|(index, task, woken)| {
                if !woken.0.swap(false, Ordering::Relaxed) {
                    return true;
                }
                polled = true;
                match woken.poll(task.as_mut()) {
                    Poll::Ready(output) => ended.push((*index, output)),
                    Poll::Pending => return true,
                }
                false
            });
            if polled || running.is_empty() {
                continue;
            }
            let Some(next) = self.waiting().first().copied() else {
                fail("the futures wait for something other than a sleep of this clock")
            };
            if is_due && next.is_zero() {
                fail("a sleep is due that no future polls");
            }
            is_due = next.is_zero();
            self.advance(next);
        }
        ended.sort_by_key(|(index, _)| *index);
        ended.into_iter().map(|(_, output)| output).collect()
    }

    /// Polls a future once. When it waits for a sleep, the clock moves to the first that is due. To
    /// drop a future at every point where it waits, call it once more in each run.
    ///
    /// # Panics
    ///
    /// The future waits for something other than a sleep of this clock.
    #[track_caller]
    pub fn step<F: Future + ?Sized>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        let _run = Run::of(self);
        let woken = Arc::<Woken>::default();
        let polled = woken.poll(future);
        if polled.is_pending() && !woken.0.load(Ordering::Relaxed) {
            match self.waiting().first() {
                Some(next) => self.advance(*next),
                None => fail("the future waits for something other than a sleep of this clock"),
            }
        }
        polled
    }

    /// Waits for a future up to this time, and drops it then.
    pub async fn timeout<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let (mut future, mut sleep) = (pin!(future), self.sleep(limit));
        poll_fn(move |context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            sleep.as_mut().poll(context).map(|()| None)
        })
        .await
    }
}
