use serde::{Deserialize, Serialize};

use crate::types::{PropertyOperation, UserRef};

/// What to change of one user, as one of many; see
/// [`Client::set_props_of_many`](crate::Client::set_props_of_many).
///
/// It goes through serde, so that what a report has left can be kept for another run of the program.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/props>
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "does nothing until it is given to `Client::set_props_of_many`"]
pub struct PropertyChange {
    user: UserRef,
    operations: Vec<PropertyOperation>,
}

impl PropertyChange {
    /// Changes this user. At least one operation must follow; there may be more than the 250 that a
    /// request can carry.
    pub fn new(user: impl Into<UserRef>) -> Self {
        Self {
            user: user.into(),
            operations: Vec::new(),
        }
    }

    /// Adds an operation.
    pub fn with(mut self, operation: PropertyOperation) -> Self {
        self.operations.push(operation);
        self
    }

    /// Adds operations.
    pub fn with_all(mut self, operations: impl IntoIterator<Item = PropertyOperation>) -> Self {
        self.operations.extend(operations);
        self
    }

    /// Whom it changes.
    #[must_use]
    pub fn user(&self) -> &UserRef {
        &self.user
    }

    /// What it changes, in its order.
    #[must_use]
    pub fn operations(&self) -> &[PropertyOperation] {
        &self.operations
    }

    /// Adds the operations of a later change of the same user.
    pub(super) fn append(&mut self, later: Self) {
        self.operations.extend(later.operations);
    }

    pub(super) fn into_parts(self) -> (UserRef, Vec<PropertyOperation>) {
        (self.user, self.operations)
    }
}
