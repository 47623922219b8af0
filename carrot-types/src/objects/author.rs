// An author is read field by field into `Fields`, and not by way of a `serde_json::Value`: by value the file
// has 117 lines of code, but the `Value` of each author costs 11 % of decoding a page of mixed authors
// (`benches`, the rows `decode-ids` and `decode-operators`), and authors stand in every part. A plain derive does not
// do: the `type` that says how to read an object often stands last, and an object of an unknown type is kept
// as it came.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess},
};
use serde_json::{Map, Value};

use crate::{
    Admin, AdminType, MessageSender, SenderId, UserId,
    serde_util::{
        from_json::{self, FromJson, Optional, Scalar},
        lenient::FromText,
        number,
    },
};

/// The author of a part of a conversation: `from` in the API.
///
/// An id is a user; an object is read by its `type`, and one without a type by its fields. An object of a
/// type that this version of the crate does not know is kept whole, and so is a sender without an id.
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
    /// Returns the user, if it was the user.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(*id),
            _ => None,
        }
    }

    /// Returns the name of an operator, a bot or a sender. A user is known here by id only.
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

impl FromJson for Author {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        UserId::from_scalar(scalar).map(Self::User)
    }

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut fields = Fields::default();
        let mut is_empty = true;
        while let Some(key) = map.next_key_seed(FromText::new())? {
            is_empty = false;
            match key {
                Key::Known(index) => {
                    let field = map.next_value_seed(Optional::new())?;
                    fields.known[index] = field.unwrap_or(Field::Null);
                }
                Key::Unknown(name) if name == number::NAME => {
                    let number = from_json::rest_of_number(&mut map)?;
                    return Ok(number.and_then(|number| Self::from_number(&number)));
                }
                Key::Unknown(name) => {
                    fields.unknown.insert(name, map.next_value()?);
                }
            }
        }
        Ok((!is_empty).then(|| fields.into_author()))
    }
}

impl<'de> Deserialize<'de> for Author {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_json::required(
            deserializer,
            "the id of a user, or an operator or a message sender as an object",
        )
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

/// The entries of the object. The type often stands last, so no entry can be rejected, and none of an
/// unknown type altered, before all of them are read.
#[derive(Default)]
struct Fields {
    known: [Field; NAMES.len()],
    unknown: Map<String, Value>,
}

impl Fields {
    fn into_author(mut self) -> Author {
        let is_present = |index: usize| !matches!(self.known[index], Field::Absent);
        let is_sender = match &self.known[TYPE] {
            Field::Scalar(Scalar::Text(tag)) if tag == "message_sender" => true,
            Field::Scalar(Scalar::Text(tag)) if AdminType::KNOWN.contains(&&**tag) => false,
            Field::Absent | Field::Null => ONLY_OF_SENDERS.into_iter().any(is_present),
            _ => return Author::Other(self.into_value()),
        };
        if !is_sender {
            let mut admin = Admin::new();
            admin.id = self.take(ID);
            admin.name = self.take(NAME);
            admin.avatar = self.take(AVATAR);
            admin.kind = self.take(TYPE);
            admin.name_internal = self.take(NAME_INTERNAL);
            return Author::Admin(admin);
        }
        // Without its id it is not a sender: it is kept whole.
        let Some(id) = self.known[ID].clone_id() else {
            return Author::Other(self.into_value());
        };
        let mut sender = MessageSender::new(id);
        sender.name = self.take(NAME);
        sender.avatar = self.take(AVATAR);
        sender.email_name = self.take(EMAIL_NAME);
        sender.is_default = self.take(IS_DEFAULT);
        sender.is_removed = self.take(IS_REMOVED);
        sender.is_bot = self.take(IS_BOT);
        Author::Sender(sender)
    }

