use http::Method;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{ConversationField, EncodeResponse, Fields, RequestParts, ResponseError, response},
    types::{Conversation, ConversationId, InvalidValue},
};

/// `GET /conversations/{id}`: reads one conversation.
///
/// * Scope: `conversations-read`.
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/conversation>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Get {
    conversation: ConversationId,
    fields: Fields<ConversationField>,
}

impl Get {
    /// The optional fields that the service returns by default: all of them.
    pub const DEFAULT_FIELDS: &[ConversationField] = &[
        ConversationField::User,
        ConversationField::Channel,
        ConversationField::ImportantPartLast,
        ConversationField::ReplyLast,
        ConversationField::PartLast,
    ];

    /// Creates a request for one conversation.
    pub fn new(conversation: ConversationId) -> Self {
        Self {
            conversation,
            fields: Fields::new(),
        }
    }

    /// Adds an optional field.
    pub fn include(mut self, field: ConversationField) -> Self {
        self.fields.set(field, true);
        self
    }

    /// Leaves an optional field out.
    pub fn exclude(mut self, field: ConversationField) -> Self {
        self.fields.set(field, false);
        self
    }
}

impl Endpoint for Get {
    type Output = Conversation;
    const NAME: &'static str = "conversations.get";
    const SCOPES: &'static [&'static str] = &["conversations-read"];

    const IDEMPOTENT: bool = true;

    fn request(&self, _context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::GET, self.conversation, None)?;
        self.fields.write_to(&mut request.parameters);
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::data(body)
    }
}

impl EncodeResponse for Get {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"data":{"id":7100586,"created":1450342055,"user":{"id":7722092,"app":3,"user_id":"27384","presence":"idle","props":{"$last_seen":"2015-12-17T13:01:32","$name":"Alex","$email":"alex@example.com"}},"read":true,"replied":true,"clicked":false,"unsubscribed":false,"closed":false,"message":null,"type":"popup_chat","reply_type":"text","part_last":{"id":7855356,"created":1450345019,"conversation":7100586,"body":"...","type":"reply_user","sent_via":"web_user","from":16588048},"parts_count":13,"assignee":null,"unread_parts_count":2,"last_admin":{"id":24601,"name":"Maks","avatar":"https://files.dashly.app/avatars/1446021235578-n653y667.jpg","type":"admin"},"last_update":1450345019,"tags":[]},"meta":{"status":200}}"#;
        let endpoint = Get::new(ConversationId::new(7_100_586));
        let conversation = endpoint
            .decode(ApiVersion::V2, body)
            .expect("a conversation");
        assert_eq!(conversation.id, ConversationId::new(7_100_586));
        assert_eq!(conversation.parts_count, Some(13));
        assert_eq!(conversation.closed, Some(false));
    }
}
