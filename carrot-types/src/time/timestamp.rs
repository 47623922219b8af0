use std::{
    fmt,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};
use serde_json::Number;

use crate::{
    InvalidValue,
    serde_util::from_json::{self, FromJson, Scalar},
};

const NANOS_PER_SECOND: u32 = 1_000_000_000;
const RULE: &str = "must be seconds since 1970 UTC: digits, with up to nine decimals after a dot";

/// A moment in seconds since 1970-01-01 UTC, to the nanosecond.
///
/// The service sends whole seconds in some places and decimal seconds in others, as a number or as a
/// string; all are read without losing a digit, and so is ISO 8601 text with `Z` or an offset. Text
/// without one is rejected, and absent in a field of a model: its time zone is not known. Written as a number,
/// or as a string of digits where no JSON number of 64-bit floats would hold the same value.
/// Source: <https://developers.dashly.io/webapi/types/>
///
/// ```
/// use carrot_types::Timestamp;
///
/// let created: Timestamp = serde_json::from_str("1684923942.123456")?;
/// assert_eq!(created.seconds(), 1_684_923_942);
/// assert_eq!(created.nanoseconds(), 123_456_000);
/// assert_eq!(serde_json::to_string(&created)?, "1684923942.123456");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    /// Counts forward from `seconds`, also before 1970.
    nanoseconds: u32,
}

impl Timestamp {
    /// Creates a moment of whole seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self {
            seconds,
            nanoseconds: 0,
        }
    }

    /// Creates a moment of a second and the nanoseconds after it.
    ///
    /// # Errors
    ///
    /// `nanoseconds` is a whole second (1,000,000,000) or more.
    pub fn new(seconds: i64, nanoseconds: u32) -> Result<Self, InvalidValue> {
        if nanoseconds >= NANOS_PER_SECOND {
            return Err(InvalidValue::new(
                "nanoseconds",
                "must be below 1,000,000,000",
            ));
        }
        Ok(Self {
            seconds,
            nanoseconds,
        })
    }

    /// Returns the whole seconds since 1970-01-01 UTC, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds after [`seconds`](Self::seconds), 0 to 999,999,999.
    #[must_use]
    pub const fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }
}

impl From<i64> for Timestamp {
    fn from(seconds: i64) -> Self {
        Self::from_seconds(seconds)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self {
                seconds: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                nanoseconds: after.subsec_nanos(),
            },
            Err(error) => {
                let before = error.duration();
                let seconds = i64::try_from(before.as_secs()).map_or(i64::MIN, |seconds| -seconds);
                match before.subsec_nanos() {
                    0 => Self::from_seconds(seconds),
                    // They count forward from the second before.
                    nanoseconds => Self {
                        seconds: seconds.saturating_sub(1),
                        nanoseconds: NANOS_PER_SECOND - nanoseconds,
                    },
                }
            }
        }
    }
}

/// Decimal seconds without trailing zeros: `1684923942.123456`, `1684923942`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanoseconds == 0 {
            return self.seconds.fmt(f);
        }
        // Before 1970 the digits count backwards from the next second.
        let (sign, seconds, nanoseconds) = if self.seconds < 0 {
            let whole = (self.seconds + 1).unsigned_abs();
            ("-", whole, NANOS_PER_SECOND - self.nanoseconds)
        } else {
            ("", self.seconds.unsigned_abs(), self.nanoseconds)
        };
        let decimals = format!("{nanoseconds:09}");
        write!(f, "{sign}{seconds}.{}", decimals.trim_end_matches('0'))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidValue;

    /// Reads decimal seconds.
    ///
    /// # Errors
    ///
    /// Anything but digits with an optional minus and up to nine decimals, or a number of seconds
    /// beyond 64 bits.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        parse(text).ok_or_else(|| InvalidValue::new("timestamp", RULE))
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, decimals) = match digits.split_once('.') {
        Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
        Some(_) => return None,
        None => (digits, ""),
    };
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(decimals) {
        return None;
    }
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > 9 {
        return None;
    }
    let magnitude: i128 = whole.parse::<u64>().ok()?.into();
    let nanoseconds: u32 = format!("{decimals:0<9}").parse().ok()?;
    let (seconds, nanoseconds) = match (negative, nanoseconds) {
        (false, nanoseconds) => (magnitude, nanoseconds),
        (true, 0) => (-magnitude, 0),
        (true, nanoseconds) => (-magnitude - 1, NANOS_PER_SECOND - nanoseconds),
    };
    Some(Timestamp {
        seconds: seconds.try_into().ok()?,
        nanoseconds,
    })
}

