//! Conversions to and from the types of `jiff`.

use jiff::{civil, fmt::temporal::Pieces};

use super::property_date::no_day;
use crate::{DateTime, InvalidValue, Moment, PropertyDate, Timestamp};

const FIELD: &str = "date";

/// Exact, to the nanosecond. With feature `jiff`.
impl From<jiff::Timestamp> for Timestamp {
    fn from(moment: jiff::Timestamp) -> Self {
        let (seconds, nanoseconds) = (moment.as_second(), moment.subsec_nanosecond());
        // Before 1970 the nanoseconds of `jiff` count backwards from the second after.
        let parts = match nanoseconds {
            0.. => Self::new(seconds, nanoseconds.unsigned_abs()),
            _ => Self::new(seconds - 1, 1_000_000_000 - nanoseconds.unsigned_abs()),
        };
        // Their magnitude is below one second, so the parts are never rejected.
        parts.unwrap_or_else(|_| Self::from_seconds(seconds))
    }
}

/// Exact, to the nanosecond. With feature `jiff`.
///
/// # Errors
///
/// The moment is outside the years -9999 to 9999, which is all that `jiff` knows.
impl TryFrom<Timestamp> for jiff::Timestamp {
    type Error = InvalidValue;

    fn try_from(moment: Timestamp) -> Result<Self, InvalidValue> {
        let out_of_range = |_| InvalidValue::new("timestamp", "must be in the years -9999 to 9999");
        let nanoseconds =
            i128::from(moment.seconds()) * 1_000_000_000 + i128::from(moment.nanoseconds());
        Self::from_nanosecond(nanoseconds).map_err(out_of_range)
    }
}

/// A date without a time is midnight, as the service reads it. With feature `jiff`.
impl From<PropertyDate> for civil::DateTime {
    fn from(date: PropertyDate) -> Self {
        let (date, time) = date.civil();
        date.to_datetime(time.unwrap_or_default())
    }
}

/// With feature `jiff`.
///
/// # Errors
///
/// The date has a time, which would be lost: convert to [`civil::DateTime`] then.
impl TryFrom<PropertyDate> for civil::Date {
    type Error = InvalidValue;

    fn try_from(date: PropertyDate) -> Result<Self, InvalidValue> {
        match date.civil() {
            (date, None) => Ok(date),
            (_, Some(_)) => Err(InvalidValue::new("property date", "must not have a time")),
        }
    }
}

/// A date without a time. With feature `jiff`.
///
/// # Errors
///
/// The year is not from 1 to 9999.
impl TryFrom<civil::Date> for PropertyDate {
    type Error = InvalidValue;

    fn try_from(date: civil::Date) -> Result<Self, InvalidValue> {
        Self::of_date(date).ok_or_else(no_day)
    }
}

/// A date with a time, midnight included. With feature `jiff`.
///
/// # Errors
///
/// The year is not from 1 to 9999, or the time has a fraction of a second, which would be lost.
impl TryFrom<civil::DateTime> for PropertyDate {
    type Error = InvalidValue;

    fn try_from(moment: civil::DateTime) -> Result<Self, InvalidValue> {
        if moment.subsec_nanosecond() != 0 {
            return Err(InvalidValue::new("property date", "must be a whole second"));
        }
        Ok(Self::try_from(moment.date())?.with_time(moment.time()))
    }
}

/// A text with `Z` or an offset. A leap second is read as the second before it, as `jiff` does. With
/// feature `jiff`.
///
/// # Errors
///
/// The text has neither `Z` nor an offset, so that it is not a moment, or it cannot be read.
impl TryFrom<&DateTime> for jiff::Timestamp {
    type Error = InvalidValue;

    fn try_from(moment: &DateTime) -> Result<Self, InvalidValue> {
        moment.as_str().parse().map_err(|_| {
            InvalidValue::new(FIELD, "must be ISO 8601 with a time, and `Z` or an offset")
        })
    }
}

/// A text without `Z` and without an offset; a date alone is midnight. A leap second is read as the
/// second before it, as `jiff` does. With feature `jiff`.
///
/// # Errors
///
/// The text has `Z` or an offset, which would be lost: convert to [`jiff::Timestamp`] then. Or it
/// cannot be read.
impl TryFrom<&DateTime> for civil::DateTime {
    type Error = InvalidValue;

    fn try_from(moment: &DateTime) -> Result<Self, InvalidValue> {
        let text = moment.as_str();
        // This type of `jiff` would read a text with an offset and forget the offset.
        let pieces = Pieces::parse(text);
        if pieces.is_ok_and(|all| all.offset().is_some() || all.time_zone_annotation().is_some()) {
            return Err(InvalidValue::new(FIELD, "must have no offset"));
        }
        text.parse()
            .map_err(|_| InvalidValue::new(FIELD, "must be ISO 8601"))
    }
}

/// The text in UTC, with `Z`. With feature `jiff`.
///
/// # Errors
///
/// The year is not from 0 to 9999.
impl TryFrom<jiff::Timestamp> for DateTime {
    type Error = InvalidValue;

    fn try_from(moment: jiff::Timestamp) -> Result<Self, InvalidValue> {
        Self::new(moment.to_string())
    }
}

/// The text without an offset, midnight included. With feature `jiff`.
///
/// # Errors
///
/// The year is not from 0 to 9999.
impl TryFrom<civil::DateTime> for DateTime {
    type Error = InvalidValue;

    fn try_from(moment: civil::DateTime) -> Result<Self, InvalidValue> {
        Self::new(moment.to_string())
    }
}

/// Either form. With feature `jiff`.
///
/// # Errors
///
/// As for [`Timestamp`] and [`DateTime`]: a text without `Z` and without an offset is not a moment. Neither is
/// [`Moment::Untold`].
impl TryFrom<&Moment> for jiff::Timestamp {
    type Error = InvalidValue;

    fn try_from(moment: &Moment) -> Result<Self, InvalidValue> {
        match moment {
            Moment::Timestamp(timestamp) => Self::try_from(*timestamp),
            Moment::DateTime(date_time) => Self::try_from(date_time),
            Moment::Untold => Err(InvalidValue::new("date", "is not told by the service")),
        }
    }
}
