//! Retries: their pauses to the millisecond, the budget, when they end, and the error after several
//! attempts.

mod outages;

use std::{future::Future, task::Poll, time::Duration};

use bytes::Bytes;
use carrot_core::{
    CallPhase, Clock, Endpoint, Error, ErrorKind, ExponentialBackoff, NoRateLimit, RetryPolicy,
    Sent, TransportError,
    client::CallOptions,
    conversations, retry,
    transport::{TimeoutPhase, TransportErrorKind},
    types::{PropertyOperation, UserId},
    users,
};
use carrot_testing::{
    ApiError, CannedResponse, RecordingTransport, VirtualClock, stub::RespondWith,
};
use serde_json::json;

use crate::support::{
    ID, SECOND, Watched,
    canary::{E_MAIL, TEXT, TOKEN},
    ok, over, poll, respond,
    simulation::task,
    watched,
};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A client without jitter and rate limit, with its transport and clock.
struct Bench {
    transport: RecordingTransport,
    clock: VirtualClock,
    client: Watched,
}

impl Bench {
    fn new() -> Self {
        Self::with_policy(ExponentialBackoff::new().without_jitter())
    }

    fn with_policy(policy: impl RetryPolicy) -> Self {
        let transport = RecordingTransport::new();
        let clock = VirtualClock::manual();
        let builder = over(transport.clone(), &clock)
            .retry(policy)
            .rate_limiter(NoRateLimit::new());
        let client = watched(builder);
        Self {
            transport,
            clock,
            client,
        }
    }

    fn fails(self, kind: TransportErrorKind, sent: Sent) -> Self {
        let quoting = format!("could not send `authorization: Token {TOKEN}`");
        let failure = TransportError::new(kind, sent);
        self.transport.fail(failure.with_source(quoting));
        self
    }

    fn lost(self) -> Self {
        let kind = TransportErrorKind::Timeout(TimeoutPhase::Response);
        self.fails(kind, Sent::Maybe)
    }

    /// A transient failure.
    fn not_sent(self) -> Self {
        self.fails(TransportErrorKind::Other, Sent::Never)
    }

    /// The service is unavailable.
    fn no_connection(self) -> Self {
        self.fails(TransportErrorKind::Connect, Sent::Never)
    }

