use std::{fmt, mem, ops::ControlFlow, time::Duration, vec};

use super::{
    PlannedImport, PropsFailure, PropsProgress, PropsReport, ScheduledImport,
    direct::{Answered, Direct},
    plan::Routes,
};
use crate::{
    Client,
    jobs::{CallAll, Item},
    types::{ImportReport, PropertyReport, UserRef},
    users::{Import, SetProps},
};

/// What a byte of the largest file adds to the time for an attempt of an import: 1 Mbit/s.
const TIME_FOR_A_BYTE: Duration = Duration::from_micros(8);

type Imports = CallAll<vec::IntoIter<PlannedImport>, fn(&PlannedImport) -> Import, Import>;
type Directs = CallAll<vec::IntoIter<Direct>, fn(&Direct) -> SetProps, SetProps>;

/// The requests that set properties of many users, to be looked at and [run](Self::run); made by
/// [`SetPropsOfMany::plan`](super::SetPropsOfMany::plan).
///
/// It loses no change, in the way that [`CallAll`] loses no item.
#[must_use = "nothing is sent until it is run"]
pub struct PropsPlan {
    client: Client,
    concurrency: usize,
    stopped: bool,
    imports: Imports,
    direct: Directs,
    /// Users whose next request may follow, now that the one before was answered.
    next: Vec<Direct>,
    progress: PropsProgress,
    report: PropsReport,
}

impl PropsPlan {
    pub(super) fn new(client: Client, routes: Routes, concurrency: usize) -> Self {
        let Routes { imports, direct } = routes;
        let imported = imports.iter().map(|import| import.users().len());
        let users = imported.sum::<usize>() + direct.len();
        let largest = imports.iter().map(PlannedImport::bytes).max();
        let largest = u32::try_from(largest.unwrap_or_default()).unwrap_or(u32::MAX);
        let options = client.options().clone();
        let options = options.longer_attempts(TIME_FOR_A_BYTE.saturating_mul(largest));
        Self {
            // A file is big, and several at a time would share the way.
            imports: client
                .with_options(options)
                .call_all(imports, PlannedImport::request as fn(&_) -> _)
                .concurrency(1),
            direct: directs(&client, direct, concurrency),
            next: Vec::new(),
            concurrency,
            stopped: false,
            progress: PropsProgress {
                users,
                ..PropsProgress::default()
            },
            report: PropsReport::default(),
            client,
        }
    }

    /// How many requests it takes, retries aside; once it runs, those of the users who were not begun.
    #[must_use]
    pub fn requests(&self) -> usize {
        let direct = self.unsent().map(Direct::requests);
        self.imports().len() + direct.sum::<usize>()
    }

    /// The imports that were not begun.
    #[must_use]
    pub fn imports(&self) -> &[PlannedImport] {
        self.imports
            .rest()
            .map(vec::IntoIter::as_slice)
            .unwrap_or_default()
    }

    /// The users who go by [`SetProps`] and have a request that was not begun.
    pub fn direct(&self) -> impl Iterator<Item = &UserRef> {
        self.unsent().map(Direct::user)
    }

    /// How far the work is, from its beginning.
    #[must_use]
    pub fn progress(&self) -> &PropsProgress {
        &self.progress
    }

    /// Sends the requests and reports. `watch` is told after each; when it breaks, that is
    /// [`stop`](Self::stop), and it is still told of what is on its way.
    ///
    /// It is told after a request and at no other time, so a Ctrl-C is noticed only then: after up to a
    /// minute, where all requests wait for the rate limit. To notice it at once, drop the future when the
    /// signal comes, as `select!` of tokio does. Then [`into_report`](Self::into_report) ends the work,
    /// and [`stop`](Self::stop) with another `run` finishes what is on its way.
    ///
    /// A failure does not stop the rest, but for further requests of the same user: those are in
    /// [`not_sent`](PropsFailure::not_sent). Dropping the future loses nothing as long as this is
    /// kept: the next `run` goes on where it was, and reports everything since the last report.
    pub async fn run(
        &mut self,
        mut watch: impl FnMut(&PropsProgress) -> ControlFlow<()>,
    ) -> PropsReport {
        while self.advance().await {
            if watch(&self.progress).is_break() {
                self.stop();
            }
        }
        self.take_report()
    }

    /// Begins no more requests, and gives up those of which the service saw nothing yet, such as those
    /// that wait for the rate limit. What is on its way goes on with [`run`](Self::run), whose report has the
    /// others as [`rest`](PropsReport::rest).
    pub fn stop(&mut self) {
        self.stopped = true;
        self.imports.stop();
        self.direct.stop();
    }

