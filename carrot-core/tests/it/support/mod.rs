//! Helpers of the integration tests.

pub(crate) mod canary;
pub(crate) mod operations;
pub(crate) mod people;
pub(crate) mod rejections;
pub(crate) mod request;
pub(crate) mod simulation;

use std::{
    error::Error,
    future::Future,
    path::Path,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use carrot_core::{
    ApiVersion, AuthToken, Client, ClientBuilder, ExponentialBackoff, HttpTransport, NoRateLimit,
    Sent, TransportError, transport::TransportErrorKind, types::ConversationId,
};
use carrot_testing::{CannedResponse, RecordingTransport, VirtualClock, stub::Latency};

pub(crate) use self::canary::{TOKEN, Watched, watched};

/// A transport that returns these responses, then empty successes.
pub(crate) fn canned(responses: impl IntoIterator<Item = CannedResponse>) -> RecordingTransport {
    RecordingTransport::responding(responses).with_default(CannedResponse::ok())
}

/// A success with this body.
pub(crate) fn ok(body: impl Into<Bytes>) -> CannedResponse {
    respond(200, body)
}

pub(crate) fn respond(status: u16, body: impl Into<Bytes>) -> CannedResponse {
    let status = http::StatusCode::from_u16(status).expect("a status");
    CannedResponse::bytes(status, body)
}

/// A 429 as the transport returns it.
pub(crate) fn throttled(body: String, retry_after: Option<&str>) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
    if let Some(text) = retry_after {
        let text = text.parse().expect("a header value");
        response.headers_mut().insert("retry-after", text);
    }
    response
}

/// A failure of the transport with this source.
pub(crate) fn lost<E>(kind: TransportErrorKind, sent: Sent, source: E) -> CannedResponse
where
    E: Into<Box<dyn Error + Send + Sync>> + Clone + Send + Sync + 'static,
{
    CannedResponse::failure_with(move || {
        TransportError::new(kind, sent).with_source(source.clone())
    })
}

/// A transport whose responses take a second.
pub(crate) fn late(transport: RecordingTransport, clock: &VirtualClock) -> Latency {
    Latency::new(transport, clock, |_| {
        (Duration::ZERO, Duration::from_secs(1))
    })
}

/// The id of any conversation.
pub(crate) const ID: ConversationId = ConversationId::new(1);

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A client with this transport and clock.
pub(crate) fn over(transport: impl HttpTransport, clock: &VirtualClock) -> ClientBuilder {
    let token = AuthToken::new(TOKEN).expect("a sound token");
    Client::builder(transport, clock.clone(), token)
}

/// A client without retries and rate limit, which have their own tests.
pub(crate) fn builder(transport: &(impl HttpTransport + Clone)) -> ClientBuilder {
    over(transport.clone(), &VirtualClock::manual())
        .retry(ExponentialBackoff::none())
        .rate_limiter(NoRateLimit::new())
}

/// A client with this transport and API version, and a clock that does not advance.
pub(crate) fn client(transport: &(impl HttpTransport + Clone), version: ApiVersion) -> Watched {
    watched(builder(transport).version(version))
}

/// Runs a future that never waits.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits forever"),
    }
}

/// Polls a future once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Compares a text with a file of this crate. `UPDATE_EXPECT=1` writes the file.
pub(crate) fn assert_snapshot(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    expect_test::expect_file![file].assert_eq(text);
}
