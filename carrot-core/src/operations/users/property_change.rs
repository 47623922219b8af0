use carrot_types::read_object;
use serde::Serialize;

use super::SetProps;
use crate::types::{PropertyOperation, UserRef};

/// Property operations for one user, to change many users.
///
/// There are two ways to apply many changes:
///
/// * [`Client::call_all`](crate::Client::call_all) with [`set_props`](Self::set_props): one request
///   for each user, with every operation and value, and an immediate report for each user. 10,000
///   users take 10,000 requests, which is 2 hours 47 minutes at 60 requests a minute.
/// * [`Import::from_changes`](super::Import::from_changes): one request for up to 30 MB of CSV, which
///   is hundreds of thousands of users. The service applies the file later, its report does not
///   identify users, and CSV cannot express every change.
///
/// Implements `Serialize` and `Deserialize`, so that a program can store changes for later.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/props>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::ops::ControlFlow;
///
/// use carrot_core::{
///     types::{PropertyOperation, UserRef},
///     users::PropertyChange,
/// };
///
/// let seen = PropertyOperation::add("visits", 1)?;
/// let changes = ["order-41", "order-42"]
///     .map(|id| PropertyChange::new(UserRef::external(id)).with(seen.clone()));
/// let report = client
///     .call_all(changes, PropertyChange::set_props)
///     .run(|_| ControlFlow::Continue(()))
///     .await;
/// for (change, error) in &report.failed {
///     eprintln!("{:?}: {error}", change.user());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[must_use = "does nothing until it is sent"]
pub struct PropertyChange {
    user: UserRef,
    operations: Vec<PropertyOperation>,
}

read_object!(PropertyChange {
    user: UserRef,
    operations: Vec<PropertyOperation>,
});

impl PropertyChange {
    /// Creates a change without operations; add at least one.
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

    /// Returns the user.
    #[must_use]
    pub fn user(&self) -> &UserRef {
        &self.user
    }

    /// Returns the operations in their order.
    #[must_use]
    pub fn operations(&self) -> &[PropertyOperation] {
        &self.operations
    }

    /// Creates the request that applies this change. A call with more than
    /// [`SetProps::MAX_OPERATIONS`] operations fails before it is sent.
    pub fn set_props(&self) -> SetProps {
        SetProps::new(self.user.clone()).with_all(self.operations.iter().cloned())
    }
}
