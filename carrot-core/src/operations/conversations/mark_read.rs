use http::Method;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, nonce_setter, response, write_nonce},
    types::{ConversationId, Empty, InvalidValue},
};

/// `POST /conversations/{id}/markread`: marks all messages of a conversation as read by the user.
///
/// For the user's side of the chat. The service does not track what operators read.
///
/// * Scope: `as-user`.
/// * Idempotent: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/conversations/markread/>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct MarkRead {
    conversation: ConversationId,
    nonce: Option<String>,
}

impl MarkRead {
    /// Creates a request that marks a conversation as read.
    pub fn new(conversation: ConversationId) -> Self {
        Self {
            conversation,
            nonce: None,
        }
    }
}

nonce_setter!(MarkRead);

impl Endpoint for MarkRead {
    type Output = Empty;
    const NAME: &'static str = "conversations.mark_read";
    const SCOPES: &'static [&'static str] = &["as-user"];

    const IDEMPOTENT: bool = true;

    fn request(&self, _context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::POST, self.conversation, Some("markread"))?;
        write_nonce(&mut request.parameters, self.nonce.as_deref())?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::empty(body)
    }
}

impl EncodeResponse for MarkRead {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"data":{},"meta":{"status":200}}"#;
        assert_eq!(
            MarkRead::new(ConversationId::new(1)).decode(ApiVersion::V2, body),
            Ok(Empty::new())
        );
        assert_eq!(
            MarkRead::new(ConversationId::new(1)).decode(ApiVersion::V2, b"\r\n"),
            Ok(Empty::new())
        );
    }
}
