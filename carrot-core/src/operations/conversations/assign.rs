use http::Method;

use super::{action::Action, describe};
use crate::{
    ApiContext, Endpoint,
    endpoint::RequestParts,
    types::{ActionReceipt, AdminId, ConversationId, InvalidValue},
};

/// `POST /conversations/{id}/assign`: makes an operator responsible for a conversation.
///
/// To take the assignment away, see [`Unassign`](super::Unassign).
///
/// * Right of the token: `conversations-write`.
/// * An operator who has the conversation already keeps it, with an empty answer.
/// * Safe to repeat: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/assign>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Assign {
    conversation: ConversationId,
    admin: AdminId,
    action: Action,
}

impl Assign {
    /// Assigns this conversation to this operator, in the name of the default sender.
    pub fn new(conversation: impl Into<ConversationId>, admin: impl Into<AdminId>) -> Self {
        Self {
            conversation: conversation.into(),
            admin: admin.into(),
            action: Action::default(),
        }
    }
}

action_setters!(Assign);

impl Endpoint for Assign {
    type Output = ActionReceipt;
    const NAME: &'static str = "conversations.assign";
    const SCOPE: Option<&'static str> = Some("conversations-write");

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut description = describe(Method::POST, self.conversation, Some("assign"))?;
        let parameters = &mut description.parameters;
        parameters.id("admin", self.admin)?;
        self.action.describe(context.version, parameters)?;
        Ok(description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiVersion;

    #[test]
    fn reads_the_responses_with_and_without_a_change() {
        let endpoint =
            Assign::new(ConversationId::new(716), AdminId::new(819)).from(AdminId::new(912));
        let body = br#"{"data":{"id":123,"part_group":345},"meta":{"status":200}}"#;
        let receipt = endpoint.decode(ApiVersion::V2, body).expect("a receipt");
        assert_eq!(receipt.part.map(u64::from), Some(123));
        let body = br#"{"data":{},"meta":{"status":200}}"#;
        let receipt = endpoint.decode(ApiVersion::V2, body).expect("a receipt");
        assert_eq!(receipt, ActionReceipt::new());
    }
}
