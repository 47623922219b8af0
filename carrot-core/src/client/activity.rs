use std::sync::atomic::{AtomicBool, Ordering};

/// The state of a call in flight, as far as a job needs it.
///
/// An atomic flag, since the future of the call owns everything else.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// An attempt is in flight, or an earlier one may have been applied.
    may_have_effect: AtomicBool,
}

impl Activity {
    pub(super) fn set(&self, may_have_effect: bool) {
        self.may_have_effect
            .store(may_have_effect, Ordering::Relaxed);
    }

    /// Returns true if dropping the call now has no effect on the service: the call waits for a permit or
    /// pauses, and no earlier attempt may have been applied.
    pub(crate) fn is_unsent(&self) -> bool {
        !self.may_have_effect.load(Ordering::Relaxed)
    }
}
