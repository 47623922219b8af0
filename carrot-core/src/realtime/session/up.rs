use std::time::Duration;

use super::io::Input;

/// How long a connection may be silent: three and a half pings.
const SILENCE: Duration = Duration::from_secs(35);

/// How long it may be silent while no ping ever came, and it responds to probes.
const SILENCE_WITHOUT_PINGS: Duration = Duration::from_secs(120);

/// How long a probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that is open.
#[derive(Debug)]
pub(super) struct Up {
    /// When the replay was complete.
    pub(super) caught_up: Option<Duration>,
    /// When the last message or response came.
    pub(super) heard: Duration,
    /// When a probe was sent since.
    pub(super) probed: Option<Duration>,
    /// The last sign of life after a probe.
    responded: bool,
    pub(super) wants_probe: bool,
    pub(super) wants_drop: bool,
}

impl Up {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            caught_up: None,
            heard: now,
            probed: None,
            responded: false,
            wants_probe: false,
            wants_drop: false,
        }
    }

    pub(super) fn heard(&mut self, now: Duration, input: &Input) {
        match input {
            Input::Alive => {
                self.responded |= self.probed.is_some();
                return;
            }
            Input::Closed(_) => return,
            _ => {}
        }
        self.heard = now;
        self.probed = None;
        self.responded = false;
    }

    /// Until when something must come.
    pub(super) fn deadline(&self, has_pings: bool) -> Duration {
        let silence = match (self.probed, self.responded) {
            (Some(probed), false) => return probed.saturating_add(PROBE_TIMEOUT),
            (Some(_), true) if has_pings => SILENCE * 2,
            (Some(_), true) => SILENCE_WITHOUT_PINGS,
            (None, _) => SILENCE,
        };
        self.heard.saturating_add(silence)
    }
}
