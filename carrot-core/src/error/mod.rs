use std::{error::Error as StdError, fmt, time::Duration};

use bytes::Bytes;
use carrot_types::{ErrorCode, InvalidValue, Meta};
use serde_json::Value;

use crate::{
    endpoint::Endpoint,
    transport::{Sent, TransportError, TransportErrorKind},
};

/// Why a call gave no answer.
///
/// `Display` is one full line: the operation, what went wrong, and what to do. It holds no body and no
/// token. What the service answered is in [`body`](Self::body).
pub struct Error(Box<Inner>);

struct Inner {
    operation: &'static str,
    scope: Option<&'static str>,
    attempts: u32,
    /// The most that is known of any attempt but the last.
    sent_before: Sent,
    /// Whether the service may have done what one of these attempts asked.
    applied_before: bool,
    cause: Cause,
    body: Option<Bytes>,
    retry_after: Option<Duration>,
}

enum Cause {
    Invalid(InvalidValue),
    Transport(TransportError),
    Deadline {
        limit: Duration,
        phase: CallPhase,
        sent: Sent,
    },
    RateLimiter(Box<dyn StdError + Send + Sync>),
    Refused(Refusal),
    Unreadable {
        path: String,
        problem: String,
    },
    /// `RepeatedCursor` or `MissingCursor`.
    Pagination(ErrorKind),
}

/// What the service said when it refused a call.
struct Refusal {
    status: u16,
    code: Option<ErrorCode>,
    message: Option<String>,
    fields: Option<Value>,
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request breaks a rule; nothing was sent.
    InvalidRequest,
    /// No answer came; see [`Error::transport`].
    Transport,
    /// The deadline of the whole call passed.
    Deadline,
    /// The store of the rate limit failed; see the source.
    RateLimit,
    /// The service answered with an error; see [`Error::status`] and [`Error::code`].
    Refused,
    /// An answer came that could not be read; see [`Error::path`].
    Unreadable,
    /// A listing gave the same cursor twice, and would never end.
    RepeatedCursor,
    /// A full page of a listing does not say where the next one begins.
    MissingCursor,
}

impl ErrorKind {
    /// The kind in one word of small letters, such as `refused` or `repeated_cursor`: a label for
    /// metrics, which stays as it is.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Transport => "transport",
            Self::Deadline => "deadline",
            Self::RateLimit => "rate limit",
            Self::Refused => "refused",
            Self::Unreadable => "unreadable",
            Self::RepeatedCursor => "repeated_cursor",
            Self::MissingCursor => "missing_cursor",
        }
    }
}

/// What a call was doing when its deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallPhase {
    /// Waiting for a place in the rate limit.
    RateLimit,
    /// Sending the request and waiting for the answer.
    Attempt,
    /// Waiting before the next attempt.
    Pause,
}

impl fmt::Display for CallPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RateLimit => "waiting for the rate limit",
            Self::Attempt => "waiting for the answer",
            Self::Pause => "waiting before the next attempt",
        })
    }
}

impl Error {
    fn new<E: Endpoint>(attempts: u32, cause: Cause) -> Self {
        Self(Box::new(Inner {
            operation: E::NAME,
            scope: E::SCOPE,
            attempts,
            sent_before: Sent::Never,
            applied_before: false,
            cause,
            body: None,
            retry_after: None,
        }))
    }

    pub(crate) fn invalid<E: Endpoint>(invalid: InvalidValue) -> Self {
        Self::new::<E>(0, Cause::Invalid(invalid))
    }

    pub(crate) fn from_transport<E: Endpoint>(attempts: u32, error: TransportError) -> Self {
        Self::new::<E>(attempts, Cause::Transport(error))
    }

    /// `sent` is what is known of the attempt that was on its way.
    pub(crate) fn deadline<E: Endpoint>(
        attempts: u32,
        limit: Duration,
        phase: CallPhase,
        sent: Sent,
    ) -> Self {
        Self::new::<E>(attempts, Cause::Deadline { limit, phase, sent })
    }

    pub(crate) fn rate_limiter<E: Endpoint>(
        attempts: u32,
        source: Box<dyn StdError + Send + Sync>,
    ) -> Self {
        Self::new::<E>(attempts, Cause::RateLimiter(source))
    }

    /// `meta` is `None` when the answer was not the service's own. Its texts hold no secret.
    pub(crate) fn refused<E: Endpoint>(attempts: u32, status: u16, meta: Option<Meta>) -> Self {
        let meta = meta.unwrap_or_default();
        let refusal = Refusal {
            status,
            code: meta.error,
            message: meta.error_message,
            fields: meta.error_fields,
        };
        Self::new::<E>(attempts, Cause::Refused(refusal))
    }

    pub(crate) fn unreadable<E: Endpoint>(attempts: u32, path: String, problem: String) -> Self {
        Self::new::<E>(attempts, Cause::Unreadable { path, problem })
    }

    /// `kind` is `RepeatedCursor` or `MissingCursor`.
    pub(crate) fn pagination<E: Endpoint>(kind: ErrorKind) -> Self {
        Self::new::<E>(0, Cause::Pagination(kind))
    }