    fn take<T: FromJson>(&mut self, index: usize) -> Option<T> {
        match std::mem::take(&mut self.known[index]) {
            Field::Scalar(scalar) => T::from_scalar(scalar),
            Field::Whole(Value::Number(number)) => T::from_number(&number.to_string()),
            Field::Absent | Field::Null | Field::Whole(_) => None,
        }
    }

    fn into_value(self) -> Value {
        let mut object = self.unknown;
        for (name, field) in NAMES.into_iter().zip(self.known) {
            let value = match field {
                Field::Absent => continue,
                Field::Null => Value::Null,
                Field::Scalar(scalar) => Value::from_scalar(scalar).unwrap_or_default(),
                Field::Whole(value) => value,
            };
            object.insert(name.to_owned(), value);
        }
        Value::Object(object)
    }
}

/// One entry, in the form that it came in.
#[derive(Default)]
enum Field {
    #[default]
    Absent,
    Null,
    Scalar(Scalar<'static>),
    /// A list, an object, or a number that comes as one; see [`number`].
    Whole(Value),
}

impl Field {
    fn clone_id(&self) -> Option<SenderId> {
        match self {
            Self::Scalar(Scalar::Whole(number)) => Some(SenderId::new(*number)),
            Self::Scalar(Scalar::Float(number)) => SenderId::from_scalar(Scalar::Float(*number)),
            Self::Scalar(Scalar::Text(text)) => SenderId::from_text(text),
            Self::Whole(Value::Number(number)) => SenderId::from_number(&number.to_string()),
            _ => None,
        }
    }
}

impl FromJson for Field {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        Some(Self::Scalar(scalar.into_owned()))
    }

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Ok(Value::from_list(list)?.map(Self::Whole))
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(Value::from_map(map)?.map(Self::Whole))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        AdminId, SenderId,
        serde_util::check::{reads, rejected},
    };

    #[test]
    fn an_id_is_a_user() {
        for id in ["3181982", r#""3181982""#] {
            let author: Author = serde_json::from_str(id).expect(id);
            assert_eq!(author, Author::User(UserId::new(3_181_982)));
            assert_eq!(serde_json::to_string(&author).expect(id), "3181982");
        }
        for id in ["-1", r#""abc""#, r#""""#, "true", "[]"] {
            assert!(rejected::<Author>(id).contains("the id of a user"), "{id}");
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
    fn unreadable_fields_of_known_types_are_absent() {
        let bot = Admin::new().with_kind(AdminType::Bot);
        for json in [
            r#"{"id": "secret", "type": "bot"}"#,
            r#"{"id": -1, "type": "bot"}"#,
            r#"{"id": [1], "name": {}, "avatar": [], "type": "bot"}"#,
        ] {
            let author: Author = serde_json::from_str(json).expect(json);
            assert_eq!(author, Author::Admin(bot.clone()), "{json}");
        }
        let sender = MessageSender::new(SenderId::new(1)).with_is_default(true);
        let json = r#"{"is_default": 1, "is_bot": 1.5, "id": 1, "type": "message_sender"}"#;
        let author: Author = serde_json::from_str(json).expect(json);
        assert_eq!(author, Author::Sender(sender));
    }

    #[test]
    fn decimal_that_is_an_id_is_one() {
        let sender = MessageSender::new(SenderId::new(7)).with_is_bot(true);
        for (json, expected) in [
            (r#"{"id": 7.0, "is_bot": true}"#, Author::Sender(sender)),
            (
                r#"{"id": 7.0}"#,
                Author::Admin(Admin::new().with_id(AdminId::new(7))),
            ),
            ("7.0", Author::User(UserId::new(7))),
        ] {
            assert_eq!(serde_json::from_str::<Author>(json).expect(json), expected);
        }
    }

    #[test]
    fn sender_without_id_is_kept_whole() {
        for json in [
            json!({"type": "message_sender"}),
            json!({"id": "x", "is_bot": true, "avatar": 7}),
        ] {
            let author: Author = serde_json::from_value(json.clone()).expect("kept");
            assert_eq!(author, Author::Other(json));
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
