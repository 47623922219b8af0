use std::vec;

use super::PropertyChange;
use crate::{
    types::{PropertyOperation, PropertyReport, UserRef},
    users::{SetProps, set_props::MAX_OPERATIONS},
};

/// The requests of one user: one to send, and those that wait for it.
#[derive(Debug)]
pub(super) struct Direct {
    now: PropertyChange,
    later: vec::IntoIter<PropertyOperation>,
    /// What the requests before changed.
    report: Option<PropertyReport>,
}

impl Direct {
    pub(super) fn new(change: PropertyChange) -> Self {
        let (user, operations) = change.into_parts();
        Self::next(user, operations.into_iter(), None)
    }

    fn next(
        user: UserRef,
        mut later: vec::IntoIter<PropertyOperation>,
        report: Option<PropertyReport>,
    ) -> Self {
        let now = later.by_ref().take(MAX_OPERATIONS);
        let now = PropertyChange::new(user).with_all(now);
        Self { now, later, report }
    }

    pub(super) fn user(&self) -> &UserRef {
        self.now.user()
    }

    pub(super) fn requests(&self) -> usize {
        1 + self.later.len().div_ceil(MAX_OPERATIONS)
    }

    pub(super) fn request(&self) -> SetProps {
        let operations = self.now.operations().iter().cloned();
        SetProps::new(self.user().clone()).with_all(operations)
    }

    /// Goes on after the answer to the request.
    pub(super) fn answered(self, answer: PropertyReport) -> Answered {
        let report = match self.report {
            None => answer,
            Some(mut report) => {
                report.affected.extend(answer.affected);
                report.not_changed.extend(answer.not_changed);
                report.ignored.extend(answer.ignored);
                report
            }
        };
        let (user, _) = self.now.into_parts();
        match self.later.len() {
            0 => Answered::Done(user, report),
            _ => Answered::Next(Self::next(user, self.later, Some(report))),
        }
    }

    /// The request will not be answered.
    pub(super) fn give_up(self) -> GivenUp {
        let user = self.now.user();
        let later = match self.later.len() {
            0 => None,
            _ => Some(PropertyChange::new(user.clone()).with_all(self.later)),
        };
        GivenUp {
            applied: self.report.map(|report| (user.clone(), report)),
            now: self.now,
            later,
        }
    }
}

/// What follows an answer.
pub(super) enum Answered {
    /// The next request of the user.
    Next(Direct),
    /// Nothing: these are the answers to all requests of the user.
    Done(UserRef, PropertyReport),
}

/// What stands where with a user whose requests end early.
pub(super) struct GivenUp {
    pub(super) applied: Option<(UserRef, PropertyReport)>,
    pub(super) now: PropertyChange,
    pub(super) later: Option<PropertyChange>,
}
