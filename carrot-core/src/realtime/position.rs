use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use carrot_types::{Timestamp, read_object, realtime::RealtimeMessage};
use http::{
    HeaderMap,
    header::{ETAG, LAST_MODIFIED},
};
use serde::Serialize;

/// A position in the stream of the realtime service: a second and the number of a message in that second.
///
/// Observed in the server software that the vendor names: `tag` counts the messages of one second over all
/// channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    time: u64,
    tag: u64,
}

read_object!(Position {
    time: u64,
    tag: u64,
});

impl Position {
    /// Creates a position from the seconds since 1970 and the number within that second.
    #[must_use]
    pub fn new(seconds: u64, tag: u64) -> Self {
        Self { time: seconds, tag }
    }

    /// Returns the position of a message, or `None` if its `time` or `tag` is missing or invalid.
    #[must_use]
    pub fn of(message: &RealtimeMessage) -> Option<Self> {
        Self::parse(message.time.as_deref()?, message.tag.as_deref()?)
    }

    /// Returns the position in the headers of a long poll, `Last-Modified` and `ETag`, or `None` if one is
    /// missing or invalid.
    #[must_use]
    pub fn of_headers(headers: &HeaderMap) -> Option<Self> {
        let time = headers.get(LAST_MODIFIED)?.to_str().ok()?;
        let tag = headers.get(ETAG)?.to_str().ok()?;
        // The server sends it as a weak validator, `W/7`, with or without quotes.
        let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        Self::parse(time, tag)
    }

    fn parse(time: &str, tag: &str) -> Option<Self> {
        let tag = tag.parse().ok()?;
        let time = seconds_of(time)?;
        Some(Self { time, tag })
    }

    /// Returns the seconds since 1970.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.time
    }

    /// Returns the number within the second.
    #[must_use]
    pub fn tag(self) -> u64 {
        self.tag
    }

    /// Returns the second as an HTTP date.
    #[must_use]
    pub fn http_date(self) -> String {
        // The greatest date of the format; no clock returns a later one.
        let greatest = 253_402_300_799;
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(self.time.min(greatest)))
    }

    pub(super) fn timestamp(self) -> Timestamp {
        Timestamp::from_seconds(i64::try_from(self.time).unwrap_or(i64::MAX))
    }
}

/// Formats the position as `1700000000/7`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.time, self.tag)
    }
}

pub(super) fn seconds_of(http_date: &str) -> Option<u64> {
    seconds(httpdate::parse_http_date(http_date).ok()?)
}

pub(super) fn seconds(moment: SystemTime) -> Option<u64> {
    Some(moment.duration_since(UNIX_EPOCH).ok()?.as_secs())
}
