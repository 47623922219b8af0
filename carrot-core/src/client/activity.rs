use std::{
    future::poll_fn,
    sync::atomic::{AtomicBool, AtomicU8, Ordering},
    task::Poll,
};

/// The first request needs no permission, or has it.
const OPEN: u8 = 0;
/// The first request needs permission.
const CLOSED: u8 = 1;
/// The call has its permit and waits for permission to send.
const WAITING: u8 = 2;

/// The state of a call in flight, as far as a job needs it.
///
/// Atomic flags, since the future of the call owns everything else.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// An attempt is in flight, or an earlier one may have been applied.
    may_have_effect: AtomicBool,
    gate: AtomicU8,
}

impl Activity {
    /// The state of a call that waits with its first request for [`open`](Self::open).
    pub(crate) fn gated() -> Self {
        Self {
            gate: AtomicU8::new(CLOSED),
            ..Self::default()
        }
    }

    pub(super) fn set(&self, may_have_effect: bool) {
        self.may_have_effect
            .store(may_have_effect, Ordering::Relaxed);
    }

    /// Waits for permission to send, and returns whether it had to. Nothing wakes this future: the job that
    /// polls it opens the gate and polls it again.
    pub(super) async fn wait_at_gate(&self) -> bool {
        let mut waited = false;
        poll_fn(|_| match self.gate.load(Ordering::Relaxed) {
            OPEN => Poll::Ready(waited),
            _ => {
                waited = true;
                self.gate.store(WAITING, Ordering::Relaxed);
                Poll::Pending
            }
        })
        .await
    }

    /// Returns true if the call could send its first request now.
    pub(crate) fn is_at_gate(&self) -> bool {
        self.gate.load(Ordering::Relaxed) == WAITING
    }

    pub(crate) fn open(&self) {
        self.gate.store(OPEN, Ordering::Relaxed);
    }

    /// Returns true if dropping the call now has no effect on the service: the call waits for a permit or
    /// pauses, and no earlier attempt may have been applied.
    pub(crate) fn is_unsent(&self) -> bool {
        !self.may_have_effect.load(Ordering::Relaxed)
    }
}
