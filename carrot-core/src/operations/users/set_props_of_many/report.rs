use super::PropertyChange;
use crate::{
    Error,
    types::{ImportReport, PropertyReport, UserRef},
};

/// How far the work is, in users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PropsProgress {
    /// All users, after the changes of one were joined.
    pub users: usize,
    /// Users whose changes the service made, or told why not.
    pub applied: usize,
    /// Users in files that the service took and works off later.
    pub scheduled: usize,
    /// Users with a request that failed.
    pub failed: usize,
}

impl PropsProgress {
    /// Users of whom no request is left.
    #[must_use]
    pub fn done(&self) -> usize {
        self.applied + self.scheduled + self.failed
    }
}

/// What became of all changes. Each operation stands in one of the lists, or was reported on in one;
/// where only a part of a user's operations was sent, the user stands in several.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PropsReport {
    /// Users whose changes were answered, with the service's report. Where it took several requests,
    /// the reports are joined in their order, and a property may be named more than once.
    pub applied: Vec<(UserRef, PropertyReport)>,
    /// Imports that the service took. It works them off later and tells the panel, not the API.
    pub scheduled: Vec<ScheduledImport>,
    /// Requests that failed.
    pub failed: Vec<PropsFailure>,
    /// Changes that were on their way when [`PropsPlan::into_report`] gave them up; empty where the
    /// work was finished or stopped. Whether the service made them is not known: where it is not
    /// idempotent to repeat, find out before you try again.
    ///
    /// [`PropsPlan::into_report`]: super::PropsPlan::into_report
    pub cut_off: Vec<(PropertyChange, bool)>,
    /// Changes that were not begun, or given up before the service saw anything of them. Give them to
    /// [`Client::set_props_of_many`](crate::Client::set_props_of_many) another time; those of a user
    /// who is also in `cut_off` belong behind what was cut off.
    pub rest: Vec<PropertyChange>,
}

/// An import that the service took.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScheduledImport {
    /// The users, in the order of their lines.
    pub users: Vec<UserRef>,
    /// What the service said. [`row_errors`](ImportReport::row_errors) has the numbers of lines that
    /// it refused; whether the first line, with the names, is 0 or 1 is not documented, so they are
    /// not mapped to users here.
    pub report: ImportReport,
}

/// A request that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct PropsFailure {
    /// What it was to change: of all users of an import, or of one user.
    pub changes: Vec<PropertyChange>,
    /// Further operations of the same user, for requests that were not sent, because they come after.
    pub not_sent: Option<PropertyChange>,
    /// Why it failed. Where [`Error::may_have_been_applied`] is true, find out before you try again:
    /// a second import of the same users while the first is worked off may create users twice.
    pub error: Error,
}
