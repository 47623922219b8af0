use http::Method;

use super::describe;
use crate::{
    ApiContext, Endpoint,
    endpoint::RequestParts,
    types::{ConversationId, Empty, InvalidValue},
};

/// `POST /conversations/{id}/markread`: marks all messages of a conversation as read by the user.
///
/// It serves the user's side of the chat; what operators read is not tracked.
///
/// * Right of the token: `as-user`.
/// * Safe to repeat: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/conversations/markread/>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct MarkRead {
    conversation: ConversationId,
}

impl MarkRead {
    /// Marks this conversation.
    pub fn new(conversation: impl Into<ConversationId>) -> Self {
        Self {
            conversation: conversation.into(),
        }
    }
}

impl Endpoint for MarkRead {
    type Output = Empty;
    const NAME: &'static str = "conversations.mark_read";
    const SCOPE: Option<&'static str> = Some("as-user");

    const IDEMPOTENT: bool = true;

    fn request(&self, _context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        describe(Method::POST, self.conversation, Some("markread"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiVersion;

    #[test]
    fn reads_the_response_of_the_vendors_page() {
        let body = br#"{"data":{},"meta":{"status":200}}"#;
        assert_eq!(
            MarkRead::new(ConversationId::new(1)).decode(ApiVersion::V2, body),
            Ok(Empty::new())
        );
    }
}