/// A date and time with its offset from UTC. Without the offset nobody knows which moment is meant, and the
/// second after `23:59:59` has no number.
fn iso_8601(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok().filter(|_| !text.contains(":60"))?;
    let nanoseconds = moment.as_nanosecond();
    let per_second = i128::from(NANOS_PER_SECOND);
    Some(Timestamp {
        seconds: nanoseconds.div_euclid(per_second).try_into().ok()?,
        nanoseconds: nanoseconds.rem_euclid(per_second).try_into().ok()?,
    })
}

/// The common case without printing digits: seconds of our time with up to six decimals.
///
/// Below 2^33 neighbouring floats are closer than a microsecond, so no two numbers of microseconds
/// share a float, and the one that gives this float back has its shortest digits.
fn microseconds(seconds: f64) -> Option<Timestamp> {
    const MICROS_PER_SECOND: i64 = 1_000_000;
    if !(0.0..8_589_934_592.0).contains(&seconds) {
        return None;
    }
    let micros = (seconds * 1e6).round();
    if micros / 1e6 != seconds {
        return None;
    }
    // Whole and below 2^53: the casts lose nothing.
    let micros = micros as i64;
    Some(Timestamp {
        seconds: micros / MICROS_PER_SECOND,
        nanoseconds: (micros % MICROS_PER_SECOND) as u32 * 1000,
    })
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.nanoseconds == 0 {
            return serializer.serialize_i64(self.seconds);
        }
        let text = self.to_string();
        match text.parse::<f64>() {
            // The shortest digits of a float are what a reader gets back.
            Ok(number) if number.to_string() == text => serializer.serialize_f64(number),
            _ => serializer.serialize_str(&text),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl<'de> Visitor<'de> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970, as a number or a string, with up to nine decimals, or ISO 8601 with an offset")
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Timestamp, E> {
        Ok(Timestamp::from_seconds(seconds))
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Timestamp, E> {
        i64::try_from(seconds)
            .map(Timestamp::from_seconds)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(seconds), &self))
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Timestamp, E> {
        microseconds(seconds)
            // `Display` of a float prints its shortest digits and never an exponent.
            .or_else(|| parse(&seconds.to_string()))
            .ok_or_else(|| E::invalid_value(Unexpected::Float(seconds), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        parse(text.trim())
            .or_else(|| iso_8601(text.trim()))
            .ok_or_else(|| E::invalid_value(Unexpected::Other("string"), &self))
    }

    /// Any crate of a program can switch on the feature `arbitrary_precision` of `serde_json`, which
    /// then gives decimal numbers in a map of its own.
    fn visit_map<A: MapAccess<'de>>(self, number: A) -> Result<Timestamp, A::Error> {
        let number = Number::deserialize(MapAccessDeserializer::new(number))?.to_string();
        Timestamp::from_number(&number)
            .ok_or_else(|| A::Error::invalid_value(Unexpected::Other("number"), &self))
    }
}

impl FromJson for Timestamp {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        from_json::scalar(scalar)
    }

    /// With every digit, also those that a float loses.
    fn from_number(number: &str) -> Option<Self> {
        parse(number).or_else(|| Self::from_scalar(Scalar::of_number(number)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> Timestamp {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn reads_the_time_of_the_system() {
        let half = std::time::Duration::from_millis(500);
        for (time, seconds, nanoseconds) in [
            (UNIX_EPOCH, 0, 0),
            (UNIX_EPOCH + 3 * half, 1, 500_000_000),
            (UNIX_EPOCH - 2 * half, -1, 0),
            (UNIX_EPOCH - 3 * half, -2, 500_000_000),
        ] {
            let read = Timestamp::from(time);
            assert_eq!((read.seconds(), read.nanoseconds()), (seconds, nanoseconds));
        }
    }

    #[test]
    fn reads_iso_8601_where_the_moment_is_known() {
        for (text, seconds, nanoseconds) in [
            ("2023-11-14T22:13:20Z", 1_700_000_000, 0),
            (
                "2023-11-15T01:13:20.661001+03:00",
                1_700_000_000,
                661_001_000,
            ),
            (
                "2023-11-14 22:13:20.123456789+00:00",
                1_700_000_000,
                123_456_789,
            ),
            ("1969-12-31T23:59:59.75Z", -1, 750_000_000),
            (" 1700000000 ", 1_700_000_000, 0),
        ] {
            let read = json(&format!("{text:?}"));
            assert_eq!(
                (read.seconds(), read.nanoseconds()),
                (seconds, nanoseconds),
                "{text}"
            );
        }
        for text in [
            "2023-11-14T22:13:20",
            "2023-11-14",
            "2016-12-31T23:59:60Z",
            "2023-02-30T10:00:00Z",
            "yesterday",
        ] {
            let json = format!("{text:?}");
            assert!(serde_json::from_str::<Timestamp>(&json).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_seconds_in_every_form() {
        for (text, seconds, nanoseconds) in [
            ("1449992424", 1_449_992_424, 0),
            ("\"1449992424\"", 1_449_992_424, 0),
            ("1436614153.123456", 1_436_614_153, 123_456_000),
            ("\"1436614153.123456789\"", 1_436_614_153, 123_456_789),
            ("1440423367.0", 1_440_423_367, 0),
            ("-0.5", -1, 500_000_000),
            ("0", 0, 0),
        ] {
            let read = json(text);
            assert_eq!(
                (read.seconds(), read.nanoseconds()),
                (seconds, nanoseconds),
                "{text}"
            );
        }
    }

    #[test]
    fn rejects_what_is_no_timestamp() {
        for text in [
            "\"\"",
            "\"-\"",
            "\"1.\"",
            "\".5\"",
            "\"+1\"",
            "\"1e3\"",
            "\"1.0000000001\"",
            "true",
            "null",
            "[]",
            "1e300",
            "\"2015-11-14\"",
            "18446744073709551615",
            "0.12345678901234",
        ] {
            assert!(serde_json::from_str::<Timestamp>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_survives_json_and_text(seconds: i64, nanoseconds in 0..NANOS_PER_SECOND) {
            let moment = Timestamp::new(seconds, nanoseconds)?;
            prop_assert_eq!(moment.to_string().parse::<Timestamp>()?, moment);
            let written = serde_json::to_string(&moment)?;
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&written)?, moment);
        }

        #[test]
        fn microseconds_are_written_unchanged(
            micros in 1_000_000_000_000_000_u64..4_000_000_000_000_000
        ) {
            let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            let number: f64 = text.parse()?;
            let written = serde_json::to_value(json(&text))?;
            prop_assert!(written.is_number());
            prop_assert_eq!(written.as_f64(), Some(number));
        }

        #[test]
        fn a_float_is_read_as_its_shortest_digits(
            seconds in prop_oneof![
                any::<f64>(),
                0.0..1e10,
                (0_u64..1 << 53, 0..10).prop_map(|(n, places)| n as f64 / 10_f64.powi(places)),
            ]
        ) {
            let read = serde_json::from_value::<Timestamp>(seconds.into()).ok();
            prop_assert_eq!(read, parse(&seconds.to_string()));
        }

        #[test]
        fn any_text_is_read_or_rejected(text in ".*") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
