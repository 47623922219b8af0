//! A task that waits for its permit.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    AcquireError, AcquireRequest, Permit, PermitKeeper,
    state::{Decision, State, Wakers},
};
use crate::Clock;

/// The queue of a limiter, behind its lock.
pub(super) trait Queue: PermitKeeper {
    fn clock(&self) -> &dyn Clock;

    /// Changes the state, then wakes the affected tasks after the lock is released: a waker runs
    /// foreign code, and dropping the last waker of a task may drop the task.
    fn change<T>(&self, change: impl FnOnce(&mut State, Duration) -> (T, Wakers)) -> T;

    /// Goes on with the question to a store. Returns true if it changed the state.
    fn drive(&self, _context: &mut Context<'_>) -> bool {
        false
    }

    /// A task has left the queue without a permit.
    fn left(&self) {}
}

/// Waits for a permit.
pub(super) async fn acquire<Q: Queue>(
    queue: &Arc<Q>,
    request: &AcquireRequest,
) -> Result<Permit, AcquireError> {
    let number = queue
        .change(|state, now| (state.join(request, now), Wakers::default()))
        .map_err(|waiting| AcquireError::QueueFull { waiting })?;
    let mut ticket = Ticket {
        queue: &**queue,
        number,
        is_taken: false,
    };
    let mut sleep = None;
    poll_fn(|context| ticket.poll(context, &mut sleep)).await?;
    let keeper: Arc<dyn PermitKeeper> = Arc::clone(queue) as _;
    Ok(Permit::new(keeper, number))
}

/// A position in the queue. Leaves the queue when it is dropped before the permit is taken.
struct Ticket<'a, Q: Queue> {
    queue: &'a Q,
    number: u64,
    is_taken: bool,
}

/// A sleep and the time at which it ends.
type Sleep<'a> = Option<(Duration, Pin<Box<dyn Future<Output = ()> + Send + 'a>>)>;

impl<'a, Q: Queue> Ticket<'a, Q> {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        sleep: &mut Sleep<'a>,
    ) -> Poll<Result<(), AcquireError>> {
        // Before the decision: of a process whose share is enough for all its calls, none would ever wait, and
        // so none would ask whether the store is back.
        self.queue.drive(context);
        let (wake_at, now) = loop {
            let (decision, now) = self.queue.change(|state, now| {
                let (decision, wakers) = state.poll(self.number, context.waker(), now);
                ((decision, now), wakers)
            });
            match decision {
                Decision::Go => {
                    self.is_taken = true;
                    return Poll::Ready(Ok(()));
                }
                Decision::TooLate(at) => {
                    let earliest = Some(at.saturating_sub(now)).filter(|wait| !wait.is_zero());
                    return Poll::Ready(Err(AcquireError::TooLate { earliest }));
                }
                Decision::Failed(error) => return Poll::Ready(Err(AcquireError::Store(error))),
                Decision::Wait(wake_at) if !self.queue.drive(context) => break (wake_at, now),
                Decision::Wait(_) => {}
            }
        };
        let planned = sleep.take().filter(|(planned, _)| *planned == wake_at);
        let (_, sleeping) = sleep.insert(planned.unwrap_or_else(|| {
            let wait = wake_at.saturating_sub(now);
            (wake_at, self.queue.clock().sleep(wait))
        }));
        if sleeping.as_mut().poll(context).is_ready() {
            // Polls again through the executor, not in a loop: a clock may end every sleep too early.
            *sleep = None;
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl<Q: Queue> Drop for Ticket<'_, Q> {
    fn drop(&mut self) {
        if !self.is_taken {
            // Dropped here, after the lock is released.
            let _waker = self
                .queue
                .change(|state, now| state.leave(self.number, now));
            self.queue.left();
        }
    }
}
