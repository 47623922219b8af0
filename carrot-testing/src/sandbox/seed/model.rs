use std::collections::{BTreeMap, BTreeSet};

use carrot_core::types::{AdminId, ChannelId, Presence, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

/// The initial state of a [`Sandbox`](crate::Sandbox), made in code or read from JSON. Both forms are
/// equivalent, so a seed made in code can be kept as a file.
///
/// ```
/// use carrot_core::types::AdminId;
/// use carrot_testing::{Sandbox, sandbox::{Seed, SeedConversation, SeedEvent, SeedPart, SeedUser}};
///
/// let ada = AdminId::new(7);
/// let seed = Seed::new()
///     .operator(ada, "Ada")
///     .user(SeedUser::external("order-42").tag("vip").event(SeedEvent::new("Order placed")))
///     .conversation(
///         SeedConversation::new("order-42", SeedPart::user("Where is it?"))
///             .part(SeedPart::operator(ada, "Question sent to the courier").note())
///             .assignee(ada),
///     );
/// let sandbox = Sandbox::builder().seed(seed.clone())?.build();
/// assert_eq!(sandbox.conversations()[0].parts_count, Some(2));
///
/// let same = Sandbox::builder().seed_json(&serde_json::to_string(&seed)?)?.build();
/// assert_eq!(same.snapshot(), sandbox.snapshot());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[must_use = "does nothing until it is given to `SandboxBuilder::seed`"]
pub struct Seed {
    pub(in crate::sandbox) operators: Vec<Named<AdminId>>,
    pub(in crate::sandbox) channels: Vec<Named<ChannelId>>,
    /// The scopes of the token; unchanged where this is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::sandbox) scopes: Option<BTreeSet<String>>,
    pub(in crate::sandbox) event_types: Vec<String>,
    pub(in crate::sandbox) users: Vec<SeedUser>,
    pub(in crate::sandbox) conversations: Vec<SeedConversation>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Named<Id> {
    pub(in crate::sandbox) id: Id,
    pub(in crate::sandbox) name: String,
}

impl Seed {
    /// Creates an empty seed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an operator, as [`SandboxBuilder::operator`](crate::sandbox::SandboxBuilder::operator) does.
    pub fn operator(mut self, id: AdminId, name: impl Into<String>) -> Self {
        let name = name.into();
        self.operators.push(Named { id, name });
        self
    }

    /// Adds a channel, as [`SandboxBuilder::channel`](crate::sandbox::SandboxBuilder::channel) does.
    pub fn channel(mut self, id: ChannelId, name: impl Into<String>) -> Self {
        let name = name.into();
        self.channels.push(Named { id, name });
        self
    }

    /// Sets the scopes of the token, as [`SandboxBuilder::scopes`](crate::sandbox::SandboxBuilder::scopes)
    /// does.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a type of event that no user had yet. A name has 1 to 255 characters.
    pub fn event_type(mut self, name: impl Into<String>) -> Self {
        self.event_types.push(name.into());
        self
    }

    /// Adds a user.
    pub fn user(mut self, user: SeedUser) -> Self {
        self.users.push(user);
        self
    }

    /// Adds a conversation.
    pub fn conversation(mut self, conversation: SeedConversation) -> Self {
        self.conversations.push(conversation);
        self
    }
}

/// A user of the initial state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[must_use = "does nothing until it is given to `Seed::user` or `SandboxBuilder::user`"]
pub struct SeedUser {
    #[serde(rename = "user_id", skip_serializing_if = "Option::is_none")]
    pub(in crate::sandbox) external: Option<String>,
    pub(in crate::sandbox) props: Map<String, Value>,
    pub(in crate::sandbox) tags: Vec<String>,
    /// The texts of operators' notes.
    pub(in crate::sandbox) notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::sandbox) presence: Option<Presence>,
    pub(in crate::sandbox) events: Vec<SeedEvent>,
}

impl SeedUser {
    /// Creates a user without properties, who is not a lead therefore.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a user with an id of your own.
    pub fn external(id: impl Into<String>) -> Self {
        Self {
            external: Some(id.into()),
            ..Self::default()
        }
    }

    /// Sets a property, taken as it is; a name with `$` in front is one of the system's.
    pub fn prop(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.props.insert(name.into(), value.into());
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        self.tags.push(name.into());
        self
    }

    /// Adds a note of an operator.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Makes the user online or idle when the sandbox starts, for two minutes as after a heartbeat.
    pub fn presence(mut self, presence: Presence) -> Self {
        self.presence = Some(presence);
        self
    }

    pub(in crate::sandbox) fn external_id(&self) -> Option<&str> {
        self.external.as_deref()
    }

    /// Adds an event of the user.
    pub fn event(mut self, event: SeedEvent) -> Self {
        self.events.push(event);
        self
    }
}

/// An event of a user in the initial state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "does nothing until it is given to `SeedUser::event`"]
pub struct SeedEvent {
    pub(in crate::sandbox) name: String,
    #[serde(default)]
    pub(in crate::sandbox) props: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::sandbox) created: Option<Timestamp>,
}

