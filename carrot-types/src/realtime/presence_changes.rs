use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Unexpected, Visitor, value::SeqAccessDeserializer},
};

use super::PresenceChange;

/// Changes of presence: a list, and an empty object as none. The vendor's sample of the envelope has
/// an empty object where the list belongs.
pub(super) struct PresenceChanges(pub(super) Vec<PresenceChange>);

impl<'de> Deserialize<'de> for PresenceChanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = PresenceChanges;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of changes")
    }

    fn visit_unit<E: Error>(self) -> Result<PresenceChanges, E> {
        Ok(PresenceChanges(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<PresenceChanges, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(items)).map(PresenceChanges)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<PresenceChanges, A::Error> {
        match entries.next_key::<String>()? {
            None => Ok(PresenceChanges(Vec::new())),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}
