use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    json::{self, Object},
    serde_util::from_json,
};

/// Why the service closed the connection: the close code of the WebSocket, or the HTTP status where
/// no connection came about.
///
/// Source: <https://developers.carrotquest.io/rts/>
///
/// ```
/// use carrot_types::realtime::CloseCode;
///
/// assert_eq!(CloseCode::from(3401), CloseCode::InvalidToken);
/// assert!(!CloseCode::from(3401).should_reconnect());
/// assert!(CloseCode::from(1006).should_reconnect());
/// assert!(!CloseCode::with_reason(1008, r#"{"http_status": 403}"#).should_reconnect());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseCode {
    /// 1000 to 1999 but 1008: for a reason of the connection, the protocol or the browser.
    Connection(CloseNumber),
    /// 3401: the token is missing, wrong, revoked or expired.
    InvalidToken,
    /// 3403: the token gives access to none of the channels.
    NoAccess,
    /// 3500: the service failed.
    Internal,
    /// 502, 503, 3502 or 3503, or 1008 with the status of a failure that passes: the service is not available.
    Unavailable(CloseNumber),
    /// 401, 403 or 1008: the service rejects the token or the channels. 1008 comes from the older server
    /// software, which accepts the connection first; [`with_reason`](Self::with_reason) reads its reason.
    Rejected(CloseNumber),
    /// A code that this version of the crate does not know.
    Other(CloseNumber),
}

/// The number of a [`CloseCode`] that stands for several; made with `CloseCode::from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CloseNumber(u16);

impl CloseNumber {
    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl CloseCode {
    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u16 {
        match self {
            Self::InvalidToken => 3401,
            Self::NoAccess => 3403,
            Self::Internal => 3500,
            Self::Connection(number)
            | Self::Unavailable(number)
            | Self::Rejected(number)
            | Self::Other(number) => number.get(),
        }
    }

    /// Reads a close code with the reason beside it: 1008 names the HTTP status, as in
    /// `{"http_status": 503}`, and only one of the client's own (4xx) is final, but for 408, 425 and 429.
    #[must_use]
    pub fn with_reason(number: u16, reason: &str) -> Self {
        #[derive(Deserialize)]
        struct Reason {
            http_status: Value,
        }
        let status = || {
            let Object(Reason { http_status }) = json::read(reason).ok()?;
            from_json::value::<u64>(&http_status)
        };
        match number {
            1008 if status().is_some_and(|status| !is_final(status)) => {
                Self::Unavailable(CloseNumber(number))
            }
            _ => Self::from(number),
        }
    }

    /// Returns false when the same token and channels would be rejected again. Otherwise connect again, after
    /// a pause that grows with each failure.
    #[must_use]
    pub const fn should_reconnect(self) -> bool {
        !matches!(
            self,
            Self::InvalidToken | Self::NoAccess | Self::Rejected(_)
        )
    }
}

/// Too slow, too early or too many: later it may be taken.
fn is_final(status: u64) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 425 | 429)
}

impl From<u16> for CloseCode {
    fn from(number: u16) -> Self {
        let code = CloseNumber(number);
        match number {
            401 | 403 | 1008 => Self::Rejected(code),
            1000..=1999 => Self::Connection(code),
            3401 => Self::InvalidToken,
            3403 => Self::NoAccess,
            3500 => Self::Internal,
            502 | 503 | 3502 | 3503 => Self::Unavailable(code),
            _ => Self::Other(code),
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self {
            Self::Connection(_) => "the connection ended",
            Self::InvalidToken => "the token was rejected",
            Self::NoAccess => "the token has no access to the channels",
            Self::Internal => "the service failed",
            Self::Unavailable(_) => "the service is not available",
            Self::Rejected(_) => "the token or the channels were rejected",
            Self::Other(_) => "unknown",
        };
        write!(f, "{} ({reason})", self.get())
    }
}
