use http::Method;

use super::{reject_external_in_v1, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, response},
    types::{InvalidValue, SentMessage, UserRef},
};

/// How the service shows a manual message to the user.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/sendmessage/>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// In the chat. The service's default.
    PopupChat,
    /// In a small pop-up window.
    PopupSmall,
    /// In a big pop-up window.
    PopupBig,
    /// By e-mail. Documented for v1. The pages of v2 contradict each other: the English page mentions
    /// it in its introduction, the list of the Russian page does not contain it.
    Email,
}

impl MessageKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::PopupChat => "popup_chat",
            Self::PopupSmall => "popup_small",
            Self::PopupBig => "popup_big",
            Self::Email => "email",
        }
    }
}

/// `POST /users/{id}/sendmessage`: sends a manual message to a user immediately.
///
/// The message starts a conversation, which operators see in the inbox only after the user replies.
///
/// * Scope: `messages-manual-send-one`.
/// * Error for an unknown external id: `LookupError` (HTTP 400). v1 accepts only the id of the service.
/// * Idempotent: no, each call sends a message.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/sendmessage/>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct SendMessage {
    user: UserRef,
    body: String,
    kind: Option<MessageKind>,
}

impl SendMessage {
    /// Creates a message with this text, which must not be empty.
    pub fn new(user: impl Into<UserRef>, body: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            body: body.into(),
            kind: None,
        }
    }

    /// Sets how the service shows the message (`type`). In the chat by default.
    pub fn kind(mut self, kind: MessageKind) -> Self {
        self.kind = Some(kind);
        self
    }
}

impl Endpoint for SendMessage {
    type Output = SentMessage;
    const NAME: &'static str = "users.send_message";
    const SCOPES: &'static [&'static str] = &["messages-manual-send-one"];

    const IDEMPOTENT: bool = false;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        reject_external_in_v1(context, &self.user)?;
        if self.body.is_empty() {
            return Err(InvalidValue::new("body", "must not be empty"));
        }
        let mut request = request_parts(Method::POST, &self.user, Some("sendmessage"), context)?;
        request.parameters.text("body", &self.body)?;
        if let Some(kind) = self.kind {
            request.parameters.line("type", kind.as_str())?;
        }
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::data(body)
    }
}

impl EncodeResponse for SendMessage {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ConversationId, MessageId, UserId};

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"meta":{"status":200},"data":{"conversation":1128184,"message":2804}}"#;
        let sent = SendMessage::new(UserId::new(1), "Hi").decode(ApiVersion::V2, body);
        let sent = sent.expect("a message");
        assert_eq!(sent.conversation, ConversationId::new(1_128_184));
        assert_eq!(sent.message, MessageId::new(2_804));
    }
}