    /// Ends the work at once, without waiting for what is on its way: those requests are given up, and
    /// what they change is [`cut_off`](PropsReport::cut_off), or [`rest`](PropsReport::rest) where the
    /// service saw nothing of them.
    #[must_use = "the changes that are not made are in it"]
    pub fn into_report(mut self) -> PropsReport {
        let mut imports = self.imports.into_report();
        let mut direct = self.direct.into_report();
        for (import, safety) in mem::take(&mut imports.cut_off) {
            let changes = import.into_changes().into_iter();
            self.report
                .cut_off
                .extend(changes.map(|change| (change, safety)));
        }
        for (direct, safety) in mem::take(&mut direct.cut_off) {
            let given_up = direct.give_up();
            self.report.applied.extend(given_up.applied);
            self.report.cut_off.push((given_up.now, safety));
            self.report.rest.extend(given_up.later);
        }
        add_rest(
            &mut self.report,
            imports.into_rest(),
            direct.into_rest(),
            self.next,
        );
        self.report
    }

    fn take_report(&mut self) -> PropsReport {
        let mut report = mem::take(&mut self.report);
        let imports = self.imports.take_report().into_rest();
        let direct = self.direct.take_report().into_rest();
        add_rest(&mut report, imports, direct, mem::take(&mut self.next));
        report
    }

    /// Users with a request that was not begun.
    fn unsent(&self) -> impl Iterator<Item = &Direct> {
        let begun_never = self.direct.rest().map(vec::IntoIter::as_slice);
        begun_never.unwrap_or_default().iter().chain(&self.next)
    }

    /// Waits until the next request is over; false when none is left.
    async fn advance(&mut self) -> bool {
        if let Some(outcome) = self.imports.next().await {
            self.imported(outcome);
            return true;
        }
        loop {
            if let Some(outcome) = self.direct.next().await {
                self.set(outcome);
                return true;
            }
            if self.stopped || self.next.is_empty() {
                return false;
            }
            let next = mem::take(&mut self.next);
            self.direct = directs(&self.client, next, self.concurrency);
        }
    }

    fn imported(&mut self, outcome: Item<PlannedImport, ImportReport>) {
        let changes = outcome.item.into_changes();
        match outcome.result {
            Ok(report) => {
                self.progress.scheduled += changes.len();
                let users = changes.into_iter().map(|change| change.into_parts().0);
                let users = users.collect();
                self.report
                    .scheduled
                    .push(ScheduledImport { users, report });
            }
            Err(error) => {
                self.progress.failed += changes.len();
                self.report.failed.push(PropsFailure {
                    changes,
                    not_sent: None,
                    error,
                });
            }
        }
    }

    fn set(&mut self, outcome: Item<Direct, PropertyReport>) {
        match outcome.result {
            Ok(answer) => match outcome.item.answered(answer) {
                Answered::Next(next) => self.next.push(next),
                Answered::Done(user, report) => {
                    self.progress.applied += 1;
                    self.report.applied.push((user, report));
                }
            },
            Err(error) => {
                self.progress.failed += 1;
                let given_up = outcome.item.give_up();
                self.report.applied.extend(given_up.applied);
                self.report.failed.push(PropsFailure {
                    changes: vec![given_up.now],
                    not_sent: given_up.later,
                    error,
                });
            }
        }
    }
}

fn directs(client: &Client, requests: Vec<Direct>, concurrency: usize) -> Directs {
    let each = client.call_all(requests, Direct::request as fn(&_) -> _);
    each.concurrency(concurrency)
}

/// Adds the changes that were not begun.
fn add_rest(
    report: &mut PropsReport,
    imports: impl Iterator<Item = PlannedImport>,
    direct: impl Iterator<Item = Direct>,
    next: Vec<Direct>,
) {
    report
        .rest
        .extend(imports.flat_map(PlannedImport::into_changes));
    for direct in direct.chain(next) {
        let given_up = direct.give_up();
        report.applied.extend(given_up.applied);
        let mut rest = given_up.now;
        if let Some(later) = given_up.later {
            rest.append(later);
        }
        report.rest.push(rest);
    }
}

impl fmt::Debug for PropsPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PropsPlan")
            .field("requests", &self.requests())
            .field("progress", &self.progress)
            .field("concurrency", &self.concurrency)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
