//! The error of a failed call.

mod display;
mod foreign;
mod kind;

use std::{error::Error as StdError, time::Duration};

use bytes::Bytes;
use carrot_types::{Cursor, ErrorCode, InvalidValue, Meta};
use serde_json::Value;

use self::foreign::Foreign;
pub use self::kind::{CallPhase, ErrorKind};
use crate::{
    config::start_of,
    endpoint::{Endpoint, UnreadableRecord},
    policy::retry::FailureKind,
    rate_limit::AcquireError,
    transport::{Sent, TimeoutPhase, TransportError, TransportErrorKind},
};

/// The error of a failed call.
///
/// `Display` is one line: the operation, the failure, and what to do about it. It contains neither the
/// token nor the body of the response, which is in [`body`](Self::body).
///
/// The decision that most programs make:
///
/// ```
/// use std::time::Duration;
///
/// use carrot_core::Error;
///
/// enum Next {
///     /// It may have been applied: reconcile, or let a person check.
///     Check,
///     /// There is no such record.
///     Missing,
///     /// Not applied; try again after this time.
///     Later(Duration),
///     /// The request, the token or its scopes are wrong, and stay wrong.
///     Fix(String),
/// }
///
/// /// `is_idempotent`: every read is, and may be made again whatever became of it.
/// fn next(error: &Error, is_idempotent: bool) -> Next {
///     let a_minute = Duration::from_secs(60);
///     match error.status() {
///         _ if error.may_have_been_applied() && !is_idempotent => Next::Check,
///         _ if error.is_not_found() => Next::Missing,
///         _ if error.is_rate_limited() => Next::Later(error.retry_after().unwrap_or(a_minute)),
///         _ if error.is_auth() || error.invalid_value().is_some() => Next::Fix(error.to_string()),
///         Some(400..=499) => Next::Fix(error.to_string()),
///         _ => Next::Later(a_minute),
///     }
/// }
///
/// # use carrot_core::{conversations::Get, types::ConversationId};
/// # carrot_testing::VirtualClock::new().run(async {
/// # use carrot_testing::Sandbox;
/// let client = Sandbox::new().client();
/// let error = client.call(Get::new(ConversationId::new(5))).await.unwrap_err();
/// assert!(matches!(next(&error, true), Next::Missing));
/// assert_eq!(
///     error.to_string(),
///     "conversations.get: the service returned 400 LookupError: no such conversation; check the ids in the call"
/// );
/// # });
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    operation: &'static str,
    scopes: &'static [&'static str],
    /// False for a GET.
    is_write: bool,
    attempts: u32,
    /// Whether an attempt before the last was sent.
    sent_before: Sent,
    /// Whether the service may have applied an attempt before the last.
    applied_before: bool,
    /// The status of the last response, if the call ended in a wait after it.
    status_before: Option<u16>,
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
    RateLimiter {
        error: AcquireError,
        wait: PermitWait,
    },
    /// `reason` is `None` if the body is not an envelope, such as the error page of a proxy.
    Service {
        status: u16,
        reason: Option<Box<Reason>>,
    },
    Unreadable {
        path: String,
        problem: String,
    },
    /// An unreadable record of a listing, which continues after it.
    UnreadableRecord {
        path: String,
        problem: String,
        index: usize,
        page: Option<Cursor>,
    },
    /// `RepeatedCursor`, `MissingCursor` or `ListMoved`.
    Pagination(ErrorKind),
}

/// What the envelope of an error says.
struct Reason {
    code: Option<ErrorCode>,
    message: Option<String>,
    /// JSON: a tree of values takes many times the memory.
    fields: Option<Box<str>>,
}

/// What bounded the wait for a permit.
pub(crate) enum PermitWait {
    /// `permit_timeout`.
    Limited(Duration),
    /// The time left of the call.
    Left(Duration),
}

