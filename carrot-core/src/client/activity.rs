use std::sync::atomic::{AtomicBool, Ordering};

/// What a job may ask about a call that it has started and not finished.
///
/// An atomic flag, since the future of the call owns everything else.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// An attempt is under way, or one that ended may have been applied.
    may_have_effect: AtomicBool,
}

impl Activity {
    pub(super) fn set(&self, may_have_effect: bool) {
        self.may_have_effect
            .store(may_have_effect, Ordering::Relaxed);
    }

    /// True while dropping the call is as if it had never started: it waits for a permit or pauses, and
    /// no earlier attempt may have been applied.
    pub(crate) fn is_unsent(&self) -> bool {
        !self.may_have_effect.load(Ordering::Relaxed)
    }
}
