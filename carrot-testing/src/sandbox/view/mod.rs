//! The objects as the service writes them.

mod channel;
mod conversation;
mod user;

use carrot_core::{ApiVersion, types::Timestamp};
use serde_json::{Value, json};

pub(super) use self::{conversation::ConversationFields, user::UserFields};
use super::{
    request::Call,
    state::{Author, State},
};

const DEFAULT_AVATAR: &str = "https://files.carrotquest.io/avatars/default-v2.png";

/// Writes objects the way a request asked for them.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) state: &'a State,
    version: ApiVersion,
    ids_as_text: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(state: &'a State, call: &Call) -> Self {
        Self {
            state,
            version: call.version,
            ids_as_text: call.parameters.is_set("id_as_string"),
        }
    }

    /// For a look from a test: v2, ids as numbers.
    pub(super) fn plain(state: &'a State) -> Self {
        Self {
            state,
            version: ApiVersion::V2,
            ids_as_text: false,
        }
    }

    /// For webhooks of messages: v2, ids as texts.
    pub(super) fn ids_as_text(state: &'a State) -> Self {
        Self {
            ids_as_text: true,
            ..Self::plain(state)
        }
    }

    pub(super) fn is_v1(&self) -> bool {
        self.version == ApiVersion::V1
    }

    pub(super) fn id(&self, id: u64) -> Value {
        if self.ids_as_text {
            id.to_string().into()
        } else {
            id.into()
        }
    }

    fn app(&self) -> Value {
        self.id(self.state.settings.app)
    }

    pub(super) fn admin(&self, id: u64) -> Value {
        let operators = &self.state.settings.operators;
        let name = operators
            .iter()
            .find(|operator| operator.id == id)
            .map(|operator| &operator.name);
        json!({"id": self.id(id), "name": name, "avatar": DEFAULT_AVATAR, "type": "admin"})
    }

    pub(super) fn author(&self, author: &Author) -> Value {
        match author {
            Author::User(id) => self.id(*id),
            Author::Admin(id) => self.admin(*id),
            // Without an id, as in the vendor's samples.
            Author::DefaultAdmin => {
                json!({"name": "Support", "avatar": DEFAULT_AVATAR, "type": "default_admin"})
            }
            Author::Bot(name) => json!({"name": name, "avatar": DEFAULT_AVATAR, "type": "bot"}),
        }
    }
}

/// Seconds since 1970, whole where they are.
fn moment(micros: i64) -> Value {
    let seconds = micros.div_euclid(1_000_000);
    let nanoseconds = u32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    let moment = Timestamp::new(seconds, nanoseconds);
    json!(moment.unwrap_or(Timestamp::from_seconds(seconds)))
}

/// A value of a property as a text; a text stays as it is.
fn as_text(value: Value) -> Value {
    match value {
        Value::String(_) => value,
        other => other.to_string().into(),
    }
}
