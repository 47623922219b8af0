use std::time::{Duration, SystemTime};

use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};

/// The longest pause that the service may ask for, by default.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads `Retry-After`: seconds, or a date. Returns the longest of several values.
///
/// Lenient, since proxies write this header too. It accepts fractions of a second, rounded up; lists,
/// which a proxy makes of two headers; and dates with another name of the zone `GMT`. A date is relative to
/// the `Date` of the same response, so that a wrong clock on either side does not matter, or else to
/// `system_time`.
pub(crate) fn retry_after(headers: &HeaderMap, system_time: SystemTime) -> Option<Duration> {
    let date = headers.get(DATE).and_then(|value| value.to_str().ok());
    let now = date.and_then(http_date).unwrap_or(system_time);
    let values = headers.get_all(RETRY_AFTER).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .filter_map(|value| longest(value, now))
        .max()
}

/// Returns the longest wait of a list, or `None` if one of its values cannot be read.
fn longest(list: &str, now: SystemTime) -> Option<Duration> {
    let mut parts = list.split(',');
    let mut longest = None;
    while let Some(part) = parts.next() {
        let wait = seconds(part).or_else(|| time_to(part, now));
        // Most dates have a comma after the day of the week.
        let wait = wait.or_else(|| time_to(&format!("{part},{}", parts.next()?), now))?;
        longest = longest.max(Some(wait));
    }
    longest
}

fn time_to(date: &str, now: SystemTime) -> Option<Duration> {
    let then = http_date(date)?;
    Some(round_up(then.duration_since(now).unwrap_or_default()))
}

/// Reads seconds with or without a fraction.
fn seconds(value: &str) -> Option<Duration> {
    let value = value.trim();
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // The policy limits the pause, so an overflow may saturate.
    let whole: u64 = whole.parse().unwrap_or(u64::MAX);
    let has_fraction = fraction.bytes().any(|byte| byte != b'0');
    Some(Duration::from_secs(
        whole.saturating_add(has_fraction.into()),
    ))
}

fn round_up(time: Duration) -> Duration {
    let has_fraction = time.subsec_nanos() > 0;
    Duration::from_secs(time.as_secs().saturating_add(has_fraction.into()))
}

/// Reads an HTTP date, whose zone is `GMT`, or a date with another name of this zone.
fn http_date(value: &str) -> Option<SystemTime> {
    const ZONES: [&str; 7] = ["GMT", "UTC", "UT", "Z", "+0000", "-0000", "+00:00"];
    let value = value.trim();
    let zone = ZONES.iter().find_map(|zone| {
        let (date, end) = value.split_at_checked(value.len().checked_sub(zone.len())?)?;
        end.eq_ignore_ascii_case(zone).then(|| date.trim_end())
    });
    match zone {
        Some(date) => httpdate::parse_http_date(&format!("{date} GMT")).ok(),
        // The format of `asctime` has no zone.
        None => httpdate::parse_http_date(value).ok(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn after(retry_after_value: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from_str(retry_after_value).expect("a header"),
        );
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).expect("a header"));
        }
        let system_time = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:30 GMT");
        retry_after(&headers, system_time.expect("a date"))
    }

    #[test]
    fn reads_seconds_and_dates() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let secs = |secs| Some(Duration::from_secs(secs));
        assert_eq!(after("0", None), secs(0));
        assert_eq!(after(" 120 ", None), secs(120));
        assert_eq!(after("99999999999999999999999999", None), secs(u64::MAX));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT", date), secs(60));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:00 GMT", date), secs(0));
        // Without a `Date`, relative to the clock of this machine.
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT", None), secs(67));
        for nonsense in [
            "", ",", "soon", "-1", "+3", "1e3", "1.5.2", "1.", ".5", "7, soon", "7,", "7 8", "é",
            "Sun,",
        ] {
            assert_eq!(after(nonsense, date), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }

    #[test]
    fn reads_fractions_lists_and_other_zones() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let secs = |secs| Some(Duration::from_secs(secs));
        assert_eq!(after("2.7", None), secs(3));
        assert_eq!(after("1.5", None), secs(2));
        assert_eq!(after("2.0", None), secs(2));
        assert_eq!(after("7, 7", None), secs(7));
        assert_eq!(after("7, 9.1", None), secs(10));
        for zone in ["gmt", "UTC", "Utc", "UT", "Z", "+0000", "-0000", "+00:00"] {
            let value = format!("Sun, 06 Nov 1994 08:50:37 {zone}");
            assert_eq!(after(&value, date), secs(60), "{zone}");
            let old = format!("Sunday, 06-Nov-94 08:50:37 {zone}");
            assert_eq!(after(&old, date), secs(60), "{zone}");
            let list = format!("7, {value}, Sun Nov  6 08:50:36 1994");
            assert_eq!(after(&list, date), secs(60), "{zone}");
            assert_eq!(after(&format!("{value}, soon"), date), None, "{zone}");
            assert_eq!(
                after("Sun, 06 Nov 1994 08:50:37 GMT", Some(&value)),
                secs(0)
            );
        }
        let mut twice = HeaderMap::new();
        for value in ["3", "5"] {
            twice.append(RETRY_AFTER, HeaderValue::from_static(value));
        }
        assert_eq!(retry_after(&twice, SystemTime::UNIX_EPOCH), secs(5));
    }
}