impl Error {
    fn new<E: Endpoint>(attempts: u32, cause: Cause) -> Self {
        Self(Box::new(Inner {
            operation: E::NAME,
            scopes: E::SCOPES,
            is_write: true,
            attempts,
            sent_before: Sent::Never,
            applied_before: false,
            status_before: None,
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

    /// `sent` tells whether the attempt in flight was sent.
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
        error: AcquireError,
        wait: PermitWait,
    ) -> Self {
        Self::new::<E>(attempts, Cause::RateLimiter { error, wait })
    }

    /// `meta` is `None` if the body is not an envelope. Its texts must not contain the token.
    pub(crate) fn service<E: Endpoint>(attempts: u32, status: u16, meta: Option<Meta>) -> Self {
        let reason = meta.map(|meta| {
            Box::new(Reason {
                code: meta.error,
                message: meta.error_message,
                fields: meta.error_fields.map(|fields| fields.to_string().into()),
            })
        });
        Self::new::<E>(attempts, Cause::Service { status, reason })
    }

    pub(crate) fn unreadable<E: Endpoint>(attempts: u32, path: String, problem: String) -> Self {
        Self::new::<E>(attempts, Cause::Unreadable { path, problem })
    }

    /// `page` is the cursor of the page of the record; `None` for the first page.
    pub(crate) fn unreadable_record<E: Endpoint>(
        record: UnreadableRecord,
        page: Option<Cursor>,
    ) -> Self {
        let cause = Cause::UnreadableRecord {
            path: record.path,
            problem: record.problem,
            index: record.index,
            page,
        };
        Self::new::<E>(0, cause).with_body(record.json.into())
    }

    /// `kind` is `RepeatedCursor`, `MissingCursor` or `ListMoved`.
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

    pub(crate) fn with_is_write(mut self, is_write: bool) -> Self {
        self.0.is_write = is_write;
        self
    }

    /// Keeps only the first bytes of the body and of each text, and no longer fields. The body is copied,
    /// since it may be a part of a larger buffer.
    pub(crate) fn cut_to(mut self, limit: usize) -> Self {
        if let Some(body) = &mut self.0.body {
            *body = Bytes::copy_from_slice(body.get(..limit).unwrap_or(body));
        }
        if let Cause::Service {
            reason: Some(reason),
            ..
        } = &mut self.0.cause
        {
            let start = |text: &str| start_of(text, limit).to_owned();
            reason.message = reason.message.as_deref().map(start);
            let code = reason.code.as_ref().map(ErrorCode::as_str);
            reason.code = code.map(|code| ErrorCode::from(&*start(code)));
            reason.fields.take_if(|fields| fields.len() > limit);
        }
        self
    }

    /// Adds whether an attempt before the last was sent, whether the service may have applied it, and the
    /// status of the last response.
    pub(crate) fn with_past(
        mut self,
        sent: Sent,
        may_have_been_applied: bool,
        status: Option<u16>,
    ) -> Self {
        self.0.sent_before = sent;
        self.0.applied_before = may_have_been_applied;
        self.0.status_before = status;
        self
    }

    /// Returns the name of the operation, such as `conversations.reply`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self.0.cause {
            Cause::Invalid(_) => ErrorKind::InvalidRequest,
            Cause::Transport(_) => ErrorKind::Transport,
            Cause::Deadline { .. } => ErrorKind::Deadline,
            Cause::RateLimiter {
                error: AcquireError::TooLate { .. },
                ..
            } => ErrorKind::Deadline,
            Cause::RateLimiter { .. } => ErrorKind::RateLimit,
            Cause::Service { .. } => ErrorKind::Service,
            Cause::Unreadable { .. } | Cause::UnreadableRecord { .. } => ErrorKind::Unreadable,
            Cause::Pagination(kind) => kind,
        }
    }

    /// Returns the number of attempts: how often the request was passed to the transport.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the field that breaks a rule, if the client rejected the request before sending.
    #[must_use]
    pub fn invalid_value(&self) -> Option<&InvalidValue> {
        match &self.0.cause {
            Cause::Invalid(invalid) => Some(invalid),
            _ => None,
        }
    }

    /// Returns the error of the transport, if there is no response.
    #[must_use]
    pub fn transport(&self) -> Option<&TransportError> {
        match &self.0.cause {
            Cause::Transport(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the status of an error from the service: the HTTP status, or the status in the envelope if
    /// the HTTP status is a success.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.0.cause {
            Cause::Service { status, .. } => Some(*status),
            _ => None,
        }
    }

    fn reason(&self) -> Option<&Reason> {
        match &self.0.cause {
            Cause::Service { reason, .. } => reason.as_deref(),
            _ => None,
        }
    }

    /// Returns the name of an error from the service. `None` if the body is not an envelope, such as the
    /// error page of a proxy.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.reason()?.code.as_ref()
    }

    /// Returns the message of an error from the service, with the token redacted: its first 32 KiB.
    /// The report of [`CallAll`](crate::jobs::CallAll) keeps the first 4 KiB.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.reason()?.message.as_deref()
    }

