use http::Method;

use super::{action::Action, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, check_tag, response},
    types::{ActionReceipt, ConversationId, ErrorCode, InvalidValue},
};

/// `POST /conversations/{id}/tag`: adds a tag to a conversation.
///
/// * Scope: `conversations-write`.
/// * 1 to 255 characters. In v1 without a comma.
/// * A tag that the conversation has already is a success, and the receipt says that nothing
///   [`changed`](ActionReceipt::changed). v2 of the API responds with the error
///   `ConversationTagAlreadyAssigned` (HTTP 400).
/// * The response contains the new part in v2, and nothing in v1.
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/tag/post>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct AddTag {
    conversation: ConversationId,
    tag: String,
    action: Action,
}

impl AddTag {
    /// Creates a request that adds `tag` as the default sender.
    pub fn new(conversation: ConversationId, tag: impl Into<String>) -> Self {
        Self {
            conversation,
            tag: tag.into(),
            action: Action::default(),
        }
    }
}

action_setters!(AddTag);

impl Endpoint for AddTag {
    type Output = ActionReceipt;
    const NAME: &'static str = "conversations.add_tag";
    const SCOPES: &'static [&'static str] = &["conversations-write"];

    const IDEMPOTENT: bool = true;

    fn already_done(&self, code: &ErrorCode) -> Option<ActionReceipt> {
        (*code == ErrorCode::ConversationTagAlreadyAssigned).then(ActionReceipt::new)
    }

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        check_tag(context.version, "tag", &self.tag)?;
        let mut request = request_parts(Method::POST, self.conversation, Some("tag"))?;
        let parameters = &mut request.parameters;
        if context.version == ApiVersion::V1 {
            parameters.line("action", "add")?;
        }
        parameters.line("tag", &self.tag)?;
        self.action.write_to(context.version, parameters)?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::optional(body).map(|envelope| envelope.data)
    }
}

impl EncodeResponse for AddTag {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_responses_of_both_versions() {
        let endpoint = AddTag::new(ConversationId::new(1), "vip");
        let body = br#"{"data":{"id":123,"part_group":345},"meta":{"status":200}}"#;
        let receipt = endpoint.decode(ApiVersion::V2, body).expect("a receipt");
        assert_eq!(receipt.part.map(u64::from), Some(123));
        let body = br#"{"data":{},"meta":{"status":200}}"#;
        let receipt = endpoint.decode(ApiVersion::V1, body).expect("a receipt");
        assert_eq!(receipt, ActionReceipt::new());
    }
}
