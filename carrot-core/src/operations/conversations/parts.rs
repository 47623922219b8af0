use http::Method;
use serde_json::Value;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        EncodeResponse, Fields, Page, Paginate, Paging, PartField, RequestParts, RequestView,
        ResponseError,
    },
    types::{ConversationId, ConversationPart, InvalidValue},
};

/// `GET /conversations/{id}/parts`: lists the parts of a conversation, newest first: messages, notes
/// and system records.
///
/// * Scope: `conversations-read`.
/// * 1 to 50 parts a page, 20 by default.
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/parts/>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Parts {
    conversation: ConversationId,
    fields: Fields<PartField>,
    paging: Paging,
}

impl Parts {
    /// Creates a request for the newest parts of a conversation.
    pub fn new(conversation: ConversationId) -> Self {
        Self {
            conversation,
            fields: Fields::new(),
            paging: Paging::new(),
        }
    }

    /// Adds an optional field. v2 only.
    pub fn include(mut self, field: PartField) -> Self {
        self.fields.set(field, true);
        self
    }

    /// Leaves an optional field out. v2 only.
    pub fn exclude(mut self, field: PartField) -> Self {
        self.fields.set(field, false);
        self
    }

    /// Sets the page to read: its size and start.
    pub fn page(mut self, paging: impl Into<Paging>) -> Self {
        self.paging = paging.into();
        self
    }
}

impl Endpoint for Parts {
    type Output = Page<ConversationPart>;
    const NAME: &'static str = "conversations.parts";
    const SCOPES: &'static [&'static str] = &["conversations-read"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::GET, self.conversation, Some("parts"))?;
        self.fields.reject_in_v1(context.version)?;
        self.fields.write_to(&mut request.parameters);
        self.paging
            .write_to(context.version, &mut request.parameters)?;
        Ok(request)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        Page::decode(version, &self.paging, body)
    }
}

impl EncodeResponse for Parts {
    fn encode(request: &RequestView<'_>, page: &Self::Output) -> Result<Value, serde_json::Error> {
        page.encode(request)
    }
}

impl Paginate for Parts {
    type Item = ConversationPart;

    fn paging(&mut self) -> &mut Paging {
        &mut self.paging
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Cursor, PartId};

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"data":[{"id":7936880,"created":1450420434,"conversation":7179725,"body":"...","read":true,"type":"reply_admin","sent_via":"app_chrome","from":{"id":14709,"name":"Alex","avatar":"https://files.dashly.app/avatars/1422020258978-15jb56g7.jpg","type":"admin"}}],"meta":{"next_before_position":[7936756],"status":200}}"#;
        let page = Parts::new(ConversationId::new(7_179_725))
            .decode(ApiVersion::V2, body)
            .expect("a page");
        assert_eq!(page.items[0].id, PartId::new(7_936_880));
        assert_eq!(page.next.cursor().map(Cursor::as_str), Some("[7936756]"));
    }
}
