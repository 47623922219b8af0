use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    InvalidValue,
    serde_util::from_json::{FromJson, Scalar},
};

/// A number of your choice that a new conversation part carries, to recognise it when it comes back
/// over the realtime channels.
///
/// It is not an idempotency key: nothing says that the service rejects the same number twice.
/// To recognise a part by it, take another number for each part of a conversation. It need not be
/// random: [`from_key`](Self::from_key) makes one of the id of what a message replies to, which is the
/// same when the work is done again.
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

    /// Makes the number of a key, such as the id of what a message replies to: the same key always has the
    /// same number, on every platform and in every version of this crate.
    ///
    /// It is the 64-bit FNV-1a hash of the bytes, modulo 2^31-1, plus 1. Two keys may have the same number:
    /// among 1,000 keys the chance is 1 in 4,300.
    ///
    /// ```
    /// use carrot_types::RandomId;
    ///
    /// let number = RandomId::from_key("order-42/shipped");
    /// assert_eq!(number.get(), 892_959_585);
    /// ```
    #[must_use]
    pub fn from_key(key: impl AsRef<[u8]>) -> Self {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        let bytes = key.as_ref().iter().map(|byte| u64::from(*byte));
        let hash = bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ byte).wrapping_mul(PRIME));
        Self((hash % Self::MAX as u64) as i64 + 1)
    }

    /// Returns the number.
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

impl FromJson for RandomId {
    const EXPECTED: &'static str = "a number from -2^63 to 2^63-1, or the text of one";

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        i64::from_scalar(scalar).map(Self)
    }
}

impl<'de> Deserialize<'de> for RandomId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_required(deserializer)
    }
}

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
    fn number_of_a_key_never_changes() {
        for (key, number) in [
            ("", 470_244_594),
            ("a", 1_690_936_616),
            ("foobar", 39_971_535),
            ("order-42/shipped", 892_959_585),
            ("\u{437}\u{430}\u{43a}\u{430}\u{437}", 1_253_092_308),
        ] {
            assert_eq!(RandomId::from_key(key).get(), number, "{key}");
            assert_eq!(RandomId::from_key(key.as_bytes()).get(), number);
        }
        let numbers = (0..10_000_u32).map(|n| RandomId::from_key(n.to_string()));
        for id in numbers {
            RandomId::new(id.get()).expect("a number that can be sent");
        }
    }

    #[test]
    fn reads_any_number_and_its_text() {
        for (json, number) in [
            ("1650977560", 1_650_977_560),
            (r#""1650977560""#, 1_650_977_560),
            ("1650977560.0", 1_650_977_560),
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
