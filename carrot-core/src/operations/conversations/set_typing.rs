use http::Method;

use super::{Sender, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, nonce_setter, response, write_nonce},
    types::{ConversationId, Empty, InvalidValue},
};

/// `POST /conversations/{id}/settyping`: shows a typing indicator for ten seconds. Operators also see
/// the text.
///
/// * Scope: `conversations-write`; as the user also `as-user`.
/// * Idempotent: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/conversations/settyping>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct SetTyping {
    conversation: ConversationId,
    body: Option<String>,
    sender: Sender,
    nonce: Option<String>,
}

impl SetTyping {
    /// Creates a request that shows the default sender typing this text. v2 requires the text, which
    /// may be empty.
    pub fn new(conversation: ConversationId, body: impl Into<String>) -> Self {
        Self {
            conversation,
            body: Some(body.into()),
            sender: Sender::DefaultAdmin,
            nonce: None,
        }
    }

    /// Removes the text. v1 only.
    pub fn without_text(mut self) -> Self {
        self.body = None;
        self
    }

    /// Sets the sender who is typing. For the user of the conversation `from_user=true` is sent, as in
    /// the vendor's sample, although the vendor's table says an id.
    pub fn sender(mut self, sender: impl Into<Sender>) -> Self {
        self.sender = sender.into();
        self
    }
}

nonce_setter!(SetTyping);

impl Endpoint for SetTyping {
    type Output = Empty;
    const NAME: &'static str = "conversations.set_typing";
    const SCOPES: &'static [&'static str] = &["conversations-write"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::POST, self.conversation, Some("settyping"))?;
        let parameters = &mut request.parameters;
        match &self.body {
            Some(body) => parameters.text("body", body)?,
            None if context.version == ApiVersion::V2 => {
                return Err(InvalidValue::new("body", "is required in v2 of the API"));
            }
            None => {}
        }
        match self.sender {
            Sender::DefaultUser => parameters.flag("from_user", true),
            _ => self.sender.write_to(context.version, parameters)?,
        }
        write_nonce(parameters, self.nonce.as_deref())?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::empty(body)
    }
}

impl EncodeResponse for SetTyping {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"data":{},"meta":{"status":200}}"#;
        assert_eq!(
            SetTyping::new(ConversationId::new(1), "On").decode(ApiVersion::V2, body),
            Ok(Empty::new())
        );
    }
}
