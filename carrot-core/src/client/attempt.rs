//! One attempt: sends the request, checks and decodes the response.

use std::{error::Error as _, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use super::Shared;
use crate::{
    AuthToken, Body, Endpoint, Error, Sent, TransportError,
    endpoint::{ResponseError, response},
    policy::timeout,
    retry::retry_after,
    transport::{CallContext, TimeoutPhase, TransportErrorKind},
    types::{ErrorCode, Meta},
};

/// How much longer than its timeout an attempt may take before the client cancels it. A transport that
/// keeps the timeout ends the attempt first, and knows better what was sent.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// A failed attempt.
pub(super) struct Failed {
    pub(super) error: Error,
    /// The response, if there is one.
    pub(super) received: Option<Box<Response<Bytes>>>,
}

impl Failed {
    /// Returns the HTTP status, or the status in the envelope if only that is an error.
    pub(super) fn status(&self) -> Option<u16> {
        let received = self.received.as_ref();
        received.map(|received| match self.error.status() {
            Some(status) => status,
            None => received.status().as_u16(),
        })
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            received: None,
        }
    }
}

/// Sends a request within the limits of its [`CallContext`].
pub(super) async fn send(
    shared: &Shared,
    request: Request<Body>,
) -> Result<Response<Bytes>, TransportError> {
    let context = request.extensions().get::<CallContext>();
    let max_body_bytes = context.and_then(|context| context.max_body_bytes);
    let limit = context.and_then(|context| context.timeout);
    let sent = timeout(
        &*shared.clock,
        limit.map(|limit| limit.saturating_add(GRACE)),
        shared.transport.send(request),
    )
    .await;
    received(shared, sent, max_body_bytes)
}

/// Checks that a response came in time and is not too large.
pub(super) fn received(
    shared: &Shared,
    sent: Option<Result<Response<Bytes>, TransportError>>,
    max_body_bytes: Option<u64>,
) -> Result<Response<Bytes>, TransportError> {
    let Some(sent) = sent else {
        let kind = TransportErrorKind::Timeout(TimeoutPhase::Response);
        return Err(TransportError::new(kind, Sent::Maybe));
    };
    let response = sent.map_err(|error| without_token_in_sources(shared, error))?;
    match max_body_bytes.filter(|limit| response.body().len() as u64 > *limit) {
        Some(limit) => {
            let kind = TransportErrorKind::TooLarge { limit };
            Err(TransportError::new(kind, Sent::Yes))
        }
        None => Ok(response),
    }
}

/// Decodes a response.
pub(super) fn read<E: Endpoint>(
    shared: &Shared,
    endpoint: &E,
    received: Response<Bytes>,
    number: u32,
) -> Result<super::Response<E::Output>, Failed> {
    match value(shared, endpoint, &received, number) {
        Ok(value) => Ok(super::Response::new(value, received)),
        Err(error) => Err(Failed {
            error: error
                .with_retry_after(retry_after(received.headers(), shared.clock.system_time()))
                .with_body(received.body().clone()),
            received: Some(Box::new(received)),
        }),
    }
}

fn value<E: Endpoint>(
    shared: &Shared,
    endpoint: &E,
    response: &Response<Bytes>,
    number: u32,
) -> Result<E::Output, Error> {
    let body = response.body();
    let service_error = |status: u16, meta: Option<Meta>| {
        let meta = meta.map(|meta| without_token(shared, meta));
        Error::service::<E>(number, status, meta)
    };
    if !response.status().is_success() {
        return Err(service_error(
            response.status().as_u16(),
            response::meta(body),
        ));
    }
    endpoint
        .decode(shared.context.version, body)
        .map_err(|error| match error {
            ResponseError::Service(meta) => service_error(meta.status, Some(*meta)),
            ResponseError::Unreadable { path, problem } => Error::unreadable::<E>(
                number,
                shared.token.redact(&path),
                shared.token.redact(&problem),
            ),
        })
}

/// Removes the token from the error of a transport that quotes the request, so that it cannot reach a
/// log. Replaces the sources of such an error by their redacted text.
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

/// Removes the token from an error of the service, so that it cannot reach a log. Cuts its texts first.
fn without_token(shared: &Shared, mut meta: Meta) -> Meta {
    let token = &shared.token;
    let start = |text: &str| token.redacted_start(text, response::MAX_TEXT);
    if let Some(fields) = &mut meta.error_fields {
        redact_json(token, fields);
    }
    meta.error_message = meta.error_message.as_deref().map(start);
    let code = meta.error.as_ref().map(ErrorCode::as_str);
    meta.error = code.map(|code| ErrorCode::from(&*start(code)));
    meta
}

/// Redacts in place, and only strings that contain the token: the fields of an error may be large.
fn redact_json(token: &AuthToken, value: &mut Value) {
    match value {
        Value::String(text) => token.redact_in(text),
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| redact_json(token, value)),
        Value::Object(fields) => {
            if fields.keys().any(|key| token.occurs_in(key)) {
                let renamed = std::mem::take(fields).into_iter();
                *fields = renamed
                    .map(|(key, value)| (token.redact(&key), value))
                    .collect();
            }
            fields
                .values_mut()
                .for_each(|value| redact_json(token, value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