    /// Responds with this status and these headers.
    fn status(self, status: u16, headers: &[(&'static str, &str)]) -> Self {
        let data = format!("Token {TOKEN} of {E_MAIL}");
        let body = format!(r#"{{"meta":{{"status":{status}}},"data":"{data}"}}"#);
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
        for (name, value) in headers {
            let value = http::HeaderValue::from_str(value).expect("a header");
            response.headers_mut().insert(*name, value);
        }
        self.transport.respond(CannedResponse::response(response));
        self
    }

    /// Responds with an error of the service.
    fn rejects(self, status: u16, code: &str) -> Self {
        let status = http::StatusCode::from_u16(status).expect("a status");
        let because = format!("the token {TOKEN} is wrong");
        self.transport
            .respond(ApiError::named(status, code).message(&because));
        self
    }

    fn succeeds(self) -> Self {
        self.transport.respond(CannedResponse::data(json!({})));
        self
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.clock.run(future)
    }

    fn call<E: Endpoint>(&self, endpoint: E) -> Result<E::Output, Error> {
        self.run(self.client.call(endpoint))
    }

    fn call_with<E: Endpoint>(
        &self,
        options: CallOptions,
        endpoint: E,
    ) -> Result<E::Output, Error> {
        self.run(self.client.with_options(options).call(endpoint))
    }

    /// Checks the number of requests, and that every queued response was used.
    #[track_caller]
    fn assert_seen(&self, requests: usize) {
        assert_eq!(self.transport.requests().len(), requests);
        assert_eq!(
            self.transport.unused_responses(),
            0,
            "a response is left over"
        );
    }
}

/// An idempotent operation with an empty response.
fn close() -> conversations::Close {
    conversations::Close::new(ID)
}

fn reply() -> conversations::Reply {
    conversations::Reply::new(ID, TEXT)
}

#[test]
fn backoff_doubles_from_its_base() {
    for (status, pauses) in [(500, [50, 100]), (503, [500, 1_000]), (429, [1_000, 2_000])] {
        let bench = Bench::new()
            .status(status, &[])
            .status(status, &[])
            .succeeds();
        bench.call(close()).expect("the third attempt succeeds");
        bench.clock.assert_sleeps(pauses.map(millis));
        bench.assert_seen(3);
    }
    // Each kind of failure has pauses of its own.
    let mixed = Bench::new()
        .status(503, &[])
        .status(429, &[])
        .status(503, &[])
        .succeeds();
    mixed.call(close()).expect("the fourth attempt succeeds");
    mixed.clock.assert_sleeps([millis(500), SECOND, SECOND]);
}

#[test]
fn jitter_stays_below_its_bound() {
    let pauses = |seed| {
        let bench = Bench::with_policy(ExponentialBackoff::new().seed(seed));
        let bench = bench.lost().lost().succeeds();
        bench.call(close()).expect("the third attempt succeeds");
        bench.clock.sleeps()
    };
    for seed in 0..50 {
        let drawn = pauses(seed);
        assert_eq!(drawn, pauses(seed));
        assert!(drawn.iter().all(|pause| *pause <= millis(100)), "{drawn:?}");
    }
    assert_ne!(pauses(1), pauses(2));
}

#[test]
fn retry_after_counts_up_to_a_day() {
    let now = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (headers, pause) in [
        (vec![("retry-after", "7")], millis(7_000)),
        // Does not disable the back-off.
        (vec![("retry-after", "0")], millis(1_000)),
        (vec![("retry-after", "86400")], millis(86_400_000)),
        (vec![("retry-after", "2.7")], millis(3_000)),
        (
            vec![("retry-after", "99999999999999999999999")],
            millis(86_400_000),
        ),
        (
            vec![("retry-after", "Sun, 06 Nov 1994 08:49:49 GMT"), now],
            millis(12_000),
        ),
        (
            vec![("retry-after", "Sun, 06 Nov 1994 09:49:49 GMT"), now],
            millis(3_612_000),
        ),
        (
            vec![("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"), now],
            millis(1_000),
        ),
        // Without a `Date`, a date is relative to today. An invalid value is ignored.
        (
            vec![("retry-after", "Sun, 06 Nov 1994 08:49:49 GMT")],
            millis(1_000),
        ),
        (vec![("retry-after", "soon"), now], millis(1_000)),
    ] {
        let bench = Bench::new().status(429, &headers).succeeds();
        let patient = CallOptions::new().call_timeout(None);
        let result = bench.call_with(patient, close());
        result.expect("the second attempt succeeds");
        bench.clock.assert_sleeps([pause]);
        bench.assert_seen(2);
    }
    let bench = Bench::new().status(503, &[("retry-after", "3")]).succeeds();
    bench.call(close()).expect("the second attempt succeeds");
    bench.clock.assert_sleeps([millis(3_000)]);
}

#[test]
fn deadline_stops_retry() {
    let bench = Bench::new().status(429, &[("retry-after", "30")]);
    let error = bench.call(reply()).expect_err("no time for the pause");
    assert!(error.is_rate_limited() && !error.may_have_been_applied());
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.retry_after(), Some(30 * SECOND));
    let text = error.to_string();
    assert!(text.ends_with("the service asks to wait 30 s"), "{text}");
    assert_eq!(bench.clock.now(), Duration::ZERO);
    bench.assert_seen(1);

    for (retry_after, end) in [
        ("7201", "; the service asks to wait 7201 s"),
        ("0", "before you repeat it"),
    ] {
        let bench = Bench::new().status(503, &[("retry-after", retry_after)]);
        let once = CallOptions::new().retry(ExponentialBackoff::none());
        let error = bench.call_with(once, close()).expect_err("no retry");
        let text = error.to_string();
        assert!(text.ends_with(end), "{text}");
    }

    // A shorter pause is waited for, and the transport gets the remaining time.
    let bench = Bench::new()
        .status(429, &[("retry-after", "29")])
        .succeeds();
    bench.call(close()).expect("just in time");
    let context = |index: usize| bench.transport.requests()[index].context().cloned();
    let timeouts = [0, 1].map(|index| context(index).expect("a context").timeout);
    assert_eq!(timeouts, [Some(10 * SECOND), Some(SECOND)]);

    // The same over several attempts: 50 ms fit into 120 ms, the next 100 ms do not.
    let bench = Bench::new().lost().lost();
    let hasty = CallOptions::new().call_timeout(millis(120));
    let error = bench.call_with(hasty, close()).expect_err("no time");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 2));
    bench.clock.assert_sleeps([millis(50)]);
    bench.assert_seen(2);
}

