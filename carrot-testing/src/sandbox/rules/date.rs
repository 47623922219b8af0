//! Dates as the service writes them: `2015-12-17T13:01:32`, in UTC.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The text of a moment in seconds since 1970.
pub(in crate::sandbox) fn format(seconds: i64) -> String {
    let moment = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    TimeZone::UTC.to_datetime(moment).to_string()
}

/// Seconds since 1970 of `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`; `None` for any other text.
pub(in crate::sandbox) fn parse(text: &str) -> Option<i64> {
    let date: DateTime = text.parse().ok()?;
    // The parser takes more forms, such as week dates and decimals.
    let written = date.to_string();
    if written.len() > 19 || written != text && written.strip_suffix("T00:00:00") != Some(text) {
        return None;
    }
    Some(TimeZone::UTC.to_timestamp(date).ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn knows_the_calendar() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00", 0),
            ("2000-02-29T23:59:59", 951_868_799),
            ("2023-11-14T22:13:20", 1_700_000_000),
            ("1969-12-31T23:59:59", -1),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
            assert_eq!(format(seconds), text);
        }
        assert_eq!(parse("2015-09-13"), parse("2015-09-13T00:00:00"));
        for text in [
            "",
            "2015",
            "2015-13-01",
            "2015-02-29",
            "2015-00-01",
            "2015-01-00",
            "2015-01-01T24:00:00",
            "2015-01-01T",
            "2015-1-1",
            "+015-01-01",
            "2015-01-01-01",
            "2015-01-01T00:00:00Z",
            "2015-01-01 00:00:00",
            "2015-01-01T00:00",
            "2015-01-01T00:00:00.5",
            "2015-W01-4",
            "20150101",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_comes_back(seconds in -62_000_000_000_i64..253_000_000_000) {
            prop_assert_eq!(parse(&format(seconds)), Some(seconds));
        }

        #[test]
        fn any_text_is_read_or_rejected(text in ".*") {
            let _ = parse(&text);
        }
    }
}
