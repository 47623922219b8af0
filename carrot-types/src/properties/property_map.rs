use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

/// Properties by name, in the order of their names.
///
/// The values are JSON as it came: numbers, strings, booleans and lists of strings; dates are
/// strings. System properties begin with `$`.
/// Source: <https://developers.dashly.io/props>
pub type PropertyMap = BTreeMap<String, Value>;

/// Reads an object, and `null` or an empty string as no properties: a sample of the vendor has an
/// empty string where a dictionary belongs.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PropertyMap, D::Error> {
    deserializer.deserialize_any(MapVisitor)
}

struct MapVisitor;

impl<'de> Visitor<'de> for MapVisitor {
    type Value = PropertyMap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<PropertyMap, E> {
        Ok(PropertyMap::new())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<PropertyMap, E> {
        if text.is_empty() {
            Ok(PropertyMap::new())
        } else {
            Err(E::invalid_type(Unexpected::Other("string"), &self))
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<PropertyMap, A::Error> {
        PropertyMap::deserialize(MapAccessDeserializer::new(entries))
    }
}
