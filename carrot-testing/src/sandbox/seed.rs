//! What is there from the beginning, as JSON.

use std::{borrow::Cow, fmt, sync::Arc};

use carrot_core::types::{AdminId, ChannelId, JsonError, json};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use super::{
    SandboxBuilder, SeedUser,
    conversations::MAX_BODY_CHARS,
    state::{Author, Draft, State},
};

/// Why [`SandboxBuilder::seed_json`] refused its text. It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedError {
    path: String,
    problem: Cow<'static, str>,
}

impl SeedError {
    fn new(path: String, problem: &'static str) -> Self {
        Self {
            path,
            problem: problem.into(),
        }
    }

    /// The place, such as `users[0].props`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The problem there.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in the seed, `{}`: {}", self.path, self.problem)
    }
}

impl std::error::Error for SeedError {}

impl From<JsonError> for SeedError {
    fn from(error: JsonError) -> Self {
        Self {
            path: error.path().to_owned(),
            problem: error.problem().to_owned().into(),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Seed {
    operators: Vec<Named<AdminId>>,
    channels: Vec<Named<ChannelId>>,
    users: Vec<JsonUser>,
    conversations: Vec<SeedConversation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named<Id> {
    id: Id,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonUser {
    user_id: Option<String>,
    #[serde(default)]
    props: Map<String, Value>,
    #[serde(default)]
    tags: Vec<String>,
}

/// A conversation that is there from the beginning.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedConversation {
    /// The own id of its user.
    user: String,
    parts: Vec<SeedPart>,
    channel: Option<ChannelId>,
    assignee: Option<AdminId>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    closed: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedPart {
    #[serde(default)]
    from: Sender,
    body: String,
    #[serde(rename = "type")]
    kind: Option<Kind>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Sender {
    #[default]
    User,
    DefaultAdmin,
    Bot,
    Operator(AdminId),
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    ReplyAdmin,
    Note,
    Article,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::ReplyAdmin => "reply_admin",
            Self::Note => "note",
            Self::Article => "article",
        }
    }
}

impl SandboxBuilder {
    /// Adds what a JSON text lists: operators, channels, users and conversations. Every list and every
    /// field may be left out but `id`, `name`, `user`, `parts` and `body`; an unknown one is refused.
    ///
    /// * Operators and channels are added as [`operator`](Self::operator) and
    ///   [`channel`](Self::channel) do.
    /// * A user has an own id, `user_id`, or none. Properties are taken as they are; a name with `$` in
    ///   front is one of the system's.
    /// * A conversation names its user by the own id, of a user in the text or added before. It has at
    ///   least one part.
    /// * A part is `from` the `user`, the `default_admin`, a `bot`, or the id of an operator. One that
    ///   is not from the user may be of `type` `reply_admin`, `note` or `article`.
    ///
    /// What is left out: no tags, nobody assigned, no channel, not closed; `user` and `reply_admin`.
    /// Everything happened when the sandbox begins, in the order of the text, and sets off no webhook.
    ///
    /// ```
    /// use carrot_testing::Sandbox;
    ///
    /// let sandbox = Sandbox::builder()
    ///     .seed_json(
    ///         r#"{
    ///             "operators": [{"id": 7, "name": "Ada"}],
    ///             "channels": [{"id": 5, "name": "Sales"}],
    ///             "users": [
    ///                 {"user_id": "order-42", "props": {"$name": "Alex", "orders": 1}, "tags": ["vip"]}
    ///             ],
    ///             "conversations": [{
    ///                 "user": "order-42",
    ///                 "channel": 5,
    ///                 "assignee": 7,
    ///                 "tags": ["delivery"],
    ///                 "closed": false,
    ///                 "parts": [
    ///                     {"body": "Where is it?"},
    ///                     {"from": 7, "type": "note", "body": "Asked the courier"},
    ///                     {"from": 7, "body": "On its way"}
    ///                 ]
    ///             }]
    ///         }"#,
    ///     )?
    ///     .build();
    /// assert_eq!(sandbox.conversations()[0].parts_count, Some(3));
    /// # Ok::<(), carrot_testing::sandbox::SeedError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text is no JSON of this shape, an own id is not one of 1 to 255 characters or is there
    /// twice, or a conversation names a user, an operator or a channel that nothing added.
    pub fn seed_json(mut self, text: &str) -> Result<Self, SeedError> {
        let seed: Seed = json::read(text)?;
        for operator in seed.operators {
            self = self.operator(operator.id, operator.name);
        }
        for channel in seed.channels {
            self = self.channel(channel.id, channel.name);
        }
        let seeds = Arc::make_mut(&mut self.settings.seeds);
        for (at, user) in seed.users.into_iter().enumerate() {
            if let Some(external) = &user.user_id {
                let refuse = |problem| SeedError::new(format!("users[{at}].user_id"), problem);
                if !(1..=255).contains(&external.chars().count()) {
                    return Err(refuse("must have 1 to 255 characters"));
                }
                if !seeds.own_ids.insert(external.clone()) {
                    return Err(refuse("must differ from those of the other users"));
                }
            }
            seeds.users.push(SeedUser {
                external: user.user_id,
                props: user.props,
                tags: user.tags,
            });
        }
        for (at, conversation) in seed.conversations.iter().enumerate() {
            let checked = self.check(conversation);
            checked.map_err(|(path, problem)| {
                SeedError::new(format!("conversations[{at}].{path}"), problem)
            })?;
        }
        let seeds = Arc::make_mut(&mut self.settings.seeds);
        seeds.conversations.extend(seed.conversations);
        Ok(self)
    }

    fn check(&self, conversation: &SeedConversation) -> Result<(), (String, &'static str)> {
        let refuse = |path: &str, problem| Err((path.to_owned(), problem));
        let settings = &self.settings;
        if !settings.seeds.own_ids.contains(&conversation.user) {
            return refuse("user", "must be the `user_id` of a user");
        }
        let unknown_operator =
            |id: AdminId| settings.operators.iter().all(|one| one.id != id.get());
        if conversation.assignee.is_some_and(unknown_operator) {
            return refuse("assignee", "must be the id of an operator");
        }
        let unknown_channel =
            |id: ChannelId| settings.channels.iter().all(|one| one.id != id.get());
        if conversation.channel.is_some_and(unknown_channel) {
            return refuse("channel", "must be the id of a channel");
        }
        if conversation.parts.is_empty() {
            return refuse("parts", "must not be empty");
        }
        for (at, part) in conversation.parts.iter().enumerate() {
            match part.from {
                Sender::Operator(id) if unknown_operator(id) => {
                    return refuse(
                        &format!("parts[{at}].from"),
                        "must be the id of an operator",
                    );
                }
                Sender::User if part.kind.is_some() => {
                    return refuse(&format!("parts[{at}].type"), "is not for parts of the user");
                }
                _ if part.body.chars().count() > MAX_BODY_CHARS => {
                    return refuse(
                        &format!("parts[{at}].body"),
                        "must have at most 65536 characters",
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl State {
    /// Puts in what is there from the beginning.
    pub(super) fn seed(&mut self) {
        let seeds = Arc::clone(&self.settings.seeds);
        for seed in &seeds.users {
            let id = self.add_user(seed.external.clone());
            let (system, custom): (Map<_, _>, Map<_, _>) = seed
                .props
                .clone()
                .into_iter()
                .partition(|(name, _)| name.starts_with('$'));
            self.tag_user(id, &seed.tags);
            self.change_user(id, |user| {
                user.props = system;
                user.custom = custom;
            });
            self.follow_email(id, false);
        }
        for seed in &seeds.conversations {
            if let Some(user) = self.by_external.get(&seed.user).copied() {
                self.seed_conversation(user, seed);
            }
        }
    }

    fn seed_conversation(&mut self, user: u64, seed: &SeedConversation) {
        let id = self.begin_conversation(user, "popup_chat", None);
        for part in &seed.parts {
            let author = match part.from {
                Sender::User => Author::User(user),
                Sender::DefaultAdmin => Author::DefaultAdmin,
                Sender::Bot => Author::Bot("Bot".to_owned()),
                Sender::Operator(id) => Author::Admin(id.get()),
            };
            let kind = match part.from {
                Sender::User => "reply_user",
                _ => part.kind.unwrap_or_default().name(),
            };
            self.append_unheard(id, Draft::new(kind, author).body(&part.body));
        }
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.channel = seed.channel.map(ChannelId::get);
            conversation.assignee = seed.assignee.map(AdminId::get);
            conversation.tags.clone_from(&seed.tags);
            conversation.closed = seed.closed;
            if seed.closed {
                conversation.group = None;
            }
        }
    }
}
