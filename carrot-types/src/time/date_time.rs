use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::civil;
use crate::InvalidValue;

/// A date and time as ISO 8601 text, kept byte for byte.
///
/// The service writes `2015-12-17T13:01:32` in properties (no zone) and
/// `2018-11-20T09:25:28.661001+03:00` in the state of an e-mail address. Reading takes any text, so
/// that a response does not fail because of a new form; making one checks the form.
/// Source: <https://developers.dashly.io/props>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DateTime(Box<str>);

impl DateTime {
    /// Creates a date from `YYYY-MM-DD`, optionally followed by `THH:MM:SS`, decimals of the second, and
    /// `Z` or an offset such as `+03:00`.
    ///
    /// # Errors
    ///
    /// The text has another form, or the calendar has no such day or time: `2015-02-31`, `13:25:60`. The
    /// leap second `23:59:60` is a time.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, InvalidValue> {
        let text = text.into();
        if is_iso_8601(&text) {
            Ok(Self(text))
        } else {
            Err(InvalidValue::new(
                "date",
                "must be a date and time of the calendar, written YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS with \
                 optional decimals and offset",
            ))
        }
    }

    /// Returns the text as it stands in the API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DateTime {
    type Err = InvalidValue;

    /// The same as [`DateTime::new`].
    ///
    /// # Errors
    ///
    /// As [`DateTime::new`].
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::new(text)
    }
}

/// A text that the service sent, in whatever form.
impl From<&str> for UncheckedDateTime {
    fn from(text: &str) -> Self {
        Self(DateTime(text.into()))
    }
}

/// A moment that came in a response and is not checked.
pub(super) struct UncheckedDateTime(pub(super) DateTime);

fn is_iso_8601(text: &str) -> bool {
    // The only second that the calendar lacks and a clock may show.
    const LEAP: &str = "T23:59:60";
    let plain = match text.get(10..19) {
        Some(LEAP) => text.replacen(LEAP, "T23:59:59", 1),
        _ => text.to_owned(),
    };
    civil::parse(&plain).is_ok_and(|civil| match civil.time {
        None => civil.rest.is_empty(),
        Some(_) => civil::is_decimals_and_offset(civil.rest),
    })
}

scalars!(DateTime);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn makes_the_forms_of_the_vendor() {
        for text in [
            "2015-09-13",
            "2015-09-13T13:25:05",
            "2018-11-20T09:25:28.661001+03:00",
            "2018-11-20T09:25:28Z",
            "2016-12-31T23:59:60-11:30",
            "2016-02-29",
        ] {
            assert_eq!(DateTime::new(text).expect(text).as_str(), text);
        }
    }

    #[test]
    fn rejects_other_forms_without_repeating_them() {
        for text in [
            "",
            "2015",
            "2015-13-01",
            "2015-00-01",
            "2015-01-32",
            "2015-02-31",
            "2015-02-29",
            "2015-04-31T10:00:00Z",
            "2015-09-13T13:25:60",
            "2015-09-13T13:60:00",
            "2015-09-13T13:25:05+24:00",
            "2015-09-13T13:25:05+03:60",
            "15-01-01",
            "2015-1-001",
            "2015-09-13 13:25:05",
            "2015-09-13T",
            "2015-09-13T24:00:00",
            "2015-09-13T13:25",
            "2015-09-13T13:25:05.",
            "2015-09-13T13:25:05+3",
            "2015-09-13T13:25:05+03:00:00",
            "2015-09-13Z",
            "1449992424",
            "２０15-09-13",
        ] {
            let error = DateTime::new(text).expect_err(text).to_string();
            assert!(error.contains("YYYY-MM-DD"), "{error}");
        }
    }

    #[test]
    fn reads_any_text_and_nothing_else() {
        let odd: DateTime = serde_json::from_str(r#""yesterday""#).expect("is kept");
        assert_eq!(odd.as_str(), "yesterday");
        assert!(serde_json::from_str::<DateTime>("1449992424").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_rejected(text in ".*") {
            let _ = text.parse::<DateTime>();
        }

        #[test]
        fn what_is_made_keeps_its_bytes(text in "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|2[0-8])(T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]0[0-9]:[0-5]0)?)?") {
            let moment = DateTime::new(text.as_str())?;
            prop_assert_eq!(moment.to_string(), text);
        }
    }
}
