use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};

use crate::{Conversation, ConversationId, lenient};

/// The conversation that a part belongs to: its id, or all of it where the request asked for that.
///
/// Source: <https://developers.dashly.io/objects/conversationpart>
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConversationRef {
    /// The id.
    Id(ConversationId),
    /// The whole conversation.
    Whole(Box<Conversation>),
}

impl ConversationRef {
    /// The id, whichever form came.
    #[must_use]
    pub fn id(&self) -> ConversationId {
        match self {
            Self::Id(id) => *id,
            Self::Whole(conversation) => conversation.id,
        }
    }
}

impl From<ConversationId> for ConversationRef {
    fn from(id: ConversationId) -> Self {
        Self::Id(id)
    }
}

impl From<Conversation> for ConversationRef {
    fn from(conversation: Conversation) -> Self {
        Self::Whole(Box::new(conversation))
    }
}

impl Serialize for ConversationRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => id.serialize(serializer),
            Self::Whole(conversation) => conversation.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ConversationRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RefVisitor)
    }
}

struct RefVisitor;

impl<'de> Visitor<'de> for RefVisitor {
    type Value = ConversationRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a conversation as an object, or an id from 0 to 2^64-1")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<ConversationRef, E> {
        Ok(ConversationRef::Id(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<ConversationRef, E> {
        u64::try_from(number)
            .map(|number| ConversationRef::Id(number.into()))
            .map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ConversationRef, E> {
        lenient::parse_digits(text)
            .map(|number| ConversationRef::Id(number.into()))
            .ok_or_else(|| E::invalid_value(Unexpected::Other("string"), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<ConversationRef, A::Error> {
        Box::deserialize(MapAccessDeserializer::new(fields)).map(ConversationRef::Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::check::{reads, refused};

    #[test]
    fn reads_an_id_and_a_whole_conversation() {
        for json in ["7179725", r#""7179725""#, r#"{"id": 7179725}"#] {
            let conversation: ConversationRef = serde_json::from_str(json).expect(json);
            assert_eq!(conversation.id(), ConversationId::new(7_179_725));
        }
        let whole: ConversationRef = reads(r#"{"id": "7", "closed": true}"#, &[]);
        let expected = Conversation::new(ConversationId::new(7)).closed(true);
        assert_eq!(whole, ConversationRef::from(expected));
    }

    #[test]
    fn refuses_what_is_neither() {
        for json in ["-1", r#""x""#, "true", "[]"] {
            assert!(
                refused::<ConversationRef>(json).contains("a conversation"),
                "{json}"
            );
        }
        assert!(refused::<ConversationRef>("{}").contains("missing field `id`"));
    }
}
