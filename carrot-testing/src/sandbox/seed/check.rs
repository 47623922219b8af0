use std::{collections::HashSet, sync::Arc};

use carrot_core::{
    ApiContext, Endpoint,
    types::{AdminId, ChannelId, Presence, UserRef, json},
    users,
};
use serde_json::Value;

use super::{
    error::SeedError,
    model::{Seed, SeedConversation, SeedUser, Sender},
};
use crate::sandbox::{builder::SandboxBuilder, rules::text::MAX_BODY_CHARS, settings::SCOPES};

impl SandboxBuilder {
    /// Adds what a [`Seed`] in JSON lists: `operators`, `channels`, `event_types`, `users` and
    /// `conversations`; `scopes` are the scopes of the token. Every list and every field may be absent
    /// but `id`, `name`, `user`, `parts` and `body`; an unknown field is an error.
    ///
    /// * Operators and channels are added as [`operator`](Self::operator) and
    ///   [`channel`](Self::channel) do.
    /// * A user has an external id, `user_id`, or none. Properties are taken as they are; a name with `$` in
    ///   front is one of the system's. `presence` is `online` or `idle`, `notes` are texts.
    /// * An event has a `name`, and may have `props` and the time it was `created`, in seconds.
    /// * A conversation names its user by the external id, of a user in the text or added before. It has at
    ///   least one part.
    /// * A part is `from` the `user`, the `default_admin`, a `bot`, or the id of an operator. One that
    ///   is not from the user may be of `type` `reply_admin`, `note` or `article`.
    ///
    /// Defaults: no tags, no assignee, no channel, not closed; `user` and `reply_admin`.
    /// Everything happens when the sandbox starts, in the order of the text, and sends no webhook.
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
    ///                 {"user_id": "order-42", "props": {"$name": "Alex", "orders": 1}, "tags": ["vip"],
    ///                  "events": [{"name": "Order placed", "props": {"sum": 990}}]}
    ///             ],
    ///             "conversations": [{
    ///                 "user": "order-42",
    ///                 "channel": 5,
    ///                 "assignee": 7,
    ///                 "tags": ["delivery"],
    ///                 "closed": false,
    ///                 "parts": [
    ///                     {"body": "Where is it?"},
    ///                     {"from": 7, "type": "note", "body": "Question sent to the courier"},
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
    /// The text is not JSON of this shape, or it is a seed that [`seed`](Self::seed) rejects.
    pub fn seed_json(self, text: &str) -> Result<Self, SeedError> {
        let seed = json::read(text)?;
        // A list would be read as the fields of an object in their order, and an empty one as an empty seed.
        if let Ok(json) = serde_json::from_str(text) {
            if let Some(path) = list_for_object("", &json) {
                return Err(SeedError::new(path, "must be an object"));
            }
        }
        self.seed(seed)
    }

