use http::Method;

use super::{action::Action, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, response},
    types::{ActionReceipt, ConversationId, InvalidValue},
};

/// `POST /conversations/{id}/assign` without `admin`: removes the assignment of a conversation.
///
/// * Scope: `conversations-write`.
/// * If the conversation is not assigned, nothing changes and the receipt is empty.
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/assign>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Unassign {
    conversation: ConversationId,
    action: Action,
}

impl Unassign {
    /// Creates a request that removes the assignment as the default sender.
    pub fn new(conversation: ConversationId) -> Self {
        Self {
            conversation,
            action: Action::default(),
        }
    }
}

action_setters!(Unassign);

impl Endpoint for Unassign {
    type Output = ActionReceipt;
    const NAME: &'static str = "conversations.unassign";
    const SCOPES: &'static [&'static str] = &["conversations-write"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::POST, self.conversation, Some("assign"))?;
        let parameters = &mut request.parameters;
        self.action.write_to(context.version, parameters)?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::optional(body).map(|envelope| envelope.data)
    }
}

impl EncodeResponse for Unassign {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"data":{"id":123,"part_group":345},"meta":{"status":200}}"#;
        let receipt = Unassign::new(ConversationId::new(716))
            .decode(ApiVersion::V2, body)
            .expect("a receipt");
        assert_eq!(receipt.part.map(u64::from), Some(123));
    }
}
