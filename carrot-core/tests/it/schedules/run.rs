//! Runs the steps of a schedule side by side. Unlike `VirtualClock::run_all`, it goes on when a sleep is due that nobody
//! polls: that of a job between two results, or of a killed process.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use carrot_core::Clock as _;
use carrot_testing::VirtualClock;

use super::Schedule;
use crate::support::simulation::Task;

/// Longer than any step: one may wait 24 times for two hours, or for a day at a request that gets stuck.
const MOST_TIME: Duration = Duration::from_secs(40 * 86_400);
const MOST_POLLS: u32 = 1_000_000;

/// Whether a task asked to be polled. A wake-up that is lost leaves it where it is.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns the number of tasks that wait for nothing.
pub(super) fn run_all(clock: &VirtualClock, tasks: Vec<Task<'_, ()>>) -> usize {
    let woken = |task| (task, Arc::new(Woken(AtomicBool::new(true))));
    let mut running: Vec<_> = tasks.into_iter().map(woken).collect();
    while !running.is_empty() {
        let mut is_polled = false;
        running.retain_mut(|(task, woken)| {
            if !woken.0.swap(false, Ordering::Relaxed) {
                return true;
            }
            is_polled = true;
            let waker = Waker::from(Arc::clone(woken));
            task.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        });
        if is_polled {
            continue;
        }
        match clock.waiting().into_iter().find(|left| !left.is_zero()) {
            Some(next) => clock.advance(next),
            None => break,
        }
    }
    running.len()
}

impl Schedule {
    /// Runs a step to its end, which comes in time. Returns false if its process is killed before.
    pub(super) async fn lives(
        &self,
        step: &mut Task<'_, ()>,
        id: u64,
        death: Option<Duration>,
    ) -> bool {
        let limit = death.map_or(MOST_TIME, |death| death - self.clock.now());
        let mut polls = 0;
        let counted = poll_fn(|context| {
            polls += 1;
            match polls > MOST_POLLS {
                true => Poll::Ready(false),
                false => step.as_mut().poll(context).map(|()| true),
            }
        });
        let ended = self.clock.timeout(limit, counted).await;
        if ended == Some(false) || (ended.is_none() && death.is_none()) {
            let now = self.clock.now();
            self.broke(id, format!("endless: {polls} polls until {now:?}"));
        }
        ended.is_some() || death.is_none()
    }
}