impl SeedEvent {
    /// Creates an event that happens when the sandbox starts. A name has 1 to 255 characters.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            props: BTreeMap::new(),
            created: None,
        }
    }

    /// Sets a property, taken as it is.
    pub fn prop(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.props.insert(name.into(), value.into());
        self
    }

    /// Sets when it happened, in whole seconds.
    pub fn created(mut self, moment: impl Into<Timestamp>) -> Self {
        self.created = Some(moment.into());
        self
    }
}

/// A conversation of the initial state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "does nothing until it is given to `Seed::conversation`"]
pub struct SeedConversation {
    /// The external id of its user.
    pub(in crate::sandbox) user: String,
    pub(in crate::sandbox) parts: Vec<SeedPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::sandbox) channel: Option<ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::sandbox) assignee: Option<AdminId>,
    #[serde(default)]
    pub(in crate::sandbox) tags: Vec<String>,
    #[serde(default)]
    pub(in crate::sandbox) closed: bool,
}

impl SeedConversation {
    /// Creates a conversation with the user of this external id, open, in no channel and of no operator.
    pub fn new(user: impl Into<String>, first: SeedPart) -> Self {
        Self {
            user: user.into(),
            parts: vec![first],
            channel: None,
            assignee: None,
            tags: Vec::new(),
            closed: false,
        }
    }

    /// Adds a part.
    pub fn part(mut self, part: SeedPart) -> Self {
        self.parts.push(part);
        self
    }

    /// Puts it into a channel.
    pub fn channel(mut self, id: ChannelId) -> Self {
        self.channel = Some(id);
        self
    }

    /// Gives it to an operator.
    pub fn assignee(mut self, id: AdminId) -> Self {
        self.assignee = Some(id);
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        self.tags.push(name.into());
        self
    }

    /// Closes it.
    pub fn closed(mut self) -> Self {
        self.closed = true;
        self
    }
}

/// A part of a conversation in the initial state. Its text has at most 65536 characters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "does nothing until it is given to `SeedConversation`"]
pub struct SeedPart {
    #[serde(default)]
    pub(in crate::sandbox) from: Sender,
    pub(in crate::sandbox) body: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(in crate::sandbox) kind: Option<Kind>,
}

impl SeedPart {
    fn from(from: Sender, body: impl Into<String>) -> Self {
        let (body, kind) = (body.into(), None);
        Self { from, body, kind }
    }

    /// The user writes.
    pub fn user(body: impl Into<String>) -> Self {
        Self::from(Sender::User, body)
    }

    /// An operator writes.
    pub fn operator(id: AdminId, body: impl Into<String>) -> Self {
        Self::from(Sender::Operator(id), body)
    }

    /// Nobody in particular writes for the site.
    pub fn default_admin(body: impl Into<String>) -> Self {
        Self::from(Sender::DefaultAdmin, body)
    }

    /// A bot writes.
    pub fn bot(body: impl Into<String>) -> Self {
        Self::from(Sender::Bot, body)
    }

    /// Makes it a note, which the user does not see. For a part of the user this is an error.
    pub fn note(mut self) -> Self {
        self.kind = Some(Kind::Note);
        self
    }

    /// Makes it an article. For a part of the user this is an error.
    pub fn article(mut self) -> Self {
        self.kind = Some(Kind::Article);
        self
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::sandbox) enum Sender {
    #[default]
    User,
    DefaultAdmin,
    Bot,
    Operator(AdminId),
}

impl Serialize for Sender {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::User => serializer.serialize_str("user"),
            Self::DefaultAdmin => serializer.serialize_str("default_admin"),
            Self::Bot => serializer.serialize_str("bot"),
            Self::Operator(id) => id.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Sender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match value.as_str() {
            Some("user") => Ok(Self::User),
            Some("default_admin") => Ok(Self::DefaultAdmin),
            Some("bot") => Ok(Self::Bot),
            _ => AdminId::deserialize(value)
                .map(Self::Operator)
                .map_err(|_| {
                    de::Error::custom("must be user, default_admin, bot or the id of an operator")
                }),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sandbox) enum Kind {
    #[default]
    ReplyAdmin,
    Note,
    Article,
}

impl Kind {
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::ReplyAdmin => "reply_admin",
            Self::Note => "note",
            Self::Article => "article",
        }
    }
}
