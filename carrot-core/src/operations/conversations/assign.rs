use http::Method;

use super::{action::Action, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, response},
    types::{ActionReceipt, AdminId, ConversationId, InvalidValue},
};

/// `POST /conversations/{id}/assign`: assigns a conversation to an operator.
///
/// [`Unassign`](super::Unassign) removes the assignment.
///
/// * Scope: `conversations-write`.
/// * If the operator has the conversation already, nothing changes and the receipt is empty.
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/assign>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Assign {
    conversation: ConversationId,
    admin: AdminId,
    action: Action,
}

impl Assign {
    /// Creates a request that assigns a conversation to `admin` as the default sender.
    pub fn new(conversation: ConversationId, admin: AdminId) -> Self {
        Self {
            conversation,
            admin,
            action: Action::default(),
        }
    }
}

action_setters!(Assign);

impl Endpoint for Assign {
    type Output = ActionReceipt;
    const NAME: &'static str = "conversations.assign";
    const SCOPES: &'static [&'static str] = &["conversations-write"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::POST, self.conversation, Some("assign"))?;
        let parameters = &mut request.parameters;
        parameters.id("admin", self.admin)?;
        self.action.write_to(context.version, parameters)?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::optional(body).map(|envelope| envelope.data)
    }
}

impl EncodeResponse for Assign {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_responses_with_and_without_change() {
        let endpoint =
            Assign::new(ConversationId::new(716), AdminId::new(819)).by(AdminId::new(912));
        let body = br#"{"data":{"id":123,"part_group":345},"meta":{"status":200}}"#;
        let receipt = endpoint.decode(ApiVersion::V2, body).expect("a receipt");
        assert_eq!(receipt.part.map(u64::from), Some(123));
        let body = br#"{"data":{},"meta":{"status":200}}"#;
        let receipt = endpoint.decode(ApiVersion::V2, body).expect("a receipt");
        assert_eq!(receipt, ActionReceipt::new());
    }
}
