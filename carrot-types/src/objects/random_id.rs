use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};

use crate::InvalidValue;

/// A number of your choice that a new conversation part carries, to recognise it when it comes back
/// over the realtime channels.
///
/// It is not an idempotency key: nothing says that the service rejects the same number twice.
/// To recognise a part by it, take another number for each part of a conversation. It need not be
/// random: one that is made of the id of what a message replies to is the same when the work is done
/// again.
/// The vendor says 32 bits and not whether they are signed, so 1 to 2^31-1 is what can be made;
/// reading takes any 64-bit number, or the text of one, and 0 where the caller gave none.
/// Source: <https://developers.dashly.io/webapi/endpoints/conversations/reply>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RandomId(i64);

impl RandomId {
    /// The greatest number that can be made: 2^31-1.
    pub const MAX: i64 = i32::MAX as i64;

    /// Wraps a number.
    ///
    /// # Errors
    ///
    /// The number is below 1 or above [`MAX`](Self::MAX).
    pub fn new(number: impl Into<i64>) -> Result<Self, InvalidValue> {
        let number = number.into();
        if (1..=Self::MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(InvalidValue::new("random_id", "must be from 1 to 2^31-1"))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for RandomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for RandomId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RandomIdVisitor)
    }
}

struct RandomIdVisitor;

impl Visitor<'_> for RandomIdVisitor {
    type Value = RandomId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number from -2^63 to 2^63-1, or the text of one")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<RandomId, E> {
        Ok(RandomId(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<RandomId, E> {
        i64::try_from(number)
            .map(RandomId)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RandomId, E> {
        text.parse()
            .map(RandomId)
            .map_err(|_| E::invalid_value(Unexpected::Other("string"), &self))
    }
}

scalars!(RandomId);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::rejected;

    #[test]
    fn makes_positive_numbers_of_31_bits() {
        for number in [1, 1_650_977_560, RandomId::MAX] {
            assert_eq!(RandomId::new(number).expect("fits").get(), number);
        }
        for number in [i64::MIN, -1, 0, RandomId::MAX + 1, i64::MAX] {
            let error = RandomId::new(number).expect_err("does not fit");
            assert_eq!(error.field(), "random_id");
            assert_eq!(error.rule(), "must be from 1 to 2^31-1");
        }
    }

    #[test]
    fn reads_any_number_and_its_text() {
        for (json, number) in [
            ("1650977560", 1_650_977_560),
            (r#""1650977560""#, 1_650_977_560),
            ("0", 0),
            ("-9223372036854775808", i64::MIN),
            ("9223372036854775807", i64::MAX),
        ] {
            let id: RandomId = serde_json::from_str(json).expect(json);
            assert_eq!(id.get(), number);
            assert_eq!(serde_json::to_string(&id).expect(json), number.to_string());
        }
        for json in [r#""x""#, "18446744073709551615", "1.5", "true"] {
            assert!(
                rejected::<RandomId>(json).contains("a number from"),
                "{json}"
            );
        }
    }
}
