use http::Method;

use super::{action::Action, describe};
use crate::{
    ApiContext, Endpoint,
    endpoint::RequestParts,
    types::{ActionReceipt, ConversationId, InvalidValue},
};

/// `POST /conversations/{id}/assign` without `admin`: takes the assignment of a conversation away.
///
/// * Right of the token: `conversations-write`.
/// * A conversation that nobody has stays so, with an empty answer.
/// * Safe to repeat: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/assign>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Unassign {
    conversation: ConversationId,
    action: Action,
}

impl Unassign {
    /// Takes this conversation from its operator, in the name of the default sender.
    pub fn new(conversation: impl Into<ConversationId>) -> Self {
        Self {
            conversation: conversation.into(),
            action: Action::default(),
        }
    }
}

action_setters!(Unassign);

impl Endpoint for Unassign {
    type Output = ActionReceipt;
    const NAME: &'static str = "conversations.unassign";
    const SCOPE: Option<&'static str> = Some("conversations-write");

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut description = describe(Method::POST, self.conversation, Some("assign"))?;
        let parameters = &mut description.parameters;
        self.action.describe(context.version, parameters)?;
        Ok(description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiVersion;

    #[test]
    fn reads_the_response_of_the_vendors_page() {
        let body = br#"{"data":{"id":123,"part_group":345},"meta":{"status":200}}"#;
        let receipt = Unassign::new(ConversationId::new(716))
            .decode(ApiVersion::V2, body)
            .expect("a receipt");
        assert_eq!(receipt.part.map(u64::from), Some(123));
    }
}
