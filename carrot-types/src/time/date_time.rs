use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::InvalidValue;

/// A date and time as ISO 8601 text, kept byte for byte.
///
/// The service writes `2015-12-17T13:01:32` in properties (no zone) and
/// `2018-11-20T09:25:28.661001+03:00` in the state of an e-mail address. Reading takes any text, so
/// that an answer does not fail because of a new form; making one checks the form.
/// Source: <https://developers.dashly.io/props>
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DateTime(Box<str>);

impl DateTime {
    /// A moment from `YYYY-MM-DD`, optionally with `THH:MM:SS`, decimals of the second, and `Z` or an
    /// offset such as `+03:00`.
    ///
    /// # Errors
    ///
    /// The text has another form, or a part of it is out of range, such as month 13.
    pub fn new(text: impl Into<Box<str>>) -> Result<Self, InvalidValue> {
        let text = text.into();
        if is_iso_8601(&text) {
            Ok(Self(text))
        } else {
            Err(InvalidValue::new(
                "date",
                "must be YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, with optional decimals and offset",
            ))
        }
    }

    /// The text as it stands in the API.
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

/// A moment that came in an answer and is not checked.
pub(super) struct UncheckedDateTime(pub(super) DateTime);

fn is_iso_8601(text: &str) -> bool {
    let date = || {
        let (date, rest) = text.split_at_checked(10)?;
        let [year, month, day] = split(date, '-')?;
        let is_date = year.len() == 4
            && number(year).is_some()
            && (1..=12).contains(&two_digits(month)?)
            && (1..=31).contains(&two_digits(day)?);
        is_date.then_some(rest)
    };
    match date() {
        None => false,
        Some("") => true,
        Some(rest) => rest.strip_prefix('T').is_some_and(is_time),
    }
}

fn is_time(text: &str) -> bool {
    let time = || {
        let (time, rest) = text.split_at_checked(8)?;
        let [hour, minute, second] = split(time, ':')?;
        // A minute may have a leap second.
        let is_time =
            two_digits(hour)? < 24 && two_digits(minute)? < 60 && two_digits(second)? <= 60;
        is_time.then_some(rest)
    };
    let Some(rest) = time() else { return false };
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(decimals) => {
            let zone = decimals.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if zone.len() == decimals.len() {
                return false;
            }
            zone
        }
    };
    matches!(zone, "" | "Z") || zone.strip_prefix(['+', '-']).is_some_and(is_offset)
}

fn is_offset(text: &str) -> bool {
    split(text, ':').is_some_and(|[hours, minutes]| {
        two_digits(hours).is_some_and(|hours| hours < 24)
            && two_digits(minutes).is_some_and(|minutes| minutes < 60)
    })
}

fn split<const PARTS: usize>(text: &str, by: char) -> Option<[&str; PARTS]> {
    text.split(by).collect::<Vec<_>>().try_into().ok()
}

fn two_digits(text: &str) -> Option<u64> {
    number(text).filter(|_| text.len() == 2)
}

fn number(text: &str) -> Option<u64> {
    crate::serde_util::lenient::parse_digits(text)
}

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
        ] {
            assert_eq!(DateTime::new(text).expect(text).as_str(), text);
        }
    }

    #[test]
    fn refuses_other_forms_without_repeating_them() {
        for text in [
            "",
            "2015",
            "2015-13-01",
            "2015-00-01",
            "2015-01-32",
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
        fn any_text_is_made_or_refused_without_a_panic(text in ".*") {
            let _ = text.parse::<DateTime>();
        }

        #[test]
        fn what_is_made_keeps_its_bytes(text in "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|2[0-8])(T[01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]0[0-9]:[0-5]0)?)?") {
            let moment = DateTime::new(text.as_str())?;
            prop_assert_eq!(moment.to_string(), text);
        }
    }
}