    /// Adds what a seed lists. Everything happens when the sandbox starts, in the order of the seed,
    /// and sends no webhook.
    ///
    /// # Errors
    ///
    /// An id is 0, an external id, a tag or a name is not one of 1 to 255 characters, an external id is one that no
    /// request can name, such as `..`, one of them is there twice, a scope is not one of the service, the name of a property is empty, a
    /// presence does not exist, or a conversation names a user, an operator or a channel that nothing
    /// added.
    pub fn seed(mut self, seed: Seed) -> Result<Self, SeedError> {
        // The defaults are replaced by the first of one's own.
        let app = &self.settings.app;
        let known = app.operators.iter().filter(|_| self.own_operators);
        let operators = seed.operators.iter().map(|one| one.id.get());
        check_ids(known.map(|one| one.id), operators, "operators")?;
        for (at, operator) in seed.operators.iter().enumerate() {
            check_length(&operator.name, || format!("operators[{at}].name"))?;
        }
        for (at, channel) in seed.channels.iter().enumerate() {
            check_length(&channel.name, || format!("channels[{at}].name"))?;
        }
        let known = app.channels.iter().filter(|_| self.own_channels);
        let channels = seed.channels.iter().map(|one| one.id.get());
        check_ids(known.map(|one| one.id), channels, "channels")?;
        let mut scopes = seed.scopes.iter().flatten();
        if scopes.any(|scope| !SCOPES.contains(&scope.as_str())) {
            let rule = "must all be scopes of the service";
            return Err(SeedError::new("scopes".to_owned(), rule));
        }
        for operator in seed.operators {
            self = self.operator(operator.id, operator.name);
        }
        for channel in seed.channels {
            self = self.channel(channel.id, channel.name);
        }
        if let Some(scopes) = seed.scopes {
            self = self.scopes(scopes);
        }
        for (at, name) in seed.event_types.iter().enumerate() {
            check_length(name, || format!("event_types[{at}]"))?;
        }
        let seeds = Arc::make_mut(&mut self.settings.seeds);
        seeds.event_types.extend(seed.event_types);
        for (at, user) in seed.users.into_iter().enumerate() {
            check_user(&user).map_err(|(path, problem)| {
                SeedError::new(format!("users[{at}].{path}"), problem)
            })?;
            if let Some(external) = &user.external {
                if !seeds.external_ids.insert(external.clone()) {
                    let rule = "must differ from those of the other users";
                    return Err(SeedError::new(format!("users[{at}].user_id"), rule));
                }
            }
            seeds.users.push(user);
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
        let invalid = |path: &str, problem| Err((path.to_owned(), problem));
        let settings = &self.settings;
        if !settings.seeds.external_ids.contains(&conversation.user) {
            return invalid("user", "must be the `user_id` of a user");
        }
        let unknown_operator =
            |id: AdminId| settings.app.operators.iter().all(|one| one.id != id.get());
        if conversation.assignee.is_some_and(unknown_operator) {
            return invalid("assignee", "must be the id of an operator");
        }
        let unknown_channel =
            |id: ChannelId| settings.app.channels.iter().all(|one| one.id != id.get());
        if conversation.channel.is_some_and(unknown_channel) {
            return invalid("channel", "must be the id of a channel");
        }
        check_tags(&conversation.tags)?;
        if conversation.parts.is_empty() {
            return invalid("parts", "must not be empty");
        }
        for (at, part) in conversation.parts.iter().enumerate() {
            match part.from {
                Sender::Operator(id) if unknown_operator(id) => {
                    return invalid(
                        &format!("parts[{at}].from"),
                        "must be the id of an operator",
                    );
                }
                Sender::User if part.kind.is_some() => {
                    return invalid(&format!("parts[{at}].type"), "is not for parts of the user");
                }
                _ if part.body.chars().count() > MAX_BODY_CHARS => {
                    return invalid(
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

/// The first place at which a list stands instead of an object; `.` for the whole.
fn list_for_object(path: &str, value: &Value) -> Option<String> {
    let Value::Object(fields) = value else {
        let path = if path.is_empty() { "." } else { path };
        return Some(path.to_owned());
    };
    // Properties hold what the user says.
    let lists = fields.iter().filter(|(name, _)| *name != "props");
    let mut items = lists.filter_map(|(name, value)| Some((name, value.as_array()?)));
    items.find_map(|(name, items)| {
        let mut items = items.iter().enumerate();
        items.find_map(|(at, item)| {
            let dot = if path.is_empty() { "" } else { "." };
            // Lists of texts are lists of texts: what else is in them was an error.
            (item.is_array() || item.is_object())
                .then(|| list_for_object(&format!("{path}{dot}{name}[{at}]"), item))?
        })
    })
}

/// True for an external id that the path of a request can hold.
fn can_be_named(external: &str) -> bool {
    let get = users::Get::new(UserRef::external(external));
    get.request(&ApiContext::default()).is_ok()
}

fn is_of_length(text: &str) -> bool {
    (1..=255).contains(&text.chars().count())
}

const LENGTH: &str = "must have 1 to 255 characters";

fn check_length(text: &str, path: impl FnOnce() -> String) -> Result<(), SeedError> {
    if is_of_length(text) {
        return Ok(());
    }
    Err(SeedError::new(path(), LENGTH))
}

fn check_ids(
    known: impl Iterator<Item = u64>,
    ids: impl Iterator<Item = u64>,
    list: &str,
) -> Result<(), SeedError> {
    let mut seen: HashSet<u64> = known.collect();
    for (at, id) in ids.enumerate() {
        let problem = match id {
            0 => "must be an id of 1 or more",
            id if !seen.insert(id) => "must differ from those of the other entries",
            _ => continue,
        };
        return Err(SeedError::new(format!("{list}[{at}].id"), problem));
    }
    Ok(())
}

fn check_tags(tags: &[String]) -> Result<(), (String, &'static str)> {
    for (at, tag) in tags.iter().enumerate() {
        if !is_of_length(tag) {
            return Err((format!("tags[{at}]"), LENGTH));
        }
        if tags[..at].contains(tag) {
            return Err((format!("tags[{at}]"), "must differ from the other tags"));
        }
    }
    Ok(())
}

fn check_user(user: &SeedUser) -> Result<(), (String, &'static str)> {
    if user.external.as_deref().is_some_and(|id| !is_of_length(id)) {
        return Err(("user_id".to_owned(), LENGTH));
    }
    if user.external.as_deref().is_some_and(|id| !can_be_named(id)) {
        let rule = "must be an id that a request can name: without control characters, and neither `.` nor `..`";
        return Err(("user_id".to_owned(), rule));
    }
    let exists = [Presence::Online, Presence::Idle, Presence::Offline];
    if user
        .presence
        .as_ref()
        .is_some_and(|one| !exists.contains(one))
    {
        let rule = "must be online, idle or offline";
        return Err(("presence".to_owned(), rule));
    }
    if user.props.keys().any(String::is_empty) {
        return Err(("props".to_owned(), "must not have an empty name"));
    }
    check_tags(&user.tags)?;
    for (at, event) in user.events.iter().enumerate() {
        if !is_of_length(&event.name) {
            return Err((format!("events[{at}].name"), LENGTH));
        }
    }
    Ok(())
}
