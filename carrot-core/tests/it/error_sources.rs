//! The sources of an error: their types, and what the error shows of them.

use std::error::Error as StdError;

use async_trait::async_trait;
use carrot_core::rate_limit::{AcquireError, AcquireRequest, Permit};
use carrot_core::{
    ApiVersion, Error, ErrorKind, RateLimiter, Sent, TransportError, conversations,
    transport::TransportErrorKind,
    types::{InvalidValue, UserId},
    users,
};

use carrot_testing::CannedResponse;

use crate::support::{ID, builder, canned, client, respond, run, watched};

fn source_of<T: StdError + 'static>(error: &Error) -> &T {
    let sources = std::iter::successors(StdError::source(error), |&error| error.source());
    let mut typed = sources.filter_map(|source| source.downcast_ref());
    typed.next().expect("a source of this type")
}

#[test]
fn invalid_input_has_the_rule_as_source() {
    let client = client(&canned([]), ApiVersion::V2);
    let error = run(client.call(conversations::Reply::new(ID, ""))).expect_err("no text");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(source_of::<InvalidValue>(&error).field(), "body");
}

#[test]
fn lost_request_has_transport_source() {
    let recorder = canned([CannedResponse::failure(
        TransportErrorKind::Reset,
        Sent::Maybe,
    )]);
    let client = client(&recorder, ApiVersion::V2);
    let error = run(client.call(conversations::Reply::new(ID, "Hi"))).expect_err("a reset");
    assert_eq!(source_of::<TransportError>(&error).sent(), error.sent());
}

/// A rate limiter whose store is not reachable.
#[derive(Debug)]
struct Unreachable;

#[async_trait]
impl RateLimiter for Unreachable {
    async fn acquire(&self, _request: &AcquireRequest) -> Result<Permit, AcquireError> {
        Err(AcquireError::Store(Box::new(InvalidValue::new(
            "store",
            "must be reachable",
        ))))
    }
}

#[test]
fn failed_permit_has_limiter_source() {
    let client = watched(builder(&canned([])).rate_limiter(Unreachable));
    let error = run(client.call(users::Get::new(UserId::new(1)))).expect_err("no permit");
    assert_eq!(source_of::<InvalidValue>(&error).field(), "store");
}

#[test]
fn service_error_has_no_source() {
    let recorder = canned([respond(404, "")]);
    let client = client(&recorder, ApiVersion::V2);
    let error = run(client.call(users::Get::new(UserId::new(1)))).expect_err("not there");
    assert!(StdError::source(&error).is_none());
}

#[test]
fn source_is_shown_in_one_line() {
    let broken = TransportError::new(TransportErrorKind::Other, Sent::Never)
        .with_source("first\nsecond\r\n\tthird");
    let shown = "the transport failed: first second   third; the request was not sent";
    assert_eq!(broken.to_string(), shown);

    let client = watched(builder(&canned([])).rate_limiter(Talkative));
    let error = run(client.call(users::Get::new(UserId::new(1)))).expect_err("no permit");
    assert_eq!(
        error.to_string(),
        "users.get: the store failed: first second; the request was not sent"
    );
}

/// A rate limiter whose store has an error of several lines.
#[derive(Debug)]
struct Talkative;

#[async_trait]
impl RateLimiter for Talkative {
    async fn acquire(&self, _request: &AcquireRequest) -> Result<Permit, AcquireError> {
        Err(AcquireError::Store("first\nsecond".into()))
    }
}
