//! One attempt: the request goes out, the answer is checked and read.

use std::{error::Error as _, time::Duration};

use bytes::Bytes;
use http::{Request, Response};

use super::Shared;
use crate::{
    Body, Endpoint, Error, Sent, TransportError,
    endpoint::{ResponseError, response},
    policy::within,
    retry::retry_after,
    transport::{CallContext, TimeoutPhase, TransportErrorKind},
    types::{ErrorCode, Meta},
};

/// How much longer than its limit an attempt may take before the client gives it up. A transport that
/// keeps the limit is the first to notice, and knows better what was sent.
const GRACE: Duration = Duration::from_millis(500);

/// An attempt that failed, and how long the service asks to wait.
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) retry_after: Option<Duration>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            retry_after: None,
        }
    }
}

/// How an attempt ended.
pub(super) struct Attempted<T> {
    /// The status of the answer: that of HTTP, or of the envelope where that alone refuses. `None`
    /// when no answer came.
    pub(super) status: Option<u16>,
    pub(super) result: Result<T, Failed>,
}

pub(super) async fn attempt<E: Endpoint>(
    shared: &Shared,
    endpoint: &E,
    request: Request<Body>,
    number: u32,
) -> Attempted<E::Output> {
    let context = request.extensions().get::<CallContext>();
    let limit = context.and_then(|context| context.max_body_bytes);
    let timeout = context.and_then(|context| context.timeout);
    let sent = within(
        &*shared.clock,
        timeout.map(|timeout| timeout.saturating_add(GRACE)),
        shared.transport.send(request),
    )
    .await;
    let response = match received(shared, sent, limit) {
        Ok(response) => response,
        Err(error) => {
            return Attempted {
                status: None,
                result: Err(Error::from_transport::<E>(number, error).into()),
            };
        }
    };
    let result = read(shared, endpoint, &response, number);
    let refused = result.as_ref().err().and_then(Error::status);
    Attempted {
        status: Some(refused.unwrap_or_else(|| response.status().as_u16())),
        result: result.map_err(|error| Failed {
            retry_after: retry_after(response.headers()),
            error: error.with_body(response.into_body()),
        }),
    }
}

/// An answer that came in time, and is not larger than was agreed to.
fn received(
    shared: &Shared,
    sent: Option<Result<Response<Bytes>, TransportError>>,
    limit: Option<u64>,
) -> Result<Response<Bytes>, TransportError> {
    let Some(sent) = sent else {
        let kind = TransportErrorKind::Timeout(TimeoutPhase::Response);
        return Err(TransportError::new(kind, Sent::Maybe));
    };
    let response = sent.map_err(|error| without_token_in_sources(shared, error))?;
    match limit.filter(|limit| response.body().len() as u64 > *limit) {
        Some(limit) => {
            let kind = TransportErrorKind::TooLarge { limit };
            Err(TransportError::new(kind, Sent::Yes))
        }
        None => Ok(response),
    }
}

fn read<E: Endpoint>(
    shared: &Shared,
    endpoint: &E,
    response: &Response<Bytes>,
    number: u32,
) -> Result<E::Output, Error> {
    let body = response.body();
    let refused = |status: u16, meta: Option<Meta>| {
        let meta = meta.map(|meta| without_token(shared, meta));
        Error::refused::<E>(number, status, meta)
    };
    if !response.status().is_success() {
        return Err(refused(response.status().as_u16(), response::meta(body)));
    }
    endpoint
        .decode(shared.context.version, body)
        .map_err(|error| match error {
            ResponseError::Refused(meta) => refused(meta.status, Some(*meta)),
            ResponseError::Unreadable { path, problem } => Error::unreadable::<E>(
                number,
                shared.token.redact(&path),
                shared.token.redact(&problem),
            ),
        })
}

/// A transport that quotes the request in its error must not bring the token into a log: the errors
/// beneath are replaced by their texts without it.
fn without_token_in_sources(shared: &Shared, error: TransportError) -> TransportError {
    let sources = || std::iter::successors(error.source(), |source| (*source).source());
    let holds_token = |text: String| shared.token.redact(&text) != text;
    if !sources().any(|source| holds_token(format!("{source} {source:?}"))) {
        return error;
    }
    let texts: Vec<String> = sources().map(ToString::to_string).collect();
    let redacted = TransportError::new(error.kind(), error.sent())
        .with_source(shared.token.redact(&texts.join(": ")));
    match error.peer() {
        Some(peer) => redacted.with_peer(shared.token.redact(peer)),
        None => redacted,
    }
}

/// A service that quotes the token in its error must not bring it into a log.
fn without_token(shared: &Shared, mut meta: Meta) -> Meta {
    meta.error_message = meta
        .error_message
        .map(|message| shared.token.redact(&message));
    meta.error_fields = meta.error_fields.and_then(|fields| {
        let fields = shared.token.redact(&fields.to_string());
        serde_json::from_str(&fields).ok()
    });
    meta.error = meta
        .error
        .map(|code| ErrorCode::from(&*shared.token.redact(code.as_str())));
    meta
}