    /// Returns the arguments that failed validation, in a structure that the vendor does not document.
    /// `None` if the body is larger than 64 KiB, or they are larger than 4 KiB and the error is in the
    /// report of [`CallAll`](crate::jobs::CallAll): read [`body`](Self::body) then.
    #[must_use]
    pub fn fields(&self) -> Option<Value> {
        serde_json::from_str(self.reason()?.fields.as_deref()?).ok()
    }

    /// Returns the path in the response that cannot be decoded, such as `data.part_last.id`.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Unreadable { path, .. } | Cause::UnreadableRecord { path, .. } => Some(path),
            _ => None,
        }
    }

    /// Returns the position of a record on its page, from 0, if the error is that one record of a listing
    /// cannot be decoded. The listing continues after it.
    #[must_use]
    pub fn record_index(&self) -> Option<usize> {
        match &self.0.cause {
            Cause::UnreadableRecord { index, .. } => Some(*index),
            _ => None,
        }
    }

    /// Returns the body of the response as received, if the response is an error or cannot be decoded.
    /// May contain personal data. The report of [`CallAll`](crate::jobs::CallAll) keeps the first 4 KiB.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.0.body.as_ref()
    }

    /// Returns true if the service returned status 429 or `TooManyRequests`: more than 60 requests in a
    /// minute with one key.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.status() == Some(429) || self.code() == Some(&ErrorCode::TooManyRequests)
    }

    /// Returns true if the object does not exist: status 404, or the error `LookupError` (status 400). False
    /// for a body that is not JSON, such as the HTML page of a proxy, which does not know the object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404) && self.foreign().is_none()
            || matches!(
                self.code(),
                Some(ErrorCode::LookupError | ErrorCode::Error404)
            )
    }

    /// Returns true if the token is wrong or expired, or lacks the scope of this operation. False for
    /// a body that is not JSON, such as the HTML page of a proxy, which does not check the token.
    #[must_use]
    pub fn is_auth(&self) -> bool {
        self.is_not_authenticated() || self.is_permission_denied()
    }

    fn is_not_authenticated(&self) -> bool {
        self.status() == Some(401) && self.foreign().is_none()
            || matches!(
                self.code(),
                Some(ErrorCode::NotAuthenticated | ErrorCode::AuthenticationFailed)
            )
    }

    fn is_permission_denied(&self) -> bool {
        self.status() == Some(403) && self.foreign().is_none()
            || matches!(
                self.code(),
                Some(ErrorCode::PermissionDenied | ErrorCode::PermissionDeniedError)
            )
    }

    /// Returns what the body is, if the service cannot have sent it as it is.
    fn foreign(&self) -> Option<Foreign> {
        match &self.0.cause {
            Cause::Service { reason: None, .. } | Cause::Unreadable { .. } => {
                Foreign::of(self.0.body.as_deref().unwrap_or_default())
            }
            _ => None,
        }
    }

    /// Returns true if the deadline of the call or the timeout of an attempt passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match &self.0.cause {
            Cause::Deadline { .. }
            | Cause::RateLimiter {
                error: AcquireError::TooLate { .. },
                ..
            } => true,
            Cause::Transport(error) => matches!(error.kind(), TransportErrorKind::Timeout(_)),
            _ => false,
        }
    }

    /// Returns how long to wait before you repeat the call, if it is known: the `Retry-After` of the last
    /// response, or the time to the next permit if the call could not wait for the rate limit.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.cause {
            Cause::RateLimiter {
                error: AcquireError::TooLate { earliest },
                ..
            } => *earliest,
            _ => self.0.retry_after,
        }
    }

    /// Returns the phase of the call in which its deadline passed.
    #[must_use]
    pub fn phase(&self) -> Option<CallPhase> {
        match &self.0.cause {
            Cause::Deadline { phase, .. } => Some(*phase),
            Cause::RateLimiter { .. } if self.is_timeout() => Some(CallPhase::RateLimit),
            _ => None,
        }
    }

    /// Returns whether an attempt reached the server.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.sent_before.max(self.last_sent())
    }

    fn last_sent(&self) -> Sent {
        match &self.0.cause {
            Cause::Invalid(_) | Cause::RateLimiter { .. } => Sent::Never,
            Cause::Transport(error) => error.sent(),
            Cause::Deadline { sent, .. } => *sent,
            Cause::Service { .. }
            | Cause::Unreadable { .. }
            | Cause::UnreadableRecord { .. }
            | Cause::Pagination(_) => Sent::Yes,
        }
    }

    /// Returns true if the service may have applied the call despite this error. Check before you repeat
    /// a call that is not idempotent; see [`retry`](crate::retry#after-an-uncertain-write).
    ///
    /// False if nothing was sent, or if the service returned a status from 400 to 451 other than 408 to
    /// every attempt. Statuses from 452 to 499 are those of gateways, such as 499, client closed request.
    #[must_use]
    pub fn may_have_been_applied(&self) -> bool {
        self.0.applied_before || self.last_may_have_been_applied()
    }

    /// Returns true if the service may have applied the last attempt.
    pub(crate) fn last_may_have_been_applied(&self) -> bool {
        match &self.0.cause {
            // A redirect after a POST may mean that it was applied, as for a form in a browser.
            Cause::Service { status, .. } => !matches!(status, 400..=407 | 409..=451),
            Cause::Pagination(_) | Cause::UnreadableRecord { .. } => false,
            _ => self.last_sent() != Sent::Never,
        }
    }

    /// Returns the kind of a failure that another attempt may fix, whether or not a retry is allowed.
    pub(crate) fn failure_kind(&self) -> Option<FailureKind> {
        if self.is_rate_limited() {
            return Some(FailureKind::Throttled);
        }
        match &self.0.cause {
            Cause::Transport(error) => match error.kind() {
                // Another attempt would fail in the same way.
                TransportErrorKind::Tls
                | TransportErrorKind::Protocol
                | TransportErrorKind::Rejected => None,
                // Another response would be too large too.
                TransportErrorKind::TooLarge { .. } if error.sent() != Sent::Never => None,
                TransportErrorKind::Dns
                | TransportErrorKind::Connect
                | TransportErrorKind::Timeout(TimeoutPhase::Connect)
                | TransportErrorKind::Reset
                | TransportErrorKind::Truncated => Some(FailureKind::Unavailable),
                _ => Some(FailureKind::Transient),
            },
            Cause::Service { status, .. } => match status {
                // The method, the version of HTTP, or a login that the network asks for.
                501 | 505 | 511 => None,
                // 520 and above: a proxy such as Cloudflare's has no server behind it, or an overloaded one.
                502..=504 | 520..=524 | 529 => Some(FailureKind::Unavailable),
                408 | 500.. => Some(FailureKind::Transient),
                _ => None,
            },
            _ => None,
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.cause {
            Cause::Invalid(invalid) => Some(invalid),
            Cause::Transport(error) => Some(error),
            Cause::RateLimiter { error, .. } => Some(error),
            _ => None,
        }
    }
}
