//! What the callers and the observers of a schedule know, and whether it is what the service saw.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use carrot_core::{
    Clock as _, Error, Sent,
    client::{AttemptReport, CallReport, Observer, Outcome},
};
use carrot_testing::VirtualClock;

use super::lossy::{Log, Seen};

/// What the caller of a write knows in the end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    /// It succeeded: applied, and once unless it is idempotent.
    Done,
    /// The error says that it was not applied, and what was sent.
    NotApplied(Sent),
    /// It may have been applied.
    Maybe,
    /// Its caller dropped it: anything.
    Dropped,
    /// A job says that it was not sent, or had no effect.
    Unstarted,
}

impl Known {
    fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(error) if error.may_have_been_applied() => Self::Maybe,
            Err(error) => Self::NotApplied(error.sent()),
        }
    }

    fn check(self, is_idempotent: bool, seen: Seen) -> Result<(), String> {
        let once = is_idempotent || seen.applied <= 1;
        let agrees = match self {
            Self::Done => seen.applied >= 1,
            Self::NotApplied(Sent::Never) => seen.arrived == 0,
            Self::NotApplied(_) => seen.applied == 0,
            Self::Maybe => seen.handed > 0,
            Self::Dropped => true,
            Self::Unstarted => seen.applied == 0,
        };
        match once && agrees {
            true => Ok(()),
            false => Err(format!("law: {self:?}, and the service: {seen:?}")),
        }
    }
}

/// How calls ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    done: u32,
    failed: u32,
}

/// The books of one schedule.
#[derive(Default)]
pub(super) struct Books {
    pub(super) known: BTreeMap<u64, (bool, Known)>,
    /// The writes of each operation that ended.
    counts: BTreeMap<&'static str, Counts>,
    /// What broke a rule, by the id of the object.
    pub(super) broken: Vec<(u64, String)>,
}

impl Books {
    /// A write ended.
    pub(super) fn ended<T>(
        &mut self,
        operation: &'static str,
        id: u64,
        is_idempotent: bool,
        result: &Result<T, Error>,
    ) {
        let counts = self.counts.entry(operation).or_default();
        match result {
            Ok(_) => counts.done += 1,
            Err(_) => counts.failed += 1,
        }
        self.know(id, is_idempotent, Known::of(result));
    }

    pub(super) fn know(&mut self, id: u64, is_idempotent: bool, known: Known) {
        self.known.insert(id, (is_idempotent, known));
    }

    /// Nothing is written twice, and no error denies what was applied or accepted.
    pub(super) fn check_law(&mut self, log: &Log) {
        for (id, (is_idempotent, known)) in &self.known {
            let seen = log.writes.get(id).copied().unwrap_or_default();
            if let Err(text) = known.check(*is_idempotent, seen) {
                self.broken.push((*id, text));
            }
        }
        for id in log.writes.keys().filter(|id| !self.known.contains_key(id)) {
            self.broken
                .push((*id, "law: nobody knows what became of it".to_owned()));
        }
    }

    /// Each attempt and each call is reported once, as its caller and the service saw it.
    pub(super) fn check_accounts(&mut self, log: &Log, reported: &Reported, has_dead: bool) {
        let handed = &log.handed;
        if reported.attempts != *handed {
            let text = format!(
                "accounts: attempts {:?}, requests {handed:?}",
                reported.attempts
            );
            self.broken.push((0, text));
        }
        for (name, handed) in handed {
            let calls = || reported.calls.iter().filter(|call| call.operation == *name);
            let count = |is: fn(&Outcome) -> bool| {
                u32::try_from(calls().filter(|call| is(&call.outcome)).count()).expect("few")
            };
            let found = Counts {
                done: count(|outcome| matches!(outcome, Outcome::Done)),
                failed: count(|outcome| matches!(outcome, Outcome::Failed(_))),
            };
            let attempts: u32 = calls().map(|call| call.attempts).sum();
            // Nobody sees the reads of a listing, or the report of a job that was killed.
            let known = self.counts.get(name).copied().filter(|_| !has_dead);
            if known.is_some_and(|known| found != known) || attempts != *handed {
                let text = format!(
                    "accounts: {name}: {found:?} and {attempts} attempts reported, {known:?} and {handed} made"
                );
                self.broken.push((0, text));
            }
        }
    }
}

/// Everything that the clients report.
#[derive(Clone)]
pub(super) struct Reports {
    clock: VirtualClock,
    reported: Arc<Mutex<Reported>>,
}

#[derive(Default)]
pub(super) struct Reported {
    pub(super) calls: Vec<CallReport>,
    attempts: BTreeMap<&'static str, u32>,
    /// The times between the request for a permit and its grant.
    pub(super) waits: Vec<Range<Duration>>,
}

impl Reports {
    pub(super) fn new(clock: &VirtualClock) -> Self {
        Self {
            clock: clock.clone(),
            reported: Arc::default(),
        }
    }

    pub(super) fn reported(&self) -> MutexGuard<'_, Reported> {
        self.reported.lock().expect("no panic")
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reports")
    }
}

impl Observer for Reports {
    fn attempt(&self, report: &AttemptReport) {
        let started = self.clock.now() - report.took;
        let mut reported = self.reported();
        *reported.attempts.entry(report.operation).or_default() += 1;
        reported.waits.push(started - report.waited..started);
    }

    fn call(&self, report: &CallReport) {
        self.reported().calls.push(*report);
    }
}
