//! What assigning, tagging and closing have in common: somebody does it, and it leaves a part.

use super::Operator;
use crate::{
    ApiVersion,
    endpoint::Parameters,
    types::{InvalidValue, RandomId},
};

/// Who does it, and the number that the new part carries.
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

/// The setters of an operation that holds an [`Action`] in its field `action`.
macro_rules! action_setters {
    ($operation:ident) => {
        impl $operation {
            /// Sets who does it. The default sender of the site by default.
            pub fn by(mut self, operator: impl Into<$crate::conversations::Operator>) -> Self {
                self.action.by = operator.into();
                self
            }

            /// Sets the number that the new part carries in the realtime feed (`random_id`).
            pub fn random_id(mut self, random_id: $crate::types::RandomId) -> Self {
                self.action.random_id = Some(random_id);
                self
            }
        }
    };
}
