use std::{fmt, str::FromStr};

use jiff::civil::{Date, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::civil::{self, Problem};
use crate::InvalidValue;

const FIELD: &str = "property date";

/// A date, or a date with a time of day, as the value of a property.
///
/// Written `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`, in the form in which it was made; the service reads
/// the short form as midnight. No time zone is part of it, and the vendor documents none.
/// Always a day of the calendar, from the year 1 to 9999.
/// Source: <https://developers.dashly.io/props>
///
/// ```
/// use carrot_types::PropertyDate;
///
/// let signed_up: PropertyDate = "2015-09-13T13:25:05".parse()?;
/// assert_eq!(signed_up, PropertyDate::new(2015, 9, 13)?.at(13, 25, 5)?);
/// assert!("2015-02-29".parse::<PropertyDate>().is_err());
/// # Ok::<(), carrot_types::InvalidValue>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PropertyDate {
    date: Date,
    time: Option<Time>,
}

impl PropertyDate {
    /// Creates a date without a time. Months and days count from 1.
    ///
    /// # Errors
    ///
    /// The calendar has no such day, or the year is not from 1 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, InvalidValue> {
        let small = |number: u8| i8::try_from(number).ok();
        let date = || Date::new(year.try_into().ok()?, small(month)?, small(day)?).ok();
        date().and_then(Self::of_date).ok_or_else(no_day)
    }

    /// Returns the same day with a time of day.
    ///
    /// # Errors
    ///
    /// `hour` is above 23, or `minute` or `second` above 59.
    pub fn at(self, hour: u8, minute: u8, second: u8) -> Result<Self, InvalidValue> {
        let small = |number: u8| i8::try_from(number).ok();
        let time = || Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok();
        let time = Some(time().ok_or_else(no_time)?);
        Ok(Self { time, ..self })
    }

    /// The service has no year 0 and none before it.
    pub(super) fn of_date(date: Date) -> Option<Self> {
        (date.year() >= 1).then_some(Self { date, time: None })
    }

    pub(super) fn with_time(self, time: Time) -> Self {
        let time = Some(time);
        Self { time, ..self }
    }

    #[cfg(feature = "jiff")]
    pub(super) fn civil(self) -> (Date, Option<Time>) {
        (self.date, self.time)
    }

    /// Returns the year, 1 to 9999.
    #[must_use]
    pub fn year(self) -> u16 {
        self.date.year().unsigned_abs()
    }

    /// Returns the month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.date.month().unsigned_abs()
    }

    /// Returns the day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u8 {
        self.date.day().unsigned_abs()
    }

    /// Returns the hour, minute and second; `None` for a date without a time.
    #[must_use]
    pub fn time(self) -> Option<(u8, u8, u8)> {
        let unsigned = |time: Time| {
            let [hour, minute, second] = [time.hour(), time.minute(), time.second()];
            (
                hour.unsigned_abs(),
                minute.unsigned_abs(),
                second.unsigned_abs(),
            )
        };
        self.time.map(unsigned)
    }
}

pub(super) fn no_day() -> InvalidValue {
    InvalidValue::new(
        FIELD,
        "must be a day of the calendar, in the years 1 to 9999",
    )
}

fn no_time() -> InvalidValue {
    InvalidValue::new(FIELD, "must have a time from 00:00:00 to 23:59:59")
}

impl FromStr for PropertyDate {
    type Err = InvalidValue;

    /// Reads `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`.
    ///
    /// # Errors
    ///
    /// The text has another form, or there is no such day or time.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let form = || {
            InvalidValue::new(
                FIELD,
                "must have the form `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`",
            )
        };
        let civil = civil::parse(text).map_err(|problem| match problem {
            Problem::Form => form(),
            Problem::Date => no_day(),
            Problem::Time => no_time(),
        })?;
        if !civil.rest.is_empty() {
            return Err(form());
        }
        let date = Self::of_date(civil.date).ok_or_else(no_day)?;
        Ok(civil.time.map_or(date, |time| date.with_time(time)))
    }
}

impl TryFrom<&str> for PropertyDate {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl fmt::Display for PropertyDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date.fmt(f)?;
        match self.time {
            Some(time) => write!(f, "T{time}"),
            None => Ok(()),
        }
    }
}

impl Serialize for PropertyDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PropertyDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