#[test]
fn deadline_of_any_length_works() {
    for limit in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::ZERO] {
        for options in [
            CallOptions::new().call_timeout(limit),
            CallOptions::new().call_timeout(None).attempt_timeout(limit),
            CallOptions::new()
                .call_timeout(limit)
                .attempt_timeout(limit),
        ] {
            let bench = Bench::new().lost().succeeds();
            bench.clock.advance(SECOND);
            let result = bench.call_with(options, close());
            assert!(result.is_ok() || limit.is_zero(), "{result:?}");
        }
    }
}

#[test]
fn policies_are_per_client_and_call() {
    let none = Bench::with_policy(ExponentialBackoff::none()).no_connection();
    let error = none.call(close()).expect_err("one attempt");
    assert_eq!(error.attempts(), 1);
    none.assert_seen(1);

    let five = ExponentialBackoff::new().without_jitter().max_attempts(5);
    let bench = Bench::new().lost().lost().lost().lost().succeeds();
    let patient = CallOptions::new().retry(five);
    bench
        .call_with(patient, close())
        .expect("the fifth attempt succeeds");
    bench.clock.assert_sleeps([50, 100, 200, 400].map(millis));
    bench.assert_seen(5);

    let bench = Bench::new().no_connection();
    let hasty = CallOptions::new().retry(ExponentialBackoff::none());
    bench.call_with(hasty, close()).expect_err("one attempt");
    bench.assert_seen(1);
    let bench = bench.no_connection().succeeds();
    bench
        .call(close())
        .expect("the client keeps its own policy");
    bench.assert_seen(3);
}

/// A policy that retries forever.
#[derive(Debug)]
struct Stubborn;

impl RetryPolicy for Stubborn {
    fn pause(&self, failed: &retry::FailedAttempt) -> Option<Duration> {
        assert_eq!(failed.operation, "conversations.reply");
        Some(Duration::ZERO)
    }
}

#[test]
fn no_policy_can_send_a_message_twice() {
    let bench = Bench::with_policy(Stubborn)
        .no_connection()
        .status(429, &[])
        .no_connection()
        .lost();
    let error = bench.call(reply()).expect_err("it may have been applied");
    assert!(error.may_have_been_applied());
    assert_eq!(error.attempts(), 4);
    bench.assert_seen(4);
}

#[test]
fn status_503_repeats_no_message() {
    let bench = Bench::new().rejects(503, "TooManyRequests");
    let error = bench.call(reply()).expect_err("it may have been applied");
    assert!(error.is_rate_limited() && error.may_have_been_applied());
    bench.assert_seen(1);

    // An idempotent call is retried after the pause.
    let bench = Bench::new().rejects(503, "TooManyRequests").succeeds();
    bench.call(close()).expect("the second attempt succeeds");
    bench.clock.assert_sleeps([SECOND]);
}

#[test]
fn outage_does_not_multiply_traffic() {
    for safe in [true, false] {
        let mut bench = Bench::new();
        let calls = 200;
        // All clones share the budget: here eight tasks.
        for _ in 0..calls + 50 {
            bench = bench.not_sent();
        }
        let tasks = (0..8).map(|task_number| {
            let client = bench.client.clone();
            task(async move {
                for _ in (task_number..calls).step_by(8) {
                    let result = match safe {
                        true => client.call(close()).await.map(drop),
                        false => client.call(reply()).await.map(drop),
                    };
                    result.expect_err("nothing was sent");
                }
            })
        });
        bench.clock.run_all(tasks);
        // Fifty retries, then none.
        bench.assert_seen(calls + 50);
    }
}

