use serde_json::Value;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        ConversationField, EncodeResponse, Fields, Page, Paginate, Paging, RequestParts,
        RequestView, ResponseError, check_tag,
    },
    types::{AdminId, AssistantType, ChannelId, Conversation, InvalidValue},
};

/// Filters conversations by assignee.
///
/// According to one report, the service leaves unassigned conversations out if there is no filter. Set
/// [`Any`](Self::Any) to get all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssigneeFilter {
    /// Assigned and unassigned conversations.
    Any,
    /// Unassigned conversations.
    Unassigned,
    /// Conversations of this operator.
    Admin(AdminId),
    /// Conversations of this operator and unassigned ones.
    AdminOrUnassigned(AdminId),
}

/// Filters conversations by channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChannelFilter {
    /// Conversations without a channel.
    None,
    /// Conversations of this channel.
    Id(ChannelId),
}

impl From<ChannelId> for ChannelFilter {
    fn from(id: ChannelId) -> Self {
        Self::Id(id)
    }
}

/// `GET /apps/{id}/conversations`: lists the conversations of the app, by their last update, newest
/// first.
///
/// * Scope: `conversations-read`.
/// * 1 to 50 conversations a page, 20 by default.
/// * Unassigned conversations may be missing unless [`assigned`](Self::assigned) is
///   [`Any`](AssigneeFilter::Any); see [`AssigneeFilter`].
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/apps/conversations/>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::apps::{AssigneeFilter, Conversations};
///
/// let open = Conversations::new().closed(false).assigned(AssigneeFilter::Any);
/// let mut conversations = client.items(open);
/// while let Some(conversation) = conversations.next().await? {
///     println!("{}", conversation.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Conversations {
    closed: Option<bool>,
    answered: Option<bool>,
    delayed: Option<bool>,
    assigned: Option<AssigneeFilter>,
    tags: Vec<String>,
    without_tags: Option<bool>,
    channel: Option<ChannelFilter>,
    assistant_type: Option<AssistantType>,
    fields: Fields<ConversationField>,
    paging: Paging,
}

impl Conversations {
    /// The optional fields that the service returns by default.
    pub const DEFAULT_FIELDS: &[ConversationField] = &[
        ConversationField::PartLast,
        ConversationField::ImportantPartLast,
        ConversationField::ReplyLast,
        ConversationField::User,
    ];

    /// Creates a request for the first page of conversations, without a filter; see [`AssigneeFilter`]
    /// for unassigned ones.
    pub fn new() -> Self {
        Self {
            closed: None,
            answered: None,
            delayed: None,
            assigned: None,
            tags: Vec::new(),
            without_tags: None,
            channel: None,
            assistant_type: None,
            fields: Fields::new(),
            paging: Paging::new(),
        }
    }

    /// Filters closed (`true`) or open (`false`) conversations.
    pub fn closed(mut self, closed: bool) -> Self {
        self.closed = Some(closed);
        self
    }

    /// Filters conversations whose last message is from an operator (`true`) or from the user (`false`).
    pub fn answered(mut self, answered: bool) -> Self {
        self.answered = Some(answered);
        self
    }

    /// Filters snoozed (`true`) or not snoozed (`false`) conversations.
    pub fn delayed(mut self, delayed: bool) -> Self {
        self.delayed = Some(delayed);
        self
    }

    /// Filters conversations by assignee (`assigned`, `include_not_assigned`).
    pub fn assigned(mut self, assigned: AssigneeFilter) -> Self {
        self.assigned = Some(assigned);
        self
    }

    /// Filters conversations with this tag (`tags`). With several calls, a conversation must have all
    /// tags.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Includes conversations without tags (`include_no_tags`). In v1 they come beside the others, and
    /// beside those of [`tag`](Self::tag). In v2 the list then contains only these by the newer of two pages
    /// that disagree, and the call cannot be combined with `tag`.
    pub fn without_tags(mut self) -> Self {
        self.without_tags = Some(true);
        self
    }

