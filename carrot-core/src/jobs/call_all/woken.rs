//! Wakers of one's own for many calls in one task.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

/// The calls that were woken since they were last polled, in the order in which it happened.
///
/// Polling them alone keeps the cost of one call the same for any number of concurrent ones.
#[derive(Debug, Default)]
pub(super) struct Woken {
    /// Those to be polled in this round. Who is woken meanwhile waits for the next, so that calls that
    /// wake themselves leave time to other tasks.
    round: VecDeque<usize>,
    next: Arc<Next>,
}

#[derive(Debug, Default)]
struct Next(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    slots: VecDeque<usize>,
    /// The waker of the job, while it waits.
    job: Option<Waker>,
}

/// The waker of the call in one slot.
#[derive(Debug)]
struct CallWaker {
    slot: usize,
    is_woken: AtomicBool,
    next: Arc<Next>,
}

/// Polls the call in one slot, and notes when it is to be polled again.
#[derive(Debug)]
pub(super) struct Signal {
    shared: Arc<CallWaker>,
    waker: Waker,
}

impl Woken {
    /// Creates the signal of a slot.
    pub(super) fn signal(&self, slot: usize) -> Signal {
        let shared = Arc::new(CallWaker {
            slot,
            is_woken: AtomicBool::new(false),
            next: Arc::clone(&self.next),
        });
        Signal {
            waker: Waker::from(Arc::clone(&shared)),
            shared,
        }
    }

    /// Adds a new call.
    pub(super) fn push(&mut self, slot: usize) {
        self.round.push_back(slot);
    }

    /// Takes over those that were woken meanwhile. They come before new calls: otherwise new ones that end
    /// at once, such as invalid ones, would keep the others waiting for ever.
    pub(super) fn start_round(&mut self) {
        self.round.append(&mut self.next.lock().slots);
    }

    /// Returns the slot of the call to poll. It stays the first until [`polled`](Self::polled), so that a
    /// call whose poll panics is polled again.
    pub(super) fn first(&self) -> Option<usize> {
        self.round.front().copied()
    }

    pub(super) fn polled(&mut self) {
        self.round.pop_front();
    }

    /// Ends the round. `context` is woken for the next.
    pub(super) fn wait(&self, context: &Context<'_>) {
        let waker = context.waker().clone();
        let mut next = self.next.lock();
        let has_next = !next.slots.is_empty();
        let old = next.job.replace(waker);
        drop(next);
        // Foreign code, so not under the lock.
        drop(old);
        if has_next {
            context.waker().wake_by_ref();
        }
    }
}

impl Next {
    /// Nothing panics under the lock, and nothing is half done there.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for CallWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_woken.swap(true, Ordering::AcqRel) {
            return;
        }
        let job = {
            let mut next = self.next.lock();
            next.slots.push_back(self.slot);
            next.job.take()
        };
        if let Some(job) = job {
            job.wake();
        }
    }
}

impl Signal {
    /// Returns the context to poll the call with.
    pub(super) fn context(&self) -> Context<'_> {
        // A swap, so that the call sees whatever was done before a wake that still finds the flag set.
        self.shared.is_woken.swap(false, Ordering::AcqRel);
        Context::from_waker(&self.waker)
    }
}
