use http::Method;

use super::{action::Action, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, response},
    types::{ActionReceipt, ConversationId, InvalidValue},
};

/// `POST /conversations/{id}/close`: closes a conversation.
///
/// * Scope: `conversations-write`.
/// * If the conversation is closed already, nothing changes and the receipt is empty.
/// * The operator who closes is required on the Dashly page and optional on the Carrot quest page. It
///   is always sent: the default sender unless [`by`](Self::by) sets another.
/// * Idempotent: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/conversations/close>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Close {
    conversation: ConversationId,
    action: Action,
}

impl Close {
    /// Creates a request that closes a conversation as the default sender.
    pub fn new(conversation: ConversationId) -> Self {
        Self {
            conversation,
            action: Action::default(),
        }
    }
}

action_setters!(Close);

impl Endpoint for Close {
    type Output = ActionReceipt;
    const NAME: &'static str = "conversations.close";
    const SCOPES: &'static [&'static str] = &["conversations-write"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::POST, self.conversation, Some("close"))?;
        let parameters = &mut request.parameters;
        self.action.write_to(context.version, parameters)?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::optional(body).map(|envelope| envelope.data)
    }
}

impl EncodeResponse for Close {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"data":{"id":123,"part_group":345},"meta":{"status":200}}"#;
        let receipt = Close::new(ConversationId::new(1))
            .decode(ApiVersion::V2, body)
            .expect("a receipt");
        assert_eq!(receipt.part.map(u64::from), Some(123));
    }
}
