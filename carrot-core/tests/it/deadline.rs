//! The deadline of a call, the context of the transport, and dropping a call.

use std::{pin::pin, task::Poll, time::Duration};

use carrot_core::{
    ApiContext, ApiVersion, Clock, Endpoint, ErrorKind, HttpTransport, Sent, TransportError,
    client::CallOptions,
    conversations,
    endpoint::{RequestParts, ResponseError, response},
    transport::{CallContext, TimeoutPhase, TransportErrorKind},
    types::{Empty, InvalidValue, UserId},
    users,
};
use carrot_testing::{
    CannedResponse, VirtualClock,
    stub::{Latency, SendWith},
};

use crate::support::{ID, SECOND, Watched, canary::TEXT, canned, ok, over, poll, run, watched};

fn client(transport: &(impl HttpTransport + Clone), clock: &VirtualClock) -> Watched {
    watched(over(transport.clone(), clock))
}

/// Options with only the deadline of the call.
fn without_attempt_timeout() -> CallOptions {
    CallOptions::new().attempt_timeout(None)
}

#[test]
fn default_deadline_is_30_seconds() {
    let (recorder, clock) = (canned([CannedResponse::never()]), VirtualClock::manual());
    let client = client(&recorder, &clock).with_options(without_attempt_timeout());
    let mut call = pin!(client.call(conversations::Reply::new(ID, TEXT)));
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(30 * SECOND - Duration::from_nanos(1));
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(recorder.cancelled(), 0);
    clock.advance(Duration::from_nanos(1));
    let Poll::Ready(Err(error)) = poll(call.as_mut()) else {
        panic!("the time is over")
    };
    assert_eq!(
        error.to_string(),
        "conversations.reply: the deadline of 30s for the call passed while waiting for the response; \
         the request may have reached the server (after 1 attempt); `call_timeout` allows more"
    );
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::Deadline, Sent::Maybe)
    );
    assert!(error.is_timeout() && error.may_have_been_applied());
    assert_eq!(error.attempts(), 1);
    assert_eq!((recorder.requests().len(), recorder.cancelled()), (1, 1));
}

#[test]
fn overdue_attempt_is_cancelled() {
    let (recorder, clock) = (canned([CannedResponse::never()]), VirtualClock::manual());
    let client = client(&recorder, &clock);
    let mut call = pin!(client.call(conversations::Reply::new(ID, TEXT)));
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(10 * SECOND);
    assert!(
        poll(call.as_mut()).is_pending(),
        "a transport may know better what was sent"
    );
    clock.advance(SECOND);
    let Poll::Ready(Err(error)) = poll(call.as_mut()) else {
        panic!("the time is over")
    };
    assert_eq!(
        error.to_string(),
        "conversations.reply: the time ran out while waiting for the response; the request may have \
         reached the server (after 1 attempt)"
    );
    assert_eq!((recorder.requests().len(), recorder.cancelled()), (1, 1));
}

/// Fails with this error at its timeout, in the middle of the response.
fn fails_at_the_limit(clock: &VirtualClock, kind: TransportErrorKind) -> SendWith {
    let clock = clock.clone();
    SendWith::new(move |request| {
        let context = request.extensions().get::<CallContext>();
        let limit = context.and_then(|context| context.timeout);
        let clock = clock.clone();
        async move {
            clock.sleep(limit.expect("a limit")).await;
            Err(TransportError::new(kind, Sent::Yes))
        }
    })
}

#[test]
fn transport_timeouts_at_the_deadline_are_deadlines() {
    let timeout = TransportErrorKind::Timeout(TimeoutPhase::Body);
    let of_the_call = without_attempt_timeout;
    let of_the_attempt = || CallOptions::new().call_timeout(11 * SECOND);
    for (cause, options, seconds, kind) in [
        (timeout, of_the_call(), 30, ErrorKind::Deadline),
        (timeout, of_the_attempt(), 10, ErrorKind::Transport),
        // At the same moment, but not a timeout.
        (
            TransportErrorKind::Truncated,
            of_the_call(),
            30,
            ErrorKind::Transport,
        ),
    ] {
        let clock = VirtualClock::manual();
        let client = watched(over(fails_at_the_limit(&clock, cause), &clock));
        let client = client.with_options(options);
        let mut call = pin!(client.call(conversations::Reply::new(ID, TEXT)));
        assert!(poll(call.as_mut()).is_pending());
        clock.advance(seconds * SECOND);
        let Poll::Ready(Err(error)) = poll(call.as_mut()) else {
            panic!("the time is over")
        };
        assert_eq!((error.kind(), error.attempts()), (kind, 1), "{error}");
        assert_eq!(error.is_timeout(), cause == timeout);
        // Whether the request was sent is kept.
        assert_eq!(error.sent(), Sent::Yes);
        assert!(error.may_have_been_applied());
    }
}

#[test]
fn deadlines_are_per_client() {
    let (recorder, clock) = (
        canned([CannedResponse::never(), CannedResponse::never()]),
        VirtualClock::manual(),
    );
    let client = client(&recorder, &clock).with_options(without_attempt_timeout());
    let hasty = client.with_options(without_attempt_timeout().call_timeout(2 * SECOND));
    let endpoint = || users::UnsubscribeEmail::new(UserId::new(1));
    let (mut call, mut hasty_call) = (pin!(client.call(endpoint())), pin!(hasty.call(endpoint())));
    assert!(poll(call.as_mut()).is_pending() && poll(hasty_call.as_mut()).is_pending());
    clock.advance(2 * SECOND);
    assert!(poll(call.as_mut()).is_pending());
    let Poll::Ready(Err(error)) = poll(hasty_call.as_mut()) else {
        panic!("the time is over")
    };
    let text = error.to_string();
    assert!(text.contains("the deadline of 2s for the call"), "{text}");
}

