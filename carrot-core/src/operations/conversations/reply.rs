use http::Method;
use memchr::memmem;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};

use super::{Sender, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        EncodeResponse, Fields, PartField, RequestParts, RequestView, ResponseError, Upload,
        nonce_setter, response, write_nonce,
    },
    types::{
        self, AdminId, ConversationId, ConversationPart, InvalidValue, PartId, RandomId,
        ReplyReceipt, json::Object,
    },
};

/// The type of a reply by an operator.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/conversations/reply>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyKind {
    /// A message to the user. The service's default.
    Message,
    /// A note that only operators see.
    Note,
    /// An article of the knowledge base. v2 only. The vendor does not document its `body_json`.
    Article,
}

/// `POST /conversations/{id}/reply`: writes a message in a conversation, as an operator or as the user.
///
/// The default sender of the site writes unless [`sender`](Self::sender) sets another.
///
/// * Scope: `conversations-write`; as the user also `as-user`.
/// * Requires a text or, in v2, a file or a `body_json`.
/// * Error if the text is too long: probably `ReplyTooBig` (HTTP 400). The limit is not documented; the
///   vendor's own chat sends at most 20,000 characters.
/// * Idempotent: no, each call writes a message. `random_id` identifies the message in the realtime
///   feed and in the parts of the conversation; the vendor does not say that it prevents a second
///   message. If the response is lost, [`Client::reconcile_reply`](crate::Client::reconcile_reply)
///   uses it to find out whether the reply was written.
/// * Source: <https://developers.dashly.io/webapi/endpoints/conversations/reply>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::{
///     conversations::{Reply, Sender},
///     types::{AdminId, ConversationId},
/// };
///
/// let conversation = ConversationId::new(7_100_586);
/// client.call(Reply::new(conversation, "On its way").sender(Sender::DefaultAdmin)).await?;
/// client.call(Reply::note(conversation, "Called the courier").sender(AdminId::new(24_601))).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "does nothing until it is called"]
pub struct Reply {
    conversation: ConversationId,
    body: Option<String>,
    sender: Sender,
    kind: Option<ReplyKind>,
    body_json: Option<Value>,
    attachment: Option<Upload>,
    actions: Option<Vec<Value>>,
    external_id: Option<String>,
    random_id: Option<RandomId>,
    auto_assign: Option<AdminId>,
    auto_assign_random_id: Option<RandomId>,
    referrer: Option<String>,
    nonce: Option<String>,
    fields: Fields<PartField>,
}

impl Reply {
    /// Creates a message with this text, which must not be empty.
    pub fn new(conversation: ConversationId, body: impl Into<String>) -> Self {
        Self {
            body: Some(body.into()),
            ..Self::empty(conversation)
        }
    }

    /// Creates a note that only operators see.
    pub fn note(conversation: ConversationId, body: impl Into<String>) -> Self {
        Self::new(conversation, body).kind(ReplyKind::Note)
    }

    /// Creates a message without text; set an attachment or a `body_json`. v2 only.
    pub fn without_text(conversation: ConversationId) -> Self {
        Self::empty(conversation)
    }

    /// Creates a reply with an article of the knowledge base. v2 only. The vendor does not document its
    /// `body_json`.
    pub fn article(conversation: ConversationId, body_json: impl Into<Value>) -> Self {
        Self::empty(conversation)
            .kind(ReplyKind::Article)
            .body_json(body_json)
    }

    fn empty(conversation: ConversationId) -> Self {
        Self {
            conversation,
            body: None,
            sender: Sender::DefaultAdmin,
            kind: None,
            body_json: None,
            attachment: None,
            actions: None,
            external_id: None,
            random_id: None,
            auto_assign: None,
            auto_assign_random_id: None,
            referrer: None,
            nonce: None,
            fields: Fields::new(),
        }
    }