#[test]
fn budget_recovers_with_successful_calls() {
    let mut bench = Bench::new();
    for _ in 0..75 {
        bench = bench.not_sent();
    }
    for _ in 0..25 {
        bench.call(close()).expect_err("nothing was sent");
    }
    bench.assert_seen(75);
    // Nine successes are not enough for a retry, ten are.
    for _ in 0..9 {
        bench = bench.succeeds();
        bench.call(close()).expect("a success");
    }
    bench = bench.not_sent();
    bench.call(close()).expect_err("no retry is left");
    bench = bench.succeeds();
    bench.call(close()).expect("a success");
    bench = bench.not_sent().succeeds();
    bench.call(close()).expect("one retry came back");
    bench.assert_seen(75 + 9 + 1 + 1 + 2);
}

#[test]
fn retries_after_429_are_free() {
    let mut bench = Bench::new();
    for _ in 0..50 {
        bench = bench.status(429, &[]).succeeds();
        bench.call(close()).expect("the second attempt succeeds");
    }
    bench.assert_seen(100);
}

#[test]
fn nonce_makes_no_call_idempotent() {
    let nonce = "0".repeat(32);
    let reply = || conversations::Reply::new(ID, "Hi").nonce(nonce.as_str());
    assert!(!reply().is_idempotent());
    let bench = Bench::new().lost();
    let error = bench.call(reply()).expect_err("not repeated");
    assert!(error.may_have_been_applied());
    assert_eq!(error.attempts(), 1);
}

#[test]
fn work_that_is_done_is_success() {
    let add = || conversations::AddTag::new(ID, "vip");
    let remove = || conversations::RemoveTag::new(ID, "vip");
    let (there, gone) = (
        "ConversationTagAlreadyAssigned",
        "ConversationTagIsNotAssigned",
    );
    // Done by somebody else, or by an earlier attempt of which the response was lost.
    for bench in [
        Bench::new().rejects(400, there),
        Bench::new().no_connection().rejects(400, there),
        Bench::new().status(429, &[]).rejects(400, there),
        Bench::new().lost().rejects(400, there),
        Bench::new().status(502, &[]).rejects(400, there),
        Bench::new().lost().no_connection().rejects(400, there),
        Bench::new().lost().status(429, &[]).rejects(400, there),
    ] {
        let receipt = bench.call(add()).expect("the tag is there");
        assert!(!receipt.changed());
        assert_eq!(bench.transport.unused_responses(), 0);
    }
    for bench in [
        Bench::new().rejects(400, gone),
        Bench::new().lost().rejects(400, gone),
    ] {
        let receipt = bench.call(remove()).expect("the tag is gone");
        assert!(!receipt.changed());
    }
    // The error of the opposite says nothing of the kind, nor does any other.
    let error = Bench::new().rejects(400, gone).call(add());
    let error = error.expect_err("another error");
    assert_eq!(error.status(), Some(400));
    assert!(!error.may_have_been_applied());
    let bench = Bench::new().lost().rejects(400, gone);
    let error = bench.call(add()).expect_err("another error");
    assert!(error.may_have_been_applied(), "by the attempt before");
    let bench = Bench::new().lost().rejects(404, "LookupError");
    bench.call(remove()).expect_err("another error");
}

