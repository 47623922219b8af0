use std::sync::Arc;

use super::hosts::{Hosts, Key};

/// A request on a kept connection. Where it ends without a response, for whatever reason, the other
/// kept connections are closed: what this one died of may have met them too.
pub(super) struct Trial {
    hosts: Arc<Hosts>,
    key: Key,
    probe: bool,
    passed: bool,
}

impl Trial {
    pub(super) fn new(hosts: Arc<Hosts>, key: Key, probe: bool) -> Self {
        Self {
            hosts,
            key,
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
        if let Some(host) = self.hosts.lock().get_mut(&self.key) {
            match self.passed {
                true => host.vouch(self.probe),
                false => host.distrust(self.probe),
            }
        }
    }
}
