use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

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
    year: u16,
    month: u8,
    day: u8,
    time: Option<[u8; 3]>,
}

impl PropertyDate {
    /// A day without a time. Months and days count from 1.
    ///
    /// # Errors
    ///
    /// The calendar has no such day, or the year is not from 1 to 9999.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, InvalidValue> {
        if !(1..=9999).contains(&year) || !(1..=days_in(year, month)).contains(&day) {
            return Err(InvalidValue::new(
                FIELD,
                "must be a day of the calendar, in the years 1 to 9999",
            ));
        }
        Ok(Self {
            year,
            month,
            day,
            time: None,
        })
    }

    /// The same day, with a time of day.
    ///
    /// # Errors
    ///
    /// `hour` is above 23, or `minute` or `second` above 59.
    pub fn at(self, hour: u8, minute: u8, second: u8) -> Result<Self, InvalidValue> {
        if hour > 23 || minute > 59 || second > 59 {
            return Err(InvalidValue::new(
                FIELD,
                "must have a time from 00:00:00 to 23:59:59",
            ));
        }
        Ok(Self {
            time: Some([hour, minute, second]),
            ..self
        })
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Hour, minute and second, where a time was given.
    #[must_use]
    pub fn time(self) -> Option<(u8, u8, u8)> {
        self.time
            .map(|[hour, minute, second]| (hour, minute, second))
    }
}

/// Days of the month; none for what is no month.
fn days_in(year: u16, month: u8) -> u8 {
    let leap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    }
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
        let (day, time) = match text.split_once('T') {
            Some((day, time)) => (day, Some(time)),
            None => (text, None),
        };
        let [year, month, day] = parts(day, '-', [4, 2, 2]).ok_or_else(form)?;
        let small = |number: u16| u8::try_from(number).map_err(|_| form());
        let date = Self::new(year, small(month)?, small(day)?)?;
        let Some(time) = time else { return Ok(date) };
        let [hour, minute, second] = parts(time, ':', [2, 2, 2]).ok_or_else(form)?;
        date.at(small(hour)?, small(minute)?, small(second)?)
    }
}

/// Splits a text into three numbers of exactly so many digits.
fn parts(text: &str, separator: char, widths: [usize; 3]) -> Option<[u16; 3]> {
    let mut split = text.split(separator);
    let mut numbers = [0; 3];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let digits = split.next().filter(|part| part.len() == width)?;
        *number = crate::serde_util::lenient::parse_digits(digits)?
            .try_into()
            .ok()?;
    }
    split.next().is_none().then_some(numbers)
}

impl TryFrom<&str> for PropertyDate {
    type Error = InvalidValue;

    fn try_from(text: &str) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl fmt::Display for PropertyDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        match self.time {
            Some([hour, minute, second]) => write!(f, "T{hour:02}:{minute:02}:{second:02}"),
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
