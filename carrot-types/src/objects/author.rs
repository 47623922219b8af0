use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{
        Error, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};
use serde_json::{Map, Value};

use crate::{Admin, AdminId, AdminType, MessageSender, SenderId, UserId, serde_util::lenient};

/// Who wrote a part of a conversation: `from` in the API.
///
/// An id is a user; an object is read by its `type`, and one without a type by its fields. An object
/// of a type that this version of the crate does not know is kept whole; one of a known type that is
/// broken is an error that names the field.
/// Source: <https://developers.dashly.io/objects/conversationpart>
///
/// ```
/// use carrot_types::{AdminType, Author, UserId};
///
/// let user: Author = serde_json::from_str("16588048")?;
/// assert_eq!(user.user_id(), Some(UserId::new(16_588_048)));
///
/// let operator: Author = serde_json::from_str(r#"{"id": 14709, "name": "Alex", "type": "admin"}"#)?;
/// assert_eq!(operator.name(), Some("Alex"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Author {
    /// The user, by id.
    User(UserId),
    /// An operator or a bot.
    Admin(Admin),
    /// The sender of a manual or automatic message.
    Sender(MessageSender),
    /// An object of a `type` that this version of the crate does not know, as it came.
    Other(Value),
}

impl Author {
    /// The user, if it was the user.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(*id),
            _ => None,
        }
    }

    /// The name of an operator, a bot or a sender. A user is known here by id only.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::User(_) => None,
            Self::Admin(admin) => admin.name.as_deref(),
            Self::Sender(sender) => sender.name.as_deref(),
            Self::Other(object) => object.get("name")?.as_str(),
        }
    }
}

impl From<UserId> for Author {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

impl From<Admin> for Author {
    fn from(admin: Admin) -> Self {
        Self::Admin(admin)
    }
}

impl From<MessageSender> for Author {
    fn from(sender: MessageSender) -> Self {
        Self::Sender(sender)
    }
}

impl Serialize for Author {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::User(id) => id.serialize(serializer),
            Self::Admin(admin) => admin.serialize(serializer),
            Self::Sender(sender) => sender.serialize(serializer),
            Self::Other(object) => object.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Author {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AuthorVisitor)
    }
}

struct AuthorVisitor;

