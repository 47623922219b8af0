use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::trouble::Trouble;

/// How far a story is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point {
    /// The requests that the processes made.
    pub(super) requests: u64,
    /// How many times a process waited.
    pub(super) awaits: u64,
}

/// What happened in a story so far, shared by those who run it.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    place: Point,
    /// Those that did not happen yet.
    open: Vec<Trouble>,
    /// Where the last trouble happened.
    last: Point,
    /// The process is to be killed.
    kill: bool,
    /// What the process does.
    stage: String,
    lines: Vec<String>,
}

impl Trace {
    pub(super) fn new(troubles: &[Trouble]) -> Self {
        let trace = Self::default();
        let mut state = trace.state();
        state.open = troubles.to_vec();
        "starts".clone_into(&mut state.stage);
        drop(state);
        trace
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn place(&self) -> Point {
        self.state().place
    }

    pub(super) fn last(&self) -> Point {
        self.state().last
    }

    pub(super) fn open(&self) -> Vec<Trouble> {
        self.state().open.clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.state().lines.clone()
    }

    pub(super) fn say(&self, line: String) {
        self.state().lines.push(line);
    }

    /// A request starts; gives its number.
    pub(super) fn request(&self, operation: &str) -> u64 {
        let mut state = self.state();
        state.place.requests += 1;
        let number = state.place.requests;
        state.stage = format!("is about to send request {number} ({operation})");
        number
    }

    /// What goes wrong with a request that is sent now.
    pub(super) fn trouble(&self, request: u64) -> Option<Trouble> {
        let mut state = self.state();
        let at = state
            .open
            .iter()
            .position(|trouble| trouble.request() == Some(request))?;
        state.last = state.place;
        Some(state.open.remove(at))
    }

    /// A request has its outcome, which the process did not see yet.
    pub(super) fn outcome(&self, request: u64, line: String) {
        let mut state = self.state();
        state.lines.push(line);
        state.stage = format!("did not read the response to request {request} yet");
    }

    pub(super) fn ended(&self, request: u64) {
        self.state().stage = format!("has the response to request {request}");
    }

    /// Marks the process as one to be killed where it waits now.
    pub(super) fn kill(&self, request: u64) {
        let mut state = self.state();
        state.kill = true;
        state.stage = format!("waits for the response to request {request}, which is on its way");
    }

    /// A process waits; gives the reason where it is to be killed.
    pub(super) fn wait(&self) -> Option<String> {
        let mut state = self.state();
        state.place.awaits += 1;
        let here = Trouble::Killed(state.place.awaits);
        if let Some(at) = state.open.iter().position(|trouble| *trouble == here) {
            state.open.remove(at);
            state.kill = true;
        }
        if !std::mem::take(&mut state.kill) {
            return None;
        }
        state.last = state.place;
        Some(format!(
            "the process is killed at await {}: it {}",
            state.place.awaits, state.stage
        ))
    }

    /// Another process starts.
    pub(super) fn restart(&self) {
        "starts".clone_into(&mut self.state().stage);
    }
}
