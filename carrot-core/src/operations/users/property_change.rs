use serde::{Deserialize, Serialize};

use super::SetProps;
use crate::types::{PropertyOperation, UserRef};

/// The operations on the properties of one user, as one item of many.
///
/// There are two ways to apply many changes, and the caller chooses:
///
/// * [`Client::call_all`](crate::Client::call_all) with [`set_props`](Self::set_props): one request
///   for each user, every operation and every value, and a report for each user at once. 10,000
///   users take 10,000 requests, which is 2 hours 47 minutes at 60 requests a minute.
/// * [`Import::from_changes`](super::Import::from_changes): one request for up to 30 MB of CSV, which
///   is hundreds of thousands of users. The service applies the file later and reports no user by
///   name, and a CSV file cannot carry every change.
///
/// Serde stores it, so that a program can keep the changes that are not applied yet.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "does nothing until it is sent"]
pub struct PropertyChange {
    user: UserRef,
    operations: Vec<PropertyOperation>,
}

impl PropertyChange {
    /// A change of this user. At least one operation must follow.
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

    /// The user.
    #[must_use]
    pub fn user(&self) -> &UserRef {
        &self.user
    }

    /// The operations, in their order.
    #[must_use]
    pub fn operations(&self) -> &[PropertyOperation] {
        &self.operations
    }

    /// The request that applies this change. It carries at most
    /// [`SetProps::MAX_OPERATIONS`] operations; more are rejected when it is built.
    pub fn set_props(&self) -> SetProps {
        SetProps::new(self.user.clone()).with_all(self.operations.iter().cloned())
    }
}
