//! The common settings of assigning, tagging and closing.

use super::Operator;
use crate::{
    ApiVersion,
    endpoint::Parameters,
    types::{InvalidValue, RandomId},
};

/// The operator who acts, and the `random_id` of the new part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) by: Operator,
    pub(super) random_id: Option<RandomId>,
}

impl Action {
    pub(super) fn write_to(
        &self,
        version: ApiVersion,
        parameters: &mut Parameters,
    ) -> Result<(), InvalidValue> {
        self.by.write_to(version, parameters)?;
        match self.random_id {
            Some(random_id) => parameters.random_id("random_id", random_id),
            None => Ok(()),
        }
    }
}

/// Adds the setters to an operation with a field `action` of type [`Action`].
macro_rules! action_setters {
    ($operation:ident) => {
        impl $operation {
            /// Sets the operator who acts. The default sender of the site by default.
            pub fn by(mut self, operator: impl Into<$crate::conversations::Operator>) -> Self {
                self.action.by = operator.into();
                self
            }

            /// Sets the `random_id` of the new part in the realtime feed.
            pub fn random_id(mut self, random_id: $crate::types::RandomId) -> Self {
                self.action.random_id = Some(random_id);
                self
            }
        }
    };
}
