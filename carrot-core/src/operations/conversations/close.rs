use http::Method;

use super::{action::Action, describe};
use crate::{
    ApiContext, Endpoint,
    endpoint::RequestParts,
    types::{ActionReceipt, ConversationId, InvalidValue},
};

/// `POST /conversations/{id}/close`: closes a conversation.
///
/// * Right of the token: `conversations-write`.
/// * A conversation that is closed already stays so, with an empty answer.
/// * Who closes is required on the Dashly page and optional on that of Carrot quest; it is always
///   sent, the default sender unless [`from`](Self::from) names another.
/// * Safe to repeat: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/conversations/close>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Close {
    conversation: ConversationId,
    action: Action,
}

impl Close {
    /// Closes this conversation.
    pub fn new(conversation: impl Into<ConversationId>) -> Self {
        Self {
            conversation: conversation.into(),
            action: Action::default(),
        }
    }
}

action_setters!(Close);

impl Endpoint for Close {
    type Output = ActionReceipt;
    const NAME: &'static str = "conversations.close";
    const SCOPE: Option<&'static str> = Some("conversations-write");

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut description = describe(Method::POST, self.conversation, Some("close"))?;
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
        let receipt = Close::new(ConversationId::new(1))
            .decode(ApiVersion::V2, body)
            .expect("a receipt");
        assert_eq!(receipt.part.map(u64::from), Some(123));
    }
}
