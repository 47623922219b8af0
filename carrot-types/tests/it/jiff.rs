//! Conversions to and from the types of `jiff`.

use carrot_types::{DateTime, InvalidValue, Moment, PropertyDate, Timestamp};
use jiff::civil;
use proptest::prelude::*;

fn message<T: std::fmt::Debug>(result: Result<T, InvalidValue>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_timestamp_is_the_same_moment() {
    for (text, same) in [
        ("1684923942.123456", "2023-05-24T10:25:42.123456Z"),
        ("0", "1970-01-01T00:00:00Z"),
        ("-0.5", "1969-12-31T23:59:59.5Z"),
        ("-1", "1969-12-31T23:59:59Z"),
        ("-1.000000001", "1969-12-31T23:59:58.999999999Z"),
    ] {
        let ours: Timestamp = text.parse().unwrap();
        let theirs: jiff::Timestamp = same.parse().unwrap();
        assert_eq!(jiff::Timestamp::try_from(ours), Ok(theirs));
        assert_eq!(Timestamp::from(theirs), ours);
    }
}

#[test]
fn a_timestamp_beyond_the_calendar_is_rejected() {
    let last = Timestamp::from(jiff::Timestamp::MAX);
    assert_eq!(jiff::Timestamp::try_from(last), Ok(jiff::Timestamp::MAX));
    for seconds in [i64::MIN, -377_705_116_801, last.seconds() + 1, i64::MAX] {
        let error = message(jiff::Timestamp::try_from(Timestamp::from_seconds(seconds)));
        assert_eq!(error, "`timestamp` must be in the years -9999 to 9999");
    }
}

#[test]
fn a_property_date_has_an_optional_time() {
    let day = PropertyDate::new(2015, 9, 13).unwrap();
    let date = civil::date(2015, 9, 13);
    assert_eq!(civil::Date::try_from(day), Ok(date));
    assert_eq!(civil::DateTime::from(day), date.at(0, 0, 0, 0));
    assert_eq!(PropertyDate::try_from(date), Ok(day));

    let time = day.at(13, 25, 5).unwrap();
    let date_time = date.at(13, 25, 5, 0);
    assert_eq!(civil::DateTime::from(time), date_time);
    assert_eq!(PropertyDate::try_from(date_time), Ok(time));
    assert_eq!(
        message(civil::Date::try_from(time)),
        "`property date` must not have a time"
    );
    assert_eq!(
        message(PropertyDate::try_from(date.at(13, 25, 5, 1))),
        "`property date` must be a whole second"
    );
    for year in [-9999, -1, 0] {
        assert_eq!(
            message(PropertyDate::try_from(civil::date(year, 1, 1))),
            "`property date` must be a day of the calendar, in the years 1 to 9999"
        );
    }
}

#[test]
fn only_text_with_an_offset_is_a_moment() {
    for (text, moment) in [
        (
            "2018-11-20T09:25:28.661001+03:00",
            "2018-11-20T06:25:28.661001Z",
        ),
        ("2018-11-20T06:25:28Z", "2018-11-20T06:25:28Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
    ] {
        let text = DateTime::new(text).unwrap();
        let moment: jiff::Timestamp = moment.parse().unwrap();
        assert_eq!(jiff::Timestamp::try_from(&text), Ok(moment));
        assert_eq!(
            jiff::Timestamp::try_from(&Moment::from(text.clone())),
            Ok(moment)
        );
        let error = message(civil::DateTime::try_from(&text));
        assert_eq!(error, "`date` must have no offset");
    }
    for (text, date_time) in [
        (
            "2015-12-17T13:01:32",
            civil::date(2015, 12, 17).at(13, 1, 32, 0),
        ),
        ("2015-12-17", civil::date(2015, 12, 17).at(0, 0, 0, 0)),
        (
            "0001-01-01T00:00:00.5",
            civil::date(1, 1, 1).at(0, 0, 0, 500_000_000),
        ),
    ] {
        let text = DateTime::new(text).unwrap();
        assert_eq!(civil::DateTime::try_from(&text), Ok(date_time));
        let error = message(jiff::Timestamp::try_from(&text));
        let rule = "`date` must be ISO 8601 with a time, and `Z` or an offset";
        assert_eq!(error, rule);
    }
    let error = message(jiff::Timestamp::try_from(&Moment::Untold));
    assert_eq!(error, "`date` is not told by the service");
}

#[test]
fn a_text_of_another_form_is_rejected() {
    for text in ["yesterday", "", "2015-02-29T00:00:00", "20.11.2018"] {
        let json = serde_json::to_string(text).unwrap();
        let text: DateTime = serde_json::from_str(&json).unwrap();
        let error = message(civil::DateTime::try_from(&text));
        assert_eq!(error, "`date` must be ISO 8601");
        assert!(jiff::Timestamp::try_from(&text).is_err());
    }
    let zoned: DateTime = serde_json::from_str(r#""2018-11-20T09:25:28[Europe/Moscow]""#).unwrap();
    let error = message(civil::DateTime::try_from(&zoned));
    assert_eq!(error, "`date` must have no offset");
}

#[test]
fn years_have_four_digits() {
    assert!(DateTime::try_from(jiff::Timestamp::MIN).is_err());
    assert!(DateTime::try_from(civil::DateTime::MIN).is_err());
    assert!(DateTime::try_from(civil::DateTime::MAX).is_ok());
}

fn their_timestamp() -> impl Strategy<Value = jiff::Timestamp> {
    let all = jiff::Timestamp::MIN.as_nanosecond()..=jiff::Timestamp::MAX.as_nanosecond();
    all.prop_map(|nanoseconds| jiff::Timestamp::from_nanosecond(nanoseconds).unwrap())
}

proptest! {
    #[test]
    fn every_moment_of_theirs_survives(moment in their_timestamp()) {
        let ours = Timestamp::from(moment);
        prop_assert_eq!(jiff::Timestamp::try_from(ours)?, moment);
        prop_assert_eq!(jiff::Timestamp::try_from(&Moment::from(ours))?, moment);
        if let Ok(text) = DateTime::try_from(moment) {
            prop_assert_eq!(jiff::Timestamp::try_from(&text)?, moment);
        }
    }

    #[test]
    fn every_moment_of_ours_survives_or_is_rejected(
        seconds in prop_oneof![any::<i64>(), -400_000_000_000_i64..400_000_000_000],
        nanoseconds in 0_u32..1_000_000_000,
    ) {
        let ours = Timestamp::new(seconds, nanoseconds)?;
        if let Ok(moment) = jiff::Timestamp::try_from(ours) {
            prop_assert_eq!(Timestamp::from(moment), ours);
        }
    }

    #[test]
    fn every_property_date_survives(
        (year, month, day) in (1_u16..=9999, 1_u8..=12, 1_u8..=31),
        time in proptest::option::of((0_u8..24, 0_u8..60, 0_u8..60)),
    ) {
        let Ok(date) = PropertyDate::new(year, month, day) else { return Ok(()) };
        match time {
            None => {
                prop_assert_eq!(PropertyDate::try_from(civil::Date::try_from(date)?)?, date);
                let midnight = civil::DateTime::from(date);
                prop_assert_eq!(PropertyDate::try_from(midnight)?, date.at(0, 0, 0)?);
            }
            Some((hour, minute, second)) => {
                let date = date.at(hour, minute, second)?;
                let text = DateTime::new(date.to_string())?;
                let moment = civil::DateTime::from(date);
                prop_assert_eq!(PropertyDate::try_from(moment)?, date);
                prop_assert_eq!(civil::DateTime::try_from(&text)?, moment);
                prop_assert_eq!(DateTime::try_from(moment)?, text);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_rejected(text in ".{0,40}") {
        let text: DateTime = serde_json::from_value(text.into())?;
        let _ = jiff::Timestamp::try_from(&text);
        let _ = civil::DateTime::try_from(&text);
    }
}