#[test]
fn error_covers_every_attempt() {
    // Idempotent: the first attempt may have been applied, the others did not connect.
    let bench = Bench::new().lost().not_sent().not_sent();
    let error = bench.call(close()).expect_err("three failures");
    assert_eq!(
        error.to_string(),
        "conversations.close: the transport failed: could not send `authorization: Token \
         [token]`; the request was not sent (after 3 attempts, of which an earlier one may have \
         reached the server)"
    );
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.sent(), Sent::Maybe);
    assert!(error.may_have_been_applied());
    let last = error.transport().map(TransportError::sent);
    assert_eq!(last, Some(Sent::Never), "only the last attempt");

    // Nothing was sent.
    let bench = Bench::new().not_sent().not_sent().not_sent();
    let error = bench.call(reply()).expect_err("three failures");
    assert_eq!(error.sent(), Sent::Never);
    assert!(!error.may_have_been_applied());

    // A 429, then not sent: the request reached the server, which did not apply it.
    let bench = Bench::new().status(429, &[]);
    let bench = bench.not_sent().not_sent().not_sent();
    let error = bench.call(reply()).expect_err("four failures");
    assert_eq!(error.sent(), Sent::Yes);
    assert!(!error.may_have_been_applied());
    assert!(error.to_string().ends_with("(after 4 attempts)"), "{error}");
}

#[test]
fn pause_beyond_deadline_starts_no_attempt() {
    let bench = Bench::new().lost().succeeds();
    let mut call = Box::pin(bench.client.call(close()));
    assert!(poll(call.as_mut()).is_pending());
    // As on a machine that was suspended.
    bench.clock.advance(3_600 * SECOND);
    let Poll::Ready(result) = poll(call.as_mut()) else {
        panic!("the time is over")
    };
    let error = result.expect_err("the deadline passed");
    assert_eq!(
        error.to_string(),
        "conversations.close: the deadline of 30s for the call passed while waiting before the next \
         attempt; the request may have reached the server (after 1 attempt); `call_timeout` allows more"
    );
    assert_eq!(error.phase(), Some(CallPhase::Pause));
    assert!(error.may_have_been_applied());
    assert_eq!((bench.transport.requests().len(), error.attempts()), (1, 1));

    let bench = Bench::new().status(429, &[]).succeeds();
    let mut call = Box::pin(bench.client.call(reply()));
    assert!(poll(call.as_mut()).is_pending());
    bench.clock.advance(3_600 * SECOND);
    let Poll::Ready(result) = poll(call.as_mut()) else {
        panic!("the time is over")
    };
    let error = result.expect_err("the deadline passed");
    let text = error.to_string();
    assert!(
        text.contains("; the service returned 429 before (after 1 attempt); "),
        "{text}"
    );
    assert_eq!(error.sent(), Sent::Yes);
    assert!(!error.may_have_been_applied());
    assert_eq!(bench.transport.requests().len(), 1);
}

#[test]
fn attempts_differ_only_in_their_number() {
    let bench = Bench::new().lost().status(500, &[]).succeeds();
    bench.call(close()).expect("the third attempt succeeds");
    let requests = bench.transport.requests();
    let numbers: Vec<u32> = requests
        .iter()
        .map(|request| request.context().expect("a context").attempt)
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(
        requests
            .iter()
            .all(|request| request.path() == requests[0].path())
    );
}

#[test]
fn only_idempotent_property_changes_are_retried() {
    let name = || PropertyOperation::update_or_create("$email", E_MAIL).expect("sound");
    let once = || users::SetProps::new(UserId::new(1)).with(name());
    let bench = Bench::new().lost().succeeds();
    bench.call(once()).expect("the second attempt succeeds");
    bench.assert_seen(2);

    let with = |twice: Result<PropertyOperation, _>| once().with(twice.expect("sound"));
    for change in [
        with(PropertyOperation::add("orders", 1)).with(name()),
        with(PropertyOperation::append("cities", "Tver")),
        // The service may send a confirmation e-mail.
        once().double_subscribe(true),
    ] {
        let bench = Bench::new().lost();
        let error = bench.call(&change).expect_err("not repeated");
        assert!(error.may_have_been_applied());
        bench.assert_seen(1);
        let bench = Bench::new().status(500, &[]);
        bench.call(&change).expect_err("not repeated");
        bench.assert_seen(1);
        let bench = Bench::new().no_connection().status(429, &[]).succeeds();
        bench
            .call(&change)
            .expect("the third attempt is the first to arrive");
        bench.assert_seen(3);
    }
}
