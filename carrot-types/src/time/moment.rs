use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IntoDeserializer, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};

use super::date_time::UncheckedDateTime;
use crate::{
    DateTime, Timestamp,
    serde_util::from_json::{self, FromJson, Scalar},
};

/// A moment in a field for which the sources disagree: seconds since 1970, or ISO 8601 text.
///
/// A number, or a text that is a number, is a [`Timestamp`]; any other text is a [`DateTime`]. `true` says that
/// it happened and not when, as in `"removed": true`; `false` is absent in a field of a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Moment {
    /// Seconds since 1970 UTC.
    Timestamp(Timestamp),
    /// ISO 8601 text.
    DateTime(DateTime),
    /// It happened; the service does not say when. Assumed.
    Untold,
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self::Timestamp(timestamp)
    }
}

impl From<DateTime> for Moment {
    fn from(date_time: DateTime) -> Self {
        Self::DateTime(date_time)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Timestamp(timestamp) => timestamp.serialize(serializer),
            Self::DateTime(date_time) => date_time.serialize(serializer),
            Self::Untold => serializer.serialize_bool(true),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl MomentVisitor {
    fn timestamp<'de, E: Error>(number: impl IntoDeserializer<'de, E>) -> Result<Moment, E> {
        Timestamp::deserialize(number.into_deserializer()).map(Moment::Timestamp)
    }
}

impl<'de> Visitor<'de> for MomentVisitor {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970, or a date and time as text")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Moment, E> {
        match flag {
            true => Ok(Moment::Untold),
            false => Err(E::invalid_type(Unexpected::Bool(flag), &self)),
        }
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Moment, E> {
        Self::timestamp(seconds)
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Moment, E> {
        Self::timestamp(seconds)
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Moment, E> {
        Self::timestamp(seconds)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
        Ok(match text.trim().parse() {
            Ok(timestamp) => Moment::Timestamp(timestamp),
            Err(_) => Moment::DateTime(UncheckedDateTime::from(text).0),
        })
    }

    /// The form that decimal numbers of `serde_json` may have.
    fn visit_map<A: MapAccess<'de>>(self, number: A) -> Result<Moment, A::Error> {
        Timestamp::deserialize(MapAccessDeserializer::new(number)).map(Moment::Timestamp)
    }
}

impl FromJson for Moment {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match &scalar {
            Scalar::Bool(flag) => flag.then_some(Self::Untold),
            Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Some(Self::Untold),
            Scalar::Text(text) if text.eq_ignore_ascii_case("false") => None,
            _ => from_json::scalar(scalar),
        }
    }

    fn from_number(number: &str) -> Option<Self> {
        Timestamp::from_number(number).map(Self::Timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::rejected;

    #[test]
    fn reads_both_forms() {
        let seconds = Moment::from(Timestamp::from_seconds(1_449_992_424));
        for text in ["1449992424", "1449992424.0", r#"" 1449992424 ""#] {
            assert_eq!(serde_json::from_str::<Moment>(text).expect(text), seconds);
        }
        for text in ["2015-12-13T07:40:24", "yesterday", ""] {
            let json = format!("{text:?}");
            let moment: Moment = serde_json::from_str(&json).expect(text);
            let Moment::DateTime(date_time) = &moment else {
                panic!("{text} is not a timestamp");
            };
            assert_eq!(date_time.as_str(), text);
            assert_eq!(serde_json::to_string(&moment).expect(text), json);
        }
    }

    #[test]
    fn rejects_what_is_no_moment() {
        for json in ["false", "[]", "1e300", "18446744073709551615"] {
            assert!(
                rejected::<Moment>(json).contains("seconds since 1970"),
                "{json}"
            );
        }
    }
}