    /// Sets the text (`body`).
    pub fn text(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets the sender. The default sender of the site by default.
    pub fn sender(mut self, sender: impl Into<Sender>) -> Self {
        self.sender = sender.into();
        self
    }

    /// Sets the type of the reply (`type`). A message by default. Rejected unless the sender is an
    /// operator, since the service ignores it for the user.
    pub fn kind(mut self, kind: ReplyKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Adds a file (`attachment`). The vendor documents no limit on its type; its own chat sends the types
    /// that [`Upload`] lists. v2 only.
    pub fn attachment(mut self, file: Upload) -> Self {
        self.attachment = Some(file);
        self
    }

    /// Adds structured content (`body_json`): a JSON object that depends on the type of the reply. The
    /// vendor does not document its members. v2 only.
    pub fn body_json(mut self, content: impl Into<Value>) -> Self {
        self.body_json = Some(content.into());
        self
    }

    /// Adds an action for the user, such as a button (`actions`): a JSON object. The vendor does not
    /// document its members. v2 only.
    pub fn action(mut self, action: impl Into<Value>) -> Self {
        self.actions.get_or_insert_default().push(action.into());
        self
    }

    /// Sets the id of the message in your system (`external_id`). v2 only.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Sets the `random_id` of the message in the realtime feed.
    /// [`Client::reconcile_reply`](crate::Client::reconcile_reply) finds the message by it.
    pub fn random_id(mut self, random_id: RandomId) -> Self {
        self.random_id = Some(random_id);
        self
    }

    /// Assigns the conversation to this operator first (`auto_assign`). The assignment is a separate
    /// part, [`ReplyReceipt::assign_part`].
    pub fn auto_assign(mut self, admin: AdminId) -> Self {
        self.auto_assign = Some(admin);
        self
    }

    /// Sets the `random_id` of the assignment in the realtime feed (`auto_assign_random_id`).
    pub fn auto_assign_random_id(mut self, random_id: RandomId) -> Self {
        self.auto_assign_random_id = Some(random_id);
        self
    }

    /// Sets the URL of the page on which the message was written (`referrer`). v2 only.
    pub fn referrer(mut self, url: impl Into<String>) -> Self {
        self.referrer = Some(url.into());
        self
    }

    /// Adds an optional field of the part in the response. v2 only.
    pub fn include(mut self, field: PartField) -> Self {
        self.fields.set(field, true);
        self
    }

    /// Leaves an optional field out. v2 only.
    pub fn exclude(mut self, field: PartField) -> Self {
        self.fields.set(field, false);
        self
    }

    /// Returns the conversation.
    #[must_use]
    pub fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// Whether the user of the conversation writes it, not an operator.
    pub(crate) fn is_from_user(&self) -> bool {
        matches!(self.sender, Sender::DefaultUser | Sender::User(_))
    }

    /// Returns the `random_id` of the message, if it is set.
    #[must_use]
    pub fn chosen_random_id(&self) -> Option<RandomId> {
        self.random_id
    }

    fn check(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        version.reject_in_v1("attachment", self.attachment.is_some())?;
        version.reject_in_v1("body_json", self.body_json.is_some())?;
        version.reject_in_v1("actions", self.actions.is_some())?;
        version.reject_in_v1("external_id", self.external_id.is_some())?;
        version.reject_in_v1("referrer", self.referrer.is_some())?;
        version.reject_in_v1("type `article`", self.kind == Some(ReplyKind::Article))?;
        self.fields.reject_in_v1(version)?;
        if self.body.is_none() && self.attachment.is_none() && self.body_json.is_none() {
            let rule = "must be set, unless there is an attachment or a `body_json`";
            return Err(InvalidValue::new("body", rule));
        }
        if self.body.as_deref() == Some("") {
            return Err(InvalidValue::new("body", "must not be empty"));
        }
        if self.sender.is_user() && self.kind.is_some() {
            let rule =
                "goes only with an operator as the sender; the service ignores it for a user";
            return Err(InvalidValue::new("type", rule));
        }
        if self
            .body_json
            .as_ref()
            .is_some_and(|content| !content.is_object())
        {
            return Err(InvalidValue::new("body_json", "must be a JSON object"));
        }
        let mut actions = self.actions.iter().flatten();
        if actions.any(|action| !action.is_object()) {
            return Err(InvalidValue::new("actions", "must be JSON objects"));
        }
        if self.auto_assign_random_id.is_some() && self.auto_assign.is_none() {
            let rule = "goes only together with `auto_assign`";
            return Err(InvalidValue::new("auto_assign_random_id", rule));
        }
        Ok(())
    }
}

nonce_setter!(Reply);

impl Endpoint for Reply {
    type Output = ReplyReceipt;
    const NAME: &'static str = "conversations.reply";
    const SCOPES: &'static [&'static str] = &["conversations-write"];

    const IDEMPOTENT: bool = false;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let version = context.version;
        self.check(version)?;
        let mut request = request_parts(Method::POST, self.conversation, Some("reply"))?;
        let parameters = &mut request.parameters;
        if let Some(body) = &self.body {
            parameters.text("body", body)?;
        }
        self.sender.write_to(version, parameters)?;
        match self.kind {
            None => {}
            Some(ReplyKind::Message) => parameters.line("type", "reply_admin")?,
            Some(ReplyKind::Note) => parameters.line("type", "note")?,
            Some(ReplyKind::Article) => parameters.line("type", "article")?,
        }
        if let Some(content) = &self.body_json {
            parameters.json("body_json", content)?;
        }
        if let Some(actions) = &self.actions {
            parameters.json("actions", actions)?;
        }
        if let Some(id) = &self.external_id {
            parameters.line("external_id", id)?;
        }
        if let Some(random_id) = self.random_id {
            parameters.random_id("random_id", random_id)?;
        }
        if let Some(admin) = self.auto_assign {
            parameters.id("auto_assign", admin)?;
        }
        if let Some(random_id) = self.auto_assign_random_id {
            parameters.random_id("auto_assign_random_id", random_id)?;
        }
        if let Some(referrer) = &self.referrer {
            parameters.line("referrer", referrer)?;
        }
        write_nonce(parameters, self.nonce.as_deref())?;
        self.fields.write_to(parameters);
        if let Some(file) = &self.attachment {
            file.check(Upload::PART)?;
            file.write_to(parameters)?;
            request.files.push(file.part(Upload::PART));
        }
        Ok(request)
    }

