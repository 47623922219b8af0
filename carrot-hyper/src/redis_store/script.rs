//! The arguments and the reply of the script.

use std::time::Duration;

use carrot_core::rate_limit::{
    CompletedPermit, Grant, PermitOutcome, Priority, RestoreRequest, SharedLimit, StoreState,
    TakeRequest, TakeResponse,
};

/// One of the actions of the script, as its arguments.
#[derive(Clone, Debug)]
pub(super) struct Action(Vec<String>);

impl Action {
    fn new(name: &str, limit: &SharedLimit) -> Self {
        let epoch: u64 = rand();
        // Jitter needs no more digits.
        let random = rand() % 1000;
        Self(vec![
            name.into(),
            epoch.to_string(),
            format!("0.{random:03}"),
            limit.max.to_string(),
            floor(limit.window),
            limit.burst.to_string(),
            limit.reserve.to_string(),
        ])
    }

    pub(super) fn take(request: &TakeRequest) -> Self {
        let mut action = Self::new("take", &request.limit);
        action.0.extend([
            request.id.to_string(),
            process(request.id.process),
            epoch(request.epoch),
            priority(request.priority).into(),
            ceil(request.lease),
            floor(request.waited),
            request.waiting.to_string(),
            u8::from(request.is_share).to_string(),
        ]);
        action
    }

    pub(super) fn restore(request: &RestoreRequest) -> Self {
        let mut action = Self::new("restore", &request.limit);
        action.0.push(process(request.process));
        action.0.push(epoch(request.epoch));
        for permit in &request.permits {
            action.0.push(permit.id.to_string());
            action.0.push(priority(permit.priority).into());
            action.0.push(ceil(permit.ends_in));
        }
        action
    }

    pub(super) fn completed(permit: &CompletedPermit) -> Self {
        let (outcome, retry_after) = match permit.outcome {
            PermitOutcome::Unsent => ("unsent", None),
            PermitOutcome::Responded => ("responded", None),
            PermitOutcome::Throttled { retry_after } => ("throttled", retry_after),
            _ => ("unknown", None),
        };
        let mut action = Self::new("completed", &permit.limit);
        action.0.extend([
            permit.id.to_string(),
            priority(permit.priority).into(),
            outcome.into(),
            ceil(retry_after.unwrap_or_default()),
            ceil(permit.held),
        ]);
        action
    }

    pub(super) fn arguments(&self) -> &[String] {
        &self.0
    }
}

fn process(process: u64) -> String {
    format!("{process:016x}")
}

fn epoch(epoch: Option<u64>) -> String {
    epoch.map(|epoch| epoch.to_string()).unwrap_or_default()
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Interactive => "interactive",
        _ => "bulk",
    }
}

fn floor(duration: Duration) -> String {
    duration.as_millis().to_string()
}

/// A permit is never free too early.
fn ceil(duration: Duration) -> String {
    duration.as_micros().div_ceil(1000).to_string()
}

/// The reply of the script: numbers as texts.
#[derive(Debug)]
pub(super) struct Reply {
    granted: u64,
    state: StoreState,
    free: Vec<Duration>,
}

impl Reply {
    /// Reads a reply; `None` if it is not one of this script.
    pub(super) fn read(texts: &[String]) -> Option<Self> {
        let numbers = texts.iter().map(|text| text.parse::<u64>().ok());
        let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
        let [
            granted,
            epoch,
            members,
            is_rebuilding,
            limit,
            used,
            pause,
            free @ ..,
        ] = numbers.as_slice()
        else {
            return None;
        };
        let mut state = StoreState::new(*epoch, u32::try_from(*limit).ok()?);
        state.members = u32::try_from(*members).ok()?;
        state.is_rebuilding = *is_rebuilding == 1;
        state.used = u32::try_from(*used).ok()?;
        state.paused_for = (*pause > 0).then(|| Duration::from_millis(*pause));
        Some(Self {
            granted: *granted,
            state,
            free: free.iter().copied().map(Duration::from_millis).collect(),
        })
    }

    pub(super) fn state(&self) -> StoreState {
        self.state
    }

    pub(super) fn taken(self) -> TakeResponse {
        let grant = match self.granted {
            0 => Grant::Wait(self.free),
            1 => Grant::Granted,
            _ => Grant::Forgotten,
        };
        TakeResponse::new(self.state, grant)
    }
}

/// A number that no other process has. The hasher takes it from the operating system.
fn rand() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
