//! Counts the outcomes of the calls, and the reports of the client.

use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use carrot_hyper::{
    Error, ErrorKind,
    client::{AttemptReport, CallReport, Observer},
};

use crate::secrets;

/// Counts what an observer is told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) calls: AtomicU64,
    pub(crate) attempts: AtomicU64,
    pub(crate) attempts_of_calls: AtomicU64,
    /// Reports that show the token or a person's data.
    leaks: AtomicU64,
}

impl Told {
    pub(crate) fn leaks(&self) -> u64 {
        self.leaks.load(Ordering::SeqCst)
    }

    fn search(&self, report: &impl fmt::Debug) {
        if secrets::are_in_report(report) {
            self.leaks.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Observer for Told {
    fn attempt(&self, report: &AttemptReport) {
        self.search(report);
        self.attempts.fetch_add(1, Ordering::SeqCst);
    }

    fn call(&self, report: &CallReport) {
        self.search(report);
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.attempts_of_calls
            .fetch_add(report.attempts.into(), Ordering::SeqCst);
    }
}

/// Calls by how they ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    ends: BTreeMap<String, u64>,
    /// Errors that show the token or a person's data.
    leaks: u64,
}

impl Tally {
    pub(crate) fn done(&mut self) {
        self.add("done".into(), 1);
    }

    pub(crate) fn failed(&mut self, error: &Error) {
        self.add(kind(error), 1);
        self.leaks += u64::from(secrets::are_in_error(error));
    }

    fn add(&mut self, kind: String, number: u64) {
        *self.ends.entry(kind).or_default() += number;
    }

    pub(crate) fn total(&self) -> u64 {
        self.ends.values().sum()
    }

    pub(crate) fn leaks(&self) -> u64 {
        self.leaks
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.ends.iter().map(|(kind, number)| (&**kind, *number))
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
