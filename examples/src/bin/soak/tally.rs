//! How the calls ended, and how many the client told of.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

use carrot_hyper::{
    Error, ErrorKind,
    client::{AttemptReport, CallReport, Observe},
};

/// Counts what an observer is told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) calls: AtomicU64,
    pub(crate) attempts: AtomicU64,
    pub(crate) attempts_of_calls: AtomicU64,
}

impl Observe for Told {
    fn attempt(&self, _: &AttemptReport) {
        self.attempts.fetch_add(1, Ordering::SeqCst);
    }

    fn call(&self, report: &CallReport) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.attempts_of_calls
            .fetch_add(report.attempts.into(), Ordering::SeqCst);
    }
}

/// Calls by how they ended.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

impl Tally {
    pub(crate) fn done(&mut self) {
        self.add("done".into(), 1);
    }

    pub(crate) fn failed(&mut self, error: &Error) {
        self.add(kind(error), 1);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, number) in other.0 {
            self.add(kind, number);
        }
    }

    fn add(&mut self, kind: String, number: u64) {
        *self.0.entry(kind).or_default() += number;
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(kind, number)| (&**kind, *number))
    }
}

fn kind(error: &Error) -> String {
    match (error.kind(), error.transport(), error.status()) {
        (ErrorKind::Transport, Some(failure), _) => {
            format!("failed: {:?}, sent {:?}", failure.kind(), failure.sent())
        }
        (_, _, Some(status)) => format!("failed: status {status}"),
        (kind, ..) => format!("failed: {kind:?}"),
    }
}
