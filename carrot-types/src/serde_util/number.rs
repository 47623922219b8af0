//! Numbers that come as objects.
//!
//! With its feature `arbitrary_precision`, which any crate of a program can switch on, serde_json hands the
//! numbers that are no 64-bit integer over as an object with one member.

use serde::de::{DeserializeSeed, IgnoredAny, IntoDeserializer, MapAccess};

use super::{
    from_json::{FromJson, Optional},
    object::Object,
};

/// The name of that member.
const NAME: &str = "$serde_json::private::Number";

/// Reads an optional object, or a number that stands in its place.
pub(crate) fn object_or_number<'de, A, T>(mut map: A) -> Result<Option<T>, A::Error>
where
    A: MapAccess<'de>,
    T: FromJson + Object,
{
    let Some(first) = map.next_key::<String>()? else {
        return Ok(None);
    };
    if first == NAME {
        let number = map.next_value_seed(Optional::<String>::new())?;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        return Ok(number.and_then(|number| T::from_number(&number)));
    }
    let first = Some(first);
    T::read::<_, true>(KnownFirst { first, rest: map })
}

/// An object of which the first key was read.
struct KnownFirst<A> {
    first: Option<String>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for KnownFirst<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(first) => seed.deserialize(first.into_deserializer()).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.rest.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use crate::{AdminId, Conversation, ConversationPart};

    #[test]
    fn number_stands_in_place_of_an_object() {
        for number in [r#"{"$serde_json::private::Number": "7.0"}"#, "7.0", "7"] {
            let json = format!(r#"{{"id": 1, "conversation": {number}, "assignee": {number}}}"#);
            let part: ConversationPart = serde_json::from_str(&json).expect(&json);
            let assignee = part.assignee.value().and_then(|admin| admin.id);
            assert_eq!(assignee, Some(AdminId::new(7)), "{json}");
            let conversation = part
                .conversation
                .map(|conversation| conversation.id().get());
            assert_eq!(conversation, Some(7), "{json}");
        }
        for odd in [
            r#"{"$serde_json::private::Number": []}"#,
            "{}",
            r#"{"x": 1}"#,
        ] {
            let json = format!(r#"{{"id": 1, "user": {odd}, "part_last": {odd}, "closed": true}}"#);
            let read: Conversation = serde_json::from_str(&json).expect(&json);
            assert_eq!(
                (read.user, read.part_last, read.closed),
                (None, None, Some(true))
            );
        }
    }
}
