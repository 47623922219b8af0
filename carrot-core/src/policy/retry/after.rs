use std::time::Duration;

use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};

/// How long the service asks to wait: seconds, or a date.
///
/// A date is read against the `Date` of the same answer, so that a clock that goes wrong here or there
/// does not matter; without one it says nothing.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let value = text(RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are as good as for ever; the policy has a limit of its own.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(text(DATE)?).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
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
        retry_after(&headers)
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
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT", None), None);
        for nonsense in ["", "soon", "-1", "1.5", "+3"] {
            assert_eq!(after(nonsense, date), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
