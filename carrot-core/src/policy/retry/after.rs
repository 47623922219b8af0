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
/// which a proxy makes of two headers; and dates in `UTC` or `+0000`. A date is relative to the `Date` of
/// the same response, so that a wrong clock on either side does not matter, or else to `system_time`.
pub(crate) fn retry_after(headers: &HeaderMap, system_time: SystemTime) -> Option<Duration> {
    let date = headers.get(DATE).and_then(|value| value.to_str().ok());
    let now = date.and_then(http_date).unwrap_or(system_time);
    let values = headers.get_all(RETRY_AFTER).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .filter_map(|value| one(value, now).or_else(|| longest_of_list(value)))
        .max()
}

fn longest_of_list(value: &str) -> Option<Duration> {
    value
        .split(',')
        .map(seconds)
        .try_fold(Duration::ZERO, |longest, one| Some(longest.max(one?)))
}

fn one(value: &str, now: SystemTime) -> Option<Duration> {
    seconds(value).or_else(|| {
        let then = http_date(value)?;
        Some(round_up(then.duration_since(now).unwrap_or_default()))
    })
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
    let value = value.trim();
    let other = ["UTC", "+0000", "+00:00", "Z"];
    let zone = other.iter().find_map(|zone| value.strip_suffix(zone));
    match zone {
        Some(date) => httpdate::parse_http_date(&format!("{} GMT", date.trim_end())).ok(),
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
        for nonsense in ["", "soon", "-1", "+3", "1.5.2", "1.", ".5", "7, soon"] {
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
        for zone in ["UTC", "+0000", "+00:00"] {
            let value = format!("Sun, 06 Nov 1994 08:50:37 {zone}");
            assert_eq!(after(&value, date), secs(60), "{zone}");
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