    /// Filters conversations of one channel, or of no channel (`channel`).
    pub fn channel(mut self, channel: impl Into<ChannelFilter>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// Filters conversations that an assistant of this type handles (`assistant_type`).
    pub fn assistant_type(mut self, assistant_type: AssistantType) -> Self {
        self.assistant_type = Some(assistant_type);
        self
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

    /// Sets the page to read: its size and start.
    pub fn page(mut self, paging: impl Into<Paging>) -> Self {
        self.paging = paging.into();
        self
    }
}

impl Default for Conversations {
    fn default() -> Self {
        Self::new()
    }
}

impl Endpoint for Conversations {
    type Output = Page<Conversation>;
    const NAME: &'static str = "apps.conversations";
    const SCOPES: &'static [&'static str] = &["conversations-read"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(context, "conversations")?;
        let parameters = &mut request.parameters;
        parameters.optional_flag("closed", self.closed);
        parameters.optional_flag("answered", self.answered);
        parameters.optional_flag("delayed", self.delayed);
        match self.assigned {
            None => {}
            Some(AssigneeFilter::Any) => parameters.flag("include_not_assigned", true),
            Some(AssigneeFilter::Unassigned) => {
                parameters.number("assigned", 0_u64);
                parameters.flag("include_not_assigned", true);
            }
            Some(AssigneeFilter::Admin(admin)) => {
                parameters.id("assigned", admin)?;
                parameters.flag("include_not_assigned", false);
            }
            Some(AssigneeFilter::AdminOrUnassigned(admin)) => {
                parameters.id("assigned", admin)?;
                parameters.flag("include_not_assigned", true);
            }
        }
        if !self.tags.is_empty() {
            if self.without_tags.is_some() && context.version == ApiVersion::V2 {
                let rule = "must not be set together with `tags` in v2 of the API";
                return Err(InvalidValue::new("include_no_tags", rule));
            }
            for tag in &self.tags {
                check_tag(context.version, "tags", tag)?;
            }
            parameters.json("tags", &self.tags)?;
        }
        parameters.optional_flag("include_no_tags", self.without_tags);
        match self.channel {
            None => {}
            Some(ChannelFilter::None) => parameters.number("channel", 0_u64),
            Some(ChannelFilter::Id(id)) => parameters.id("channel", id)?,
        }
        if let Some(kind) = &self.assistant_type {
            parameters.line("assistant_type", kind.as_str())?;
        }
        self.fields.write_to(parameters);
        self.paging.write_to(context.version, parameters)?;
        Ok(request)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        Page::decode(version, &self.paging, body)
    }
}

impl EncodeResponse for Conversations {
    fn encode(request: &RequestView<'_>, page: &Self::Output) -> Result<Value, serde_json::Error> {
        page.encode(request)
    }
}

impl Paginate for Conversations {
    type Item = Conversation;

    fn paging(&mut self) -> &mut Paging {
        &mut self.paging
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ConversationId, Cursor};

    #[test]
    fn decodes_responses_of_both_versions() {
        let endpoint = Conversations::new();
        for (version, meta, cursor) in [
            (
                ApiVersion::V2,
                r#""next_before_position":[1684739969.358085,1160406004324630614]"#,
                "[1684739969.358085,1160406004324630614]",
            ),
            (
                ApiVersion::V1,
                r#""next_after":1447339319.900966"#,
                "1447339319.900966",
            ),
        ] {
            let body = format!(r#"{{"meta":{{{meta},"status":200}},"data":[{{"id":7100586}}]}}"#);
            let page = endpoint.decode(version, body.as_bytes()).expect("a page");
            assert_eq!(page.items[0].id, ConversationId::new(7_100_586));
            assert_eq!(page.next.cursor().map(Cursor::as_str), Some(cursor));
        }
    }
}
