use carrot_core::{ApiVersion, types::Timestamp};
use serde_json::{Value, json};

use crate::sandbox::{
    rules::{call::Call, id_format::IdFormat},
    store::{Author, Store},
};

const DEFAULT_AVATAR: &str = "https://files.carrotquest.io/avatars/default-v2.png";

/// Writes objects the way a request asked for them.
#[derive(Debug)]
pub(in crate::sandbox) struct View<'a> {
    pub(in crate::sandbox) store: &'a Store,
    version: ApiVersion,
    ids: IdFormat,
}

impl<'a> View<'a> {
    pub(in crate::sandbox) fn new(store: &'a Store, call: &Call) -> Self {
        Self {
            store,
            version: call.version,
            ids: call.ids(),
        }
    }

    /// For a look from a test: v2, ids as numbers.
    pub(in crate::sandbox) fn plain(store: &'a Store) -> Self {
        Self {
            store,
            version: ApiVersion::V2,
            ids: IdFormat::default(),
        }
    }

    /// For webhooks of messages: v2, ids as texts.
    pub(in crate::sandbox) fn ids_as_text(store: &'a Store) -> Self {
        Self {
            ids: IdFormat { as_text: true },
            ..Self::plain(store)
        }
    }

    pub(in crate::sandbox) fn is_v1(&self) -> bool {
        self.version == ApiVersion::V1
    }

    pub(in crate::sandbox) fn id(&self, id: u64) -> Value {
        self.ids.write(id)
    }

    pub(super) fn app(&self) -> Value {
        self.id(self.store.app.id)
    }

    pub(in crate::sandbox) fn admin(&self, id: u64) -> Value {
        let operators = &self.store.app.operators;
        let name = operators
            .iter()
            .find(|operator| operator.id == id)
            .map(|operator| &operator.name);
        json!({"id": self.id(id), "name": name, "avatar": DEFAULT_AVATAR, "type": "admin"})
    }

    pub(in crate::sandbox) fn author(&self, author: &Author) -> Value {
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

/// Whole seconds since 1970, as everywhere but in cursors and attachments.
pub(super) fn moment(micros: i64) -> Value {
    micros.div_euclid(1_000_000).into()
}

/// Seconds since 1970 with their fraction.
pub(super) fn exact_moment(micros: i64) -> Value {
    let seconds = micros.div_euclid(1_000_000);
    let nanoseconds = u32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or_default();
    let moment = Timestamp::new(seconds, nanoseconds);
    json!(moment.unwrap_or(Timestamp::from_seconds(seconds)))
}

/// A value of a property as a text; a text stays as it is.
pub(super) fn as_text(value: Value) -> Value {
    match value {
        Value::String(_) => value,
        other => other.to_string().into(),
    }
}
