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

#[cfg(test)]
mod tests {
    use crate::{
        ApiVersion, Endpoint,
        conversations::{AddTag, Assign, Close, RemoveTag, Unassign},
        types::{ActionReceipt, AdminId, ConversationId},
    };

    fn assert_odd_data_is_empty(endpoint: &impl Endpoint<Output = ActionReceipt>) {
        for data in [r#","data":[]"#, r#","data":null"#, r#","data":"""#, ""] {
            let body = format!(r#"{{"meta":{{"status":200}}{data}}}"#);
            for version in [ApiVersion::V1, ApiVersion::V2] {
                let receipt = endpoint.decode(version, body.as_bytes());
                assert_eq!(receipt, Ok(ActionReceipt::new()), "{body}");
            }
        }
    }

    #[test]
    fn applied_action_with_odd_data_is_no_error() {
        let id = ConversationId::new(1);
        assert_odd_data_is_empty(&Assign::new(id, AdminId::new(2)));
        assert_odd_data_is_empty(&Unassign::new(id));
        assert_odd_data_is_empty(&Close::new(id));
        assert_odd_data_is_empty(&AddTag::new(id, "vip"));
        assert_odd_data_is_empty(&RemoveTag::new(id, "vip"));
    }
}