    pub(crate) fn with_body(mut self, body: Bytes) -> Self {
        self.0.body = Some(body);
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    /// Remembers the attempts before the last: whether one reached the server, and whether the
    /// service may have done what it asked.
    pub(crate) fn with_past(mut self, sent: Sent, may_have_been_applied: bool) -> Self {
        self.0.sent_before = sent;
        self.0.applied_before = may_have_been_applied;
        self
    }

    /// The name of the operation, such as `conversations.reply`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self.0.cause {
            Cause::Invalid(_) => ErrorKind::InvalidRequest,
            Cause::Transport(_) => ErrorKind::Transport,
            Cause::Deadline { .. } => ErrorKind::Deadline,
            Cause::RateLimiter(_) => ErrorKind::RateLimit,
            Cause::Refused(_) => ErrorKind::Refused,
            Cause::Unreadable { .. } => ErrorKind::Unreadable,
            Cause::Pagination(kind) => kind,
        }
    }

    /// How many times the request was handed to the transport.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The field that breaks a rule, when the request was refused before it was sent.
    #[must_use]
    pub fn invalid_value(&self) -> Option<&InvalidValue> {
        match &self.0.cause {
            Cause::Invalid(invalid) => Some(invalid),
            _ => None,
        }
    }

    /// The failure of the transport, when no answer came.
    #[must_use]
    pub fn transport(&self) -> Option<&TransportError> {
        match &self.0.cause {
            Cause::Transport(error) => Some(error),
            _ => None,
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        match &self.0.cause {
            Cause::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The status with which the service refused the call. Where the HTTP status says success and the
    /// envelope does not, it is that of the envelope.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// The name of the service's error. `None` also when the answer was not the service's own, such
    /// as the error page of a proxy.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.refusal()?.code.as_ref()
    }

    /// What the service says in words, with the token taken out should it occur.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.refusal()?.message.as_deref()
    }

    /// Which arguments failed validation, in a shape that the vendor does not document.
    #[must_use]
    pub fn fields(&self) -> Option<&Value> {
        self.refusal()?.fields.as_ref()
    }

    /// The place in the answer that could not be read, such as `data.part_last.id`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Unreadable { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The body of the answer, as it came, when one came that is an error or could not be read.
    /// It may hold people's data.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.0.body.as_ref()
    }

    /// The service refused because of too many requests: more than 60 in a minute with one key.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(429) || self.code() == Some(&ErrorCode::TooManyRequests)
    }

    /// The service knows no such object: status 404, or the error `LookupError` (status 400).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
            || matches!(
                self.code(),
                Some(ErrorCode::LookupError | ErrorCode::Error404)
            )
    }

    /// The token is wrong or expired, or lacks the rights for this call.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.is_not_authenticated() || self.is_permission_denied()
    }

    fn is_not_authenticated(&self) -> bool {
        self.status() == Some(401)
            || matches!(
                self.code(),
                Some(ErrorCode::NotAuthenticated | ErrorCode::AuthenticationFailed)
            )
    }

    fn is_permission_denied(&self) -> bool {
        self.status() == Some(403)
            || matches!(
                self.code(),
                Some(ErrorCode::PermissionDenied | ErrorCode::PermissionDeniedError)
            )
    }

    /// Time ran out: that of the whole call, or that of an attempt.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match &self.0.cause {
            Cause::Deadline { .. } => true,
            Cause::Transport(error) => matches!(error.kind(), TransportErrorKind::Timeout(_)),
            _ => false,
        }
    }

    /// How long the service asks to wait before the next request, from the `Retry-After` header of the
    /// last response.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What the call was doing when its deadline passed.
    #[must_use]
    pub fn phase(&self) -> Option<CallPhase> {
        match &self.0.cause {
            Cause::Deadline { phase, .. } => Some(*phase),
            _ => None,
        }
    }

    /// Whether the request reached the server in any of its attempts, as far as the client can know.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.sent_before.max(self.last_sent())
    }

    fn last_sent(&self) -> Sent {
        match &self.0.cause {
            Cause::Invalid(_) | Cause::RateLimiter(_) => Sent::Never,
            Cause::Transport(error) => error.sent(),
            Cause::Deadline { sent, .. } => *sent,
            Cause::Refused(_) | Cause::Unreadable { .. } | Cause::Pagination(_) => Sent::Yes,
        }
    }

    /// True when the service may have done what was asked in spite of this error: find out before
    /// you repeat a call that writes.
    ///
    /// False when nothing was sent, and when the service refused every attempt with a status below
    /// 500 other than 408.
    ///
    /// [`retry`](crate::retry#after-an-uncertain-write) says how to find out.
    #[must_use]
    pub fn may_have_been_applied(&self) -> bool {
        self.0.applied_before || self.last_may_have_been_applied()
    }

    /// The same for the last attempt alone.
    pub(crate) fn last_may_have_been_applied(&self) -> bool {
        match &self.0.cause {
            Cause::Refused(refusal) => refusal.status >= 500 || refusal.status == 408,
            Cause::Pagination(_) => false,
            _ => self.last_sent() != Sent::Never,
        }
    }

    /// Whether another attempt may go better: the way or the server failed. Whether it may be made is
    /// another question.
    pub(crate) fn is_transient(&self) -> bool {
        match &self.0.cause {
            Cause::Transport(error) => match error.kind() {
                // The same answer would be too large once more.
                TransportErrorKind::TooLarge { .. } => error.sent() == Sent::Never,
                TransportErrorKind::Rejected => false,
                _ => true,
            },
            Cause::Refused(refusal) => refusal.status >= 500,
            _ => false,
        }
    }

    /// What became of all attempts together.
    fn fate(&self) -> String {
        match self.sent() {
            Sent::Never => Sent::Never.to_string(),
            sent if self.may_have_been_applied() => sent.to_string(),
            _ => "the service refused it before".to_owned(),
        }
    }

    /// What the reader can do about it.
    fn advice(&self) -> Option<String> {
        if self.is_not_authenticated() {
            return Some(
                "check the API key (Settings, Developers, \"API keys\" in the panel)".into(),
            );
        }
        if self.is_permission_denied() {
            return Some(match self.0.scope {
                Some(scope) => format!("the operation needs a key with the right `{scope}`"),
                None => "the key lacks a right that the operation needs".into(),
            });
        }
        if self.is_rate_limited() {
            return Some("a key may make 60 requests a minute; wait before the next".into());
        }
        if self.is_not_found() {
            return Some(match self.code() {
                Some(_) => "check the ids in the call".into(),
                None => "check the ids in the call, and the base URL".into(),
            });
        }
        if self.fields().is_some() {
            return Some("`Error::fields` tells which arguments are wrong".into());
        }
        if let Some(phase) = self.phase() {
            let more = "`call_timeout` allows more";
            return Some(match phase {
                CallPhase::RateLimit => {
                    format!(
                        "{more}; or read lists with `pages` or `items`, or set another rate limit"
                    )
                }
                CallPhase::Attempt | CallPhase::Pause => more.into(),
            });
        }
        match self.refusal()?.status {
            300..=399 => Some("redirects are not followed; check the base URL".into()),
            408 | 500.. => Some(
                "before you repeat a call that writes, find out whether it was done all the same"
                    .into(),
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.0.operation)?;
        match &self.0.cause {
            Cause::Invalid(invalid) => write!(f, "{invalid}; nothing was sent")?,
            Cause::Transport(error) => write!(f, "{error}")?,
            Cause::Deadline { limit, phase, .. } => {
                let fate = self.fate();
                write!(
                    f,
                    "the deadline of {limit:?} for the call passed while {phase}; {fate}"
                )?;
            }
            Cause::RateLimiter(source) => {
                let source = one_line(&source.to_string());
                write!(f, "no place in the rate limit: {source}; {}", self.fate())?;
            }
            Cause::Refused(refusal) => write!(f, "{refusal}")?,
            Cause::Unreadable { path, problem } => {
                f.write_str("the answer could not be read")?;
                // A dot is the body itself, which needs no naming.
                if path != "." {
                    write!(f, " at `{}`", quote(path))?;
                }
                write!(f, ": {}", quote(problem))?;
                if let Some(body) = self.0.body.as_ref().filter(|body| !body.is_empty()) {
                    write!(f, "; `Error::body` holds its {} bytes", body.len())?;
                }
            }
            Cause::Pagination(ErrorKind::MissingCursor) => f.write_str(
                "a full page does not say where the next one begins; there may be more records than \
                 it gave",
            )?,
            Cause::Pagination(_) => f.write_str(
                "the listing gave the same cursor twice and would never end; begin it anew",
            )?,
        }
        match self.0.attempts {
            0 if self.is_timeout() => f.write_str(" (before the first attempt)")?,
            1 if self.is_timeout() => f.write_str(" (after 1 attempt)")?,
            0 | 1 => {}
            attempts => {
                write!(f, " (after {attempts} attempts")?;
                if self.0.applied_before {
                    f.write_str(", of which an earlier one may have reached the server")?;
                }
                f.write_str(")")?;
            }
        }
        match self.advice() {
            Some(advice) => write!(f, "; {advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service answered {}", self.status)?;
        match &self.code {
            Some(code) => write!(f, " {}", quote(code.as_str()))?,
            None => f.write_str(" without saying why")?,
        }
        match self.message.as_deref() {
            Some(message) if !message.is_empty() => write!(f, ": {}", quote(message)),
            _ => Ok(()),
        }
    }
}

/// The longest text of the service that a message quotes, in characters.
const MAX_QUOTE: usize = 300;

/// A text of the service, fit for a log: one line, of a bounded length.
fn quote(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(MAX_QUOTE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// A text without the line breaks and other control characters that would break a log.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Shows what `Display` shows, and the length of the body.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("message", &self.to_string())
            .field("attempts", &self.0.attempts)
            .field("body_bytes", &self.0.body.as_ref().map(Bytes::len))
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Invalid(invalid) => Some(invalid),
            Cause::Transport(error) => Some(error),
            Cause::RateLimiter(source) => Some(&**source),
            _ => None,
        }
    }
}
