use std::sync::Arc;

use super::host::Host;

/// A request on a kept connection. Where it ends without a response, for whatever reason, the other
/// kept connections are closed: what this one died of may have met them too.
pub(super) struct Trial {
    host: Arc<Host>,
    probe: bool,
    passed: bool,
}

impl Trial {
    pub(super) fn new(host: Arc<Host>, probe: bool) -> Self {
        Self {
            host,
            probe,
            passed: false,
        }
    }

    /// The response came.
    pub(super) fn passed(mut self) {
        self.passed = true;
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let mut state = self.host.lock();
        match self.passed {
            true => state.vouch(self.probe),
            false => state.distrust(self.probe),
        }
    }
}