#[test]
fn call_without_deadline_waits() {
    let (recorder, clock) = (canned([CannedResponse::never()]), VirtualClock::manual());
    let options = without_attempt_timeout().call_timeout(None);
    let patient = client(&recorder, &clock).with_options(options);
    let mut call = pin!(patient.call(conversations::Get::new(ID)));
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(1_000_000 * SECOND);
    assert!(poll(call.as_mut()).is_pending());
}

#[test]
fn call_deadlines_do_not_end_listings() {
    let (recorder, clock) = (canned([CannedResponse::never()]), VirtualClock::manual());
    let client = client(&recorder, &clock).with_options(without_attempt_timeout());
    let mut pages = client.pages(conversations::Parts::new(ID));
    assert!(poll(pin!(pages.next())).is_pending());
    clock.advance(31 * SECOND);
    assert!(poll(pin!(pages.next())).is_pending());
    assert_eq!((recorder.requests().len(), recorder.cancelled()), (1, 0));
}

#[test]
fn response_at_the_deadline_is_returned() {
    let body = r#"{"meta":{"status":200},"data":{}}"#;
    let clock = VirtualClock::manual();
    let last_moment = |_| (Duration::ZERO, 30 * SECOND);
    let transport = Latency::new(canned([ok(body)]), &clock, last_moment);
    let client = client(&transport, &clock).with_options(without_attempt_timeout());
    let mut call = pin!(client.call(users::UnsubscribeEmail::new(UserId::new(1))));
    assert!(poll(call.as_mut()).is_pending());
    clock.advance(30 * SECOND);
    assert!(matches!(poll(call.as_mut()), Poll::Ready(Ok(_))));
}

/// A response that takes longer to read than the call has.
struct SlowToRead(VirtualClock);

impl Endpoint for SlowToRead {
    type Output = Empty;
    const NAME: &'static str = "test.slow_to_read";
    const SCOPES: &'static [&'static str] = &[];
    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        conversations::Close::new(ID).request(context)
    }

    fn decode(&self, _: ApiVersion, body: &[u8]) -> Result<Empty, ResponseError> {
        self.0.advance(2 * SECOND);
        response::empty(body)
    }
}

/// The deadline covers the reading: when it is over, nothing is waited for and nothing is sent again.
#[test]
fn deadline_that_ends_while_reading_stops_retry() {
    let (clock, options) = (VirtualClock::manual(), without_attempt_timeout());
    let recorder = canned([ok(r#"{"meta":{"status":503},"data":{}}"#)]);
    let client = client(&recorder, &clock).with_options(options.call_timeout(SECOND));
    let error = clock.run(client.call(SlowToRead(clock.clone())));
    assert_eq!(error.expect_err("503").status(), Some(503));
    assert_eq!((recorder.requests().len(), clock.now()), (1, 2 * SECOND));
}

#[test]
fn dropping_call_drops_its_request() {
    let (recorder, clock) = (canned([CannedResponse::never()]), VirtualClock::manual());
    let client = client(&recorder, &clock);
    let mut call = Box::pin(client.call(conversations::Get::new(ID)));
    assert_eq!(
        recorder.requests().len(),
        0,
        "a future does nothing until it is polled"
    );
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!((recorder.requests().len(), recorder.cancelled()), (1, 0));
    drop(call);
    assert_eq!(recorder.cancelled(), 1);
}

#[test]
fn call_context_reaches_transport() {
    for (version, template) in [
        (ApiVersion::V1, "/v1/users/{id}/events"),
        (ApiVersion::V2, "/v2/users/{id}/events"),
    ] {
        let recorder = canned([]);
        let client = crate::support::client(&recorder, version);
        let context = |client: &Watched| {
            let _ = run(client.call(users::Events::new(UserId::new(1))));
            let request = recorder.last_request().expect("a request");
            request.context().expect("a context").clone()
        };
        let told = context(&client);
        assert_eq!(told.operation, "users.events");
        assert_eq!(told.path_template, template);
        assert_eq!(told.attempt, 1);
        assert_eq!(told.timeout, Some(10 * SECOND));
        assert_eq!(told.max_body_bytes, Some(16 * 1024 * 1024));

        assert_eq!(told.body_idle_timeout, Some(5 * SECOND));

        let limits =
            |told: CallContext| (told.timeout, told.body_idle_timeout, told.max_body_bytes);
        let options = CallOptions::new()
            .attempt_timeout(3 * SECOND)
            .body_idle_timeout(2 * SECOND)
            .max_body_bytes(7);
        assert_eq!(
            limits(context(&client.with_options(options))),
            (Some(3 * SECOND), Some(2 * SECOND), Some(7))
        );
        let told = context(&client.with_options(without_attempt_timeout()));
        assert_eq!(told.timeout, Some(30 * SECOND), "what is left of the call");
        let endless = without_attempt_timeout()
            .call_timeout(None)
            .body_idle_timeout(None)
            .max_body_bytes(None);
        assert_eq!(
            limits(context(&client.with_options(endless))),
            (None, None, None)
        );
    }
}
