use http::Method;

use super::{action::Action, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, check_tag, response},
    types::{ActionReceipt, ConversationId, ErrorCode, InvalidValue},
};

/// `DELETE /conversations/{id}/tag`, in v1 `POST /conversations/{id}/tag`: removes a tag from a
/// conversation.
///
/// The parameters of the DELETE are in its body, as in the vendor's sample; whether the service reads
/// them from the query is not documented. A proxy that drops the body of a DELETE breaks this call.
///
/// * Scope: `conversations-write`.
/// * A tag that the conversation does not have is a success, and the receipt says that nothing
///   [`changed`](ActionReceipt::changed). v2 of the API responds with the error
///   `ConversationTagIsNotAssigned` (HTTP 400).
/// * The response contains the new part in v2, and nothing in v1.
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/tag/delete>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct RemoveTag {
    conversation: ConversationId,
    tag: String,
    action: Action,
}

impl RemoveTag {
    /// Creates a request that removes `tag` as the default sender.
    pub fn new(conversation: ConversationId, tag: impl Into<String>) -> Self {
        Self {
            conversation,
            tag: tag.into(),
            action: Action::default(),
        }
    }
}

action_setters!(RemoveTag);

impl Endpoint for RemoveTag {
    type Output = ActionReceipt;
    const NAME: &'static str = "conversations.remove_tag";
    const SCOPES: &'static [&'static str] = &["conversations-write"];

    const IDEMPOTENT: bool = true;

    fn already_done(&self, code: &ErrorCode) -> Option<ActionReceipt> {
        (*code == ErrorCode::ConversationTagIsNotAssigned).then(ActionReceipt::new)
    }

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        check_tag(context.version, "tag", &self.tag)?;
        let method = match context.version {
            ApiVersion::V1 => Method::POST,
            ApiVersion::V2 => Method::DELETE,
        };
        let mut request = request_parts(method, self.conversation, Some("tag"))?;
        let parameters = &mut request.parameters;
        if context.version == ApiVersion::V1 {
            parameters.line("action", "delete")?;
        }
        parameters.line("tag", &self.tag)?;
        self.action.write_to(context.version, parameters)?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::optional(body).map(|envelope| envelope.data)
    }
}

impl EncodeResponse for RemoveTag {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"data":{"id":123,"part_group":345},"meta":{"status":200}}"#;
        let receipt = RemoveTag::new(ConversationId::new(1), "vip")
            .decode(ApiVersion::V2, body)
            .expect("a receipt");
        assert_eq!(receipt.part_group.map(u64::from), Some(345));
    }
}
