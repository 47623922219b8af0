use http::Method;
use serde_json::Value;

use super::describe;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{Asked, Fields, Page, Paging, PartField, RequestParts, ResponseError},
    types::{ConversationId, ConversationPart, InvalidValue},
};

/// `GET /conversations/{id}/parts`: lists the parts of a conversation, newest first: messages, notes,
/// and records of the system.
///
/// * Right of the token: `conversations-read`.
/// * 1 to 50 parts a page, 20 by default.
/// * Safe to repeat: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/parts/>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Parts {
    conversation: ConversationId,
    fields: Fields<PartField>,
    paging: Paging,
}

impl Parts {
    /// Lists the parts of this conversation.
    pub fn new(conversation: impl Into<ConversationId>) -> Self {
        Self {
            conversation: conversation.into(),
            fields: Fields::new(),
            paging: Paging::new(),
        }
    }

    /// Switches an optional field on or off. v2 only.
    pub fn field(mut self, field: PartField, on: bool) -> Self {
        self.fields.set(field, on);
        self
    }
}

impl Endpoint for Parts {
    type Output = Page<ConversationPart>;
    const NAME: &'static str = "conversations.parts";
    const SCOPE: Option<&'static str> = Some("conversations-read");

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut description = describe(Method::GET, self.conversation, Some("parts"))?;
        self.fields.refuse_in_v1(context.version)?;
        self.fields.describe(&mut description.parameters);
        self.paging
            .describe(context.version, &mut description.parameters)?;
        Ok(description)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        Page::decode(version, &self.paging, body)
    }

    fn encode(asked: &Asked<'_>, page: &Self::Output) -> Result<Value, serde_json::Error> {
        page.encode(asked)
    }
}

pages_of!(Parts, ConversationPart);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Cursor, PartId};

    #[test]
    fn reads_the_response_of_the_vendors_page() {
        let body = br#"{"data":[{"id":7936880,"created":1450420434,"conversation":7179725,"body":"...","read":true,"type":"reply_admin","sent_via":"app_chrome","from":{"id":14709,"name":"Alex","avatar":"https://files.dashly.app/avatars/1422020258978-15jb56g7.jpg","type":"admin"}}],"meta":{"next_before_position":[7936756],"status":200}}"#;
        let page = Parts::new(ConversationId::new(7_179_725))
            .decode(ApiVersion::V2, body)
            .expect("a page");
        assert_eq!(page.items[0].id, PartId::new(7_936_880));
        assert_eq!(page.next.cursor().map(Cursor::as_str), Some("[7936756]"));
    }
}