    /// The vendor does not document the response. Other clients read the part from `data`, and the
    /// part of the assignment next to `data` or from `meta`; older ones read its id from `id_assign_part`.
    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<ReplyReceipt, ResponseError> {
        let mut receipt = ReplyReceipt::new(response::data(body)?);
        receipt.assign_part = assign_part(body);
        Ok(receipt)
    }
}

impl EncodeResponse for Reply {
    fn encode(
        _request: &RequestView<'_>,
        receipt: &ReplyReceipt,
    ) -> Result<Value, serde_json::Error> {
        let mut body = json!({"meta": {"status": 200}, "data": receipt.part});
        if let Some(part) = &receipt.assign_part {
            body["assign_part"] = serde_json::to_value(part)?;
        }
        Ok(body)
    }
}

/// Finds the part of the assignment. Anything odd reads as none: the reply was written, so an error would
/// invite a second one.
fn assign_part(body: &[u8]) -> Option<ConversationPart> {
    fn read<T: DeserializeOwned>(json: Option<&RawValue>) -> Option<T> {
        types::json::read(json?.get()).ok()
    }
    // Most replies assign nobody, and reading twice takes twice the time.
    memmem::find(body, b"assign_part")?;
    let Object(top): Object<AssignFields> = types::json::read(body).ok()?;
    let below = [&top.meta, &top.data].map(|json| read(json.as_deref()));
    let below = below.into_iter().flatten().map(|Object(fields)| fields);
    let places: Vec<AssignFields> = below.collect();
    let places = || places.iter().chain([&top]);
    let part = |place: &AssignFields| read(place.assign_part.as_deref());
    let by_id = |place: &AssignFields| -> Option<PartId> {
        let id = read(place.id_assign_part.as_deref());
        id.or_else(|| read(place.assign_part.as_deref()))
    };
    let parts = places().find_map(part);
    parts.or_else(|| places().find_map(by_id).map(ConversationPart::new))
}

/// The fields of an object of the response that may tell of the assignment.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AssignFields {
    assign_part: Option<Box<RawValue>>,
    id_assign_part: Option<Box<RawValue>>,
    meta: Option<Box<RawValue>>,
    data: Option<Box<RawValue>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_assignment_part_in_both_places() {
        let endpoint = Reply::new(ConversationId::new(1), "Hi");
        for body in [
            r#"{"meta":{"status":200},"data":{"id":2},"assign_part":{"id":1}}"#,
            r#"{"meta":{"status":200,"assign_part":{"id":1}},"data":{"id":2}}"#,
        ] {
            let receipt = endpoint
                .decode(ApiVersion::V2, body.as_bytes())
                .expect(body);
            assert_eq!(receipt.part.id, PartId::new(2));
            assert_eq!(
                receipt.assign_part.map(|part| part.id),
                Some(PartId::new(1))
            );
        }
    }

    #[test]
    fn odd_assignment_does_not_hide_the_reply() {
        let endpoint = Reply::new(ConversationId::new(1), "Hi");
        for odd in [
            "{}",
            "[]",
            "\"\"",
            "null",
            "true",
            "1.5",
            "{\"id\":{}}",
            "[[1]]",
        ] {
            for body in [
                format!(r#"{{"meta":{{"status":200}},"data":{{"id":2}},"assign_part":{odd}}}"#),
                format!(r#"{{"meta":{{"status":200,"assign_part":{odd}}},"data":{{"id":2}}}}"#),
                format!(r#"{{"meta":{{"status":200}},"data":{{"id":2,"id_assign_part":{odd}}}}}"#),
            ] {
                let receipt = endpoint.decode(ApiVersion::V2, body.as_bytes());
                let receipt = receipt.expect(&body);
                assert_eq!(receipt.part.id, PartId::new(2), "{body}");
                assert_eq!(receipt.assign_part, None, "{body}");
            }
        }
    }

    #[test]
    fn decodes_the_id_of_the_assignment() {
        let endpoint = Reply::new(ConversationId::new(1), "Hi");
        for body in [
            r#"{"meta":{"status":200},"data":{"id":2,"id_assign_part":1}}"#,
            r#"{"meta":{"status":200},"data":{"id":2},"id_assign_part":"1"}"#,
            r#"{"meta":{"status":200,"id_assign_part":1},"data":{"id":2}}"#,
            r#"{"meta":{"status":200},"data":{"id":2},"assign_part":1}"#,
            r#"{"meta":{"status":200},"data":{"id":2},"assign_part":{},"id_assign_part":1}"#,
        ] {
            let receipt = endpoint.decode(ApiVersion::V2, body.as_bytes());
            let part = receipt.expect(body).assign_part;
            assert_eq!(part, Some(ConversationPart::new(PartId::new(1))), "{body}");
        }
    }
}