impl<'de> Visitor<'de> for AuthorVisitor {
    type Value = Author;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a user, or an operator or a message sender as an object")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Author, E> {
        Ok(Author::User(UserId::new(number)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Author, E> {
        u64::try_from(number)
            .map(|number| Author::User(UserId::new(number)))
            .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Author, E> {
        lenient::parse_digits(text)
            .map(|number| Author::User(UserId::new(number)))
            .ok_or_else(|| E::invalid_value(Unexpected::Other("string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Author, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Known(index) => fields.known[index] = map.next_value()?,
                Key::Unknown(name) => {
                    fields.unknown.insert(name, map.next_value()?);
                }
            }
        }
        fields.into_author()
    }
}

const NAMES: [&str; 9] = [
    "id",
    "name",
    "avatar",
    "type",
    "name_internal",
    "email_name",
    "is_default",
    "is_removed",
    "is_bot",
];
const ID: usize = 0;
const NAME: usize = 1;
const AVATAR: usize = 2;
const TYPE: usize = 3;
const NAME_INTERNAL: usize = 4;
const EMAIL_NAME: usize = 5;
const IS_DEFAULT: usize = 6;
const IS_REMOVED: usize = 7;
const IS_BOT: usize = 8;

/// Any of these makes an object without a type a sender: operators have none of them.
const ONLY_OF_SENDERS: [usize; 4] = [EMAIL_NAME, IS_DEFAULT, IS_REMOVED, IS_BOT];

enum Key {
    /// The place in `NAMES`.
    Known(usize),
    Unknown(String),
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        match NAMES.iter().position(|known| *known == name) {
            Some(index) => Self::Known(index),
            None => Self::Unknown(name.to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(lenient::FromText::new())
    }
}

/// The entries of the object. The type often stands last, so no entry can be refused, and none of an
/// unknown type altered, before all of them are read.
#[derive(Default)]
struct Fields {
    known: [Field; NAMES.len()],
    unknown: Map<String, Value>,
}

impl Fields {
    fn into_author<E: Error>(mut self) -> Result<Author, E> {
        let is_present = |index: usize| !matches!(self.known[index], Field::Absent);
        let is_sender = match &self.known[TYPE] {
            Field::Text(tag) if tag == "message_sender" => true,
            Field::Text(tag) if AdminType::KNOWN.contains(&tag.as_str()) => false,
            Field::Absent | Field::Null => ONLY_OF_SENDERS.into_iter().any(is_present),
            _ => return Ok(Author::Other(self.into_value())),
        };
        if is_sender {
            let mut sender = MessageSender::new(
                self.id()?
                    .map(SenderId::new)
                    .ok_or_else(|| E::missing_field(NAMES[ID]))?,
            );
            sender.name = self.text(NAME)?;
            sender.avatar = self.text(AVATAR)?;
            sender.email_name = self.text(EMAIL_NAME)?;
            sender.is_default = self.flag(IS_DEFAULT)?;
            sender.is_removed = self.flag(IS_REMOVED)?;
            sender.is_bot = match &self.known[IS_BOT] {
                Field::Text(text) => Some(lenient::flag_of_text(text)),
                _ => self.flag(IS_BOT)?,
            };
            Ok(Author::Sender(sender))
        } else {
            let mut admin = Admin::new();
            admin.id = self.id()?.map(AdminId::new);
            admin.name = self.text(NAME)?;
            admin.avatar = self.text(AVATAR)?;
            admin.kind = self.text(TYPE)?.map(|tag| AdminType::from(tag.as_str()));
            admin.name_internal = self.text(NAME_INTERNAL)?;
            Ok(Author::Admin(admin))
        }
    }

    fn take(&mut self, index: usize) -> Field {
        std::mem::take(&mut self.known[index])
    }

    fn id<E: Error>(&mut self) -> Result<Option<u64>, E> {
        match self.take(ID) {
            Field::Absent | Field::Null => Ok(None),
            Field::Number(number) => Ok(Some(number)),
            Field::Text(text) => lenient::parse_digits(&text)
                .map(Some)
                .ok_or_else(|| wrong(ID, "a string of digits", &Field::Text(text))),
            other => Err(wrong(ID, "a number from 0 to 2^64-1", &other)),
        }
    }

    fn text<E: Error>(&mut self, index: usize) -> Result<Option<String>, E> {
        match self.take(index) {
            Field::Absent | Field::Null => Ok(None),
            Field::Text(text) => Ok(Some(text)),
            other => Err(wrong(index, "a string", &other)),
        }
    }

    fn flag<E: Error>(&mut self, index: usize) -> Result<Option<bool>, E> {
        match self.take(index) {
            Field::Absent | Field::Null => Ok(None),
            Field::Bool(flag) => Ok(Some(flag)),
            other => Err(wrong(index, "a boolean", &other)),
        }
    }

    fn into_value(self) -> Value {
        let mut object = self.unknown;
        for (name, field) in NAMES.into_iter().zip(self.known) {
            let value = match field {
                Field::Absent => continue,
                Field::Null => Value::Null,
                Field::Bool(flag) => flag.into(),
                Field::Number(number) => number.into(),
                Field::Text(text) => text.into(),
                Field::Whole(value) => value,
            };
            object.insert(name.to_owned(), value);
        }
        Value::Object(object)
    }
}

/// Says which field is wrong and how, but not what it holds.
fn wrong<E: Error>(index: usize, expected: &str, found: &Field) -> E {
    let found = match found {
        Field::Absent => "nothing",
        Field::Null => "null",
        Field::Bool(_) => "a boolean",
        Field::Number(_) | Field::Whole(Value::Number(_)) => "a number",
        Field::Text(_) => "a string",
        Field::Whole(Value::Array(_)) => "an array",
        Field::Whole(_) => "an object",
    };
    E::custom(format_args!(
        "field `{}`: expected {expected}, found {found}",
        NAMES[index]
    ))
}

/// One entry, in the form that it came in.
#[derive(Default)]
enum Field {
    #[default]
    Absent,
    Null,
    Bool(bool),
    Number(u64),
    Text(String),
    /// Anything else.
    Whole(Value),
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Field, E> {
        Ok(Field::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Field, E> {
        Ok(Field::Bool(flag))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Field, E> {
        Ok(Field::Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Field, E> {
        Ok(u64::try_from(number).map_or_else(|_| Field::Whole(number.into()), Field::Number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Field, E> {
        Ok(Field::Whole(number.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Field, E> {
        Ok(Field::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Field, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items)).map(Field::Whole)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Field, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(entries)).map(Field::Whole)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        AdminId, SenderId,
        serde_util::check::{reads, refused},
    };

    #[test]
    fn an_id_is_a_user() {
        for id in ["3181982", r#""3181982""#] {
            let author: Author = serde_json::from_str(id).expect(id);
            assert_eq!(author, Author::User(UserId::new(3_181_982)));
            assert_eq!(serde_json::to_string(&author).expect(id), "3181982");
        }
        for id in ["-1", r#""abc""#, r#""""#, "true", "[]"] {
            assert!(refused::<Author>(id).contains("the id of a user"), "{id}");
        }
    }

    #[test]
    fn an_object_is_read_by_its_type() {
        let admin = Admin::new().with_id(AdminId::new(14709)).with_name("Alex");
        for (tag, kind) in [
            ("admin", AdminType::Admin),
            ("bot", AdminType::Bot),
            ("default_admin", AdminType::DefaultAdmin),
        ] {
            let json = format!(r#"{{"id": 14709, "name": "Alex", "type": "{tag}"}}"#);
            let author: Author = reads(&json, &[]);
            assert_eq!(
                author,
                Author::Admin(admin.clone().with_kind(kind)),
                "{json}"
            );
        }
        let nobody: Author = reads(r#"{"type": "default_admin", "name": "Support"}"#, &[]);
        assert_eq!(nobody.name(), Some("Support"));

        let sender: Author = reads(
            r#"{
                "avatar": "https://files.dashly.app/avatars/default-v2.png",
                "email_name": "anna",
                "id": "31",
                "is_bot": true,
                "is_default": false,
                "is_removed": false,
                "name": "Anna",
                "type": "message_sender"
            }"#,
            &[],
        );
        let expected = MessageSender::new(SenderId::new(31))
            .with_avatar("https://files.dashly.app/avatars/default-v2.png")
            .with_email_name("anna")
            .with_is_bot(true)
            .with_is_default(false)
            .with_is_removed(false)
            .with_name("Anna");
        assert_eq!(sender, Author::Sender(expected));
    }

    #[test]
    fn an_untyped_object_is_read_by_fields() {
        let admin: Author = reads(r#"{"id": 7, "name_internal": "a@example.com"}"#, &[]);
        let expected = Admin::new()
            .with_id(AdminId::new(7))
            .with_name_internal("a@example.com");
        assert_eq!(admin, Author::Admin(expected));
        let null: Author = reads(r#"{"id": 7, "type": null}"#, &[]);
        assert_eq!(null, Author::Admin(Admin::new().with_id(AdminId::new(7))));
        let sender = || MessageSender::new(SenderId::new(7));
        for (field, expected) in [
            (r#""email_name": "anna""#, sender().with_email_name("anna")),
            (r#""is_default": true"#, sender().with_is_default(true)),
            (r#""is_removed": false"#, sender().with_is_removed(false)),
            (r#""is_bot": true"#, sender().with_is_bot(true)),
            (r#""is_bot": "false""#, sender().with_is_bot(false)),
        ] {
            let json = format!(r#"{{"id": 7, {field}}}"#);
            let author: Author = serde_json::from_str(&json).expect(&json);
            assert_eq!(author, Author::Sender(expected), "{json}");
        }
    }

    #[test]
    fn an_unknown_object_is_kept_whole() {
        for object in [
            json!({"type": "robot", "id": "007", "name": ["R2", "D2"], "avatar": null}),
            json!({"id": -1, "is_bot": {"a": [1.5]}, "type": "robot", "extra": {"deep": true}}),
            json!({"type": 5, "id": 1, "is_default": true}),
        ] {
            let author: Author = serde_json::from_value(object.clone()).expect("is kept");
            assert_eq!(author, Author::Other(object.clone()));
            assert_eq!(serde_json::to_value(&author).expect("encodes"), object);
        }
    }

    #[test]
    fn a_broken_object_names_the_field_only() {
        for (json, expected) in [
            (
                r#"{"id": "secret", "type": "admin"}"#,
                "field `id`: expected a string of digits, found a string",
            ),
            (r#"{"type": "bot", "id": -1}"#, "field `id`"),
            (r#"{"id": 1, "name": {"a": "secret"}}"#, "field `name`"),
            (
                r#"{"type": "admin", "avatar": ["secret"]}"#,
                "field `avatar`",
            ),
            (r#"{"type": "message_sender"}"#, "missing field `id`"),
            (
                r#"{"is_default": "secret", "id": 1, "type": "message_sender"}"#,
                "field `is_default`: expected a boolean, found a string",
            ),
            (
                r#"{"is_bot": 1.5, "id": 1, "type": "message_sender"}"#,
                "field `is_bot`: expected a boolean, found a number",
            ),
        ] {
            let error = refused::<Author>(json);
            assert!(error.contains(expected), "{json}: {error}");
            assert!(!error.contains("secret"), "{json}: {error}");
        }
    }

    #[test]
    fn unknown_fields_of_a_known_type_are_skipped() {
        let author: Author = serde_json::from_str(r#"{"id": 1, "karma": [1], "type": "admin"}"#)
            .expect("a new field does no harm");
        let expected = Admin::new()
            .with_id(AdminId::new(1))
            .with_kind(AdminType::Admin);
        assert_eq!(author, Author::Admin(expected));
    }
}
