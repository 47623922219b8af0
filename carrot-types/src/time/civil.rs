//! The one reader of dates and times of day: the form is checked here, the calendar is `jiff`'s.

use jiff::civil::{Date, Time};

use crate::serde_util::digits::parse_digits;

/// A date, a time of day, and the text that follows the time.
pub(super) struct Civil<'a> {
    pub(super) date: Date,
    pub(super) time: Option<Time>,
    pub(super) rest: &'a str,
}

/// Why a text is not read: callers word the two differently.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Form,
    Date,
    Time,
}

/// Reads `YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM:SS` and what follows it.
///
/// The parsers of `jiff` accept more, such as week dates, a blank for the `T` and a time without
/// seconds. Nobody knows what the service makes of those, so the form is checked digit by digit.
pub(super) fn parse(text: &str) -> Result<Civil<'_>, Problem> {
    let (date, rest) = text.split_at_checked(10).ok_or(Problem::Form)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2]).ok_or(Problem::Form)?;
    // Two digits fit an i8, and four an i16.
    let date = Date::new(year, month as i8, day as i8).map_err(|_| Problem::Date)?;
    if rest.is_empty() {
        let time = None;
        return Ok(Civil { date, time, rest });
    }
    let time = rest.strip_prefix('T').ok_or(Problem::Form)?;
    let (time, rest) = time.split_at_checked(8).ok_or(Problem::Form)?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2]).ok_or(Problem::Form)?;
    let time = Time::new(hour as i8, minute as i8, second as i8, 0).map_err(|_| Problem::Time)?;
    Ok(Civil {
        date,
        time: Some(time),
        rest,
    })
}

/// Splits a text into three numbers of the given widths.
fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[i16; 3]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; 3];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let digits = parts.next().filter(|part| part.len() == width)?;
        *number = parse_digits(digits)?.try_into().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

/// Checks what may follow a time: decimals of the second, then `Z` or an offset such as `+03:00`.
pub(super) fn is_decimals_and_offset(text: &str) -> bool {
    let zone = match text.strip_prefix('.') {
        None => text,
        Some(decimals) => {
            let zone = decimals.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if zone.len() == decimals.len() {
                return false;
            }
            zone
        }
    };
    match zone.strip_prefix(['+', '-']) {
        None => matches!(zone, "" | "Z"),
        // An offset has the form and the range of a time of day without seconds.
        Some(offset) => numbers(&format!("{offset}:00"), ':', [2, 2, 2])
            .is_some_and(|[hours, minutes, _]| hours < 24 && minutes < 60),
    }
}
