use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Sender, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        Asked, EncodeResponse, Fields, PartField, RequestParts, ResponseError, Upload, response,
    },
    types::{AdminId, ConversationId, ConversationPart, InvalidValue, RandomId, ReplyReceipt},
};

/// What a reply of an operator is.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/conversations/reply>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyKind {
    /// A message to the user. The service's default.
    Message,
    /// A note that only operators see.
    Note,
    /// An article of the knowledge base. v2 only; what `body_json` must hold for it is not
    /// documented.
    Article,
}

/// `POST /conversations/{id}/reply`: writes in a conversation, as an operator or as the user.
///
/// The message comes from the default sender of the site unless [`sender`](Self::sender) names another.
///
/// * Scope: `conversations-write`; as the user also `as-user`.
/// * A text or, in v2, a file or a `body_json`.
/// * A text that is too long probably gives `ReplyTooBig` (HTTP 400); the limit is not documented.
/// * Idempotent: no, each call writes a message. `random_id` is for recognising it in the
///   realtime feed and in the parts of the conversation; nothing says that the service drops a
///   second one. When the answer of a reply with one is lost,
///   [`Client::reconcile_reply`](crate::Client::reconcile_reply) finds out whether it was written.
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
/// client.call(Reply::note(conversation, "Asked the courier").sender(AdminId::new(24_601))).await?;
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
    fields: Fields<PartField>,
}

impl Reply {
    /// Writes this text, which must not be empty.
    pub fn new(conversation: ConversationId, body: impl Into<String>) -> Self {
        Self {
            body: Some(body.into()),
            ..Self::empty(conversation)
        }
    }

    /// Writes a note that only operators see.
    pub fn note(conversation: ConversationId, body: impl Into<String>) -> Self {
        Self::new(conversation, body).kind(ReplyKind::Note)
    }

    /// Writes without a text. A file or a `body_json` must follow. v2 only.
    pub fn without_text(conversation: ConversationId) -> Self {
        Self::empty(conversation)
    }

    /// Sends an article of the knowledge base. v2 only. What `body_json` must hold is not
    /// documented.
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
            fields: Fields::new(),
        }
    }

    /// Sets the text (`body`).
    pub fn text(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Who writes.
    pub fn sender(mut self, sender: impl Into<Sender>) -> Self {
        self.sender = sender.into();
        self
    }

    /// What it is (`type`): a message by default. Goes only with an operator as the sender; the
    /// service would ignore it for the user.
    pub fn kind(mut self, kind: ReplyKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Adds a file (`attachment`) of any kind: the page names none. v2 only.
    pub fn attachment(mut self, file: Upload) -> Self {
        self.attachment = Some(file);
        self
    }

    /// Adds content beyond text: a JSON object whose shape depends on the kind and is not
    /// documented (`body_json`). v2 only.
    pub fn body_json(mut self, content: impl Into<Value>) -> Self {
        self.body_json = Some(content.into());
        self
    }

    /// Adds something that the user can do, such as a button: a JSON object whose shape is not
    /// documented (`actions`). v2 only.
    pub fn action(mut self, action: impl Into<Value>) -> Self {
        self.actions.get_or_insert_default().push(action.into());
        self
    }

    /// The id of the message in a system of yours (`external_id`). v2 only.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Sets the number that the message carries in the realtime feed (`random_id`). With it
    /// [`Client::reconcile_reply`](crate::Client::reconcile_reply) can find the message again.
    pub fn random_id(mut self, random_id: RandomId) -> Self {
        self.random_id = Some(random_id);
        self
    }

    /// Assigns the conversation to this operator first (`auto_assign`). The assignment is a part of
    /// its own, [`ReplyReceipt::assign_part`].
    pub fn auto_assign(mut self, admin: AdminId) -> Self {
        self.auto_assign = Some(admin);
        self
    }

    /// Sets the number that the assignment carries in the realtime feed (`auto_assign_random_id`).
    pub fn auto_assign_random_id(mut self, random_id: RandomId) -> Self {
        self.auto_assign_random_id = Some(random_id);
        self
    }

    /// The address of the page on which the message was written (`referrer`). v2 only.
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

    /// The conversation that it is written in.
    #[must_use]
    pub fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// The number that the message carries in the realtime feed, where one was set.
    #[must_use]
    pub fn chosen_random_id(&self) -> Option<RandomId> {
        self.random_id
    }

    fn check(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        version.refuse_in_v1("attachment", self.attachment.is_some())?;
        version.refuse_in_v1("body_json", self.body_json.is_some())?;
        version.refuse_in_v1("actions", self.actions.is_some())?;
        version.refuse_in_v1("external_id", self.external_id.is_some())?;
        version.refuse_in_v1("referrer", self.referrer.is_some())?;
        version.refuse_in_v1("type `article`", self.kind == Some(ReplyKind::Article))?;
        self.fields.refuse_in_v1(version)?;
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
        self.fields.write_to(parameters);
        if let Some(file) = &self.attachment {
            file.check("attachment")?;
            parameters.line("attachment_file_name", file.name())?;
            request.files.push(file.part("attachment"));
        }
        Ok(request)
    }

    /// The answer is not documented; other clients read the part as the data, and the part of the
    /// assignment beside it or in `meta`.
    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<ReplyReceipt, ResponseError> {
        let mut receipt = ReplyReceipt::new(response::data(body)?);
        let beside: Beside = response::json(body)?;
        receipt.assign_part = beside.assign_part.or(beside.meta.assign_part);
        Ok(receipt)
    }
}

impl EncodeResponse for Reply {
    fn encode(_asked: &Asked<'_>, receipt: &ReplyReceipt) -> Result<Value, serde_json::Error> {
        let mut answer = json!({"meta": {"status": 200}, "data": receipt.part});
        if let Some(part) = &receipt.assign_part {
            answer["assign_part"] = serde_json::to_value(part)?;
        }
        Ok(answer)
    }
}

/// Where the part of the assignment may stand.
#[derive(Deserialize)]
struct Beside {
    assign_part: Option<ConversationPart>,
    meta: MetaOfReply,
}

#[derive(Deserialize)]
struct MetaOfReply {
    assign_part: Option<ConversationPart>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PartId;

    #[test]
    fn reads_the_assignment_part_in_both_places() {
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
}
