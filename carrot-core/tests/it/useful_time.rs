//! No attempt starts without the time to finish: neither after a pause nor after a late permit.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    Clock as _, Error, RateLimiter, Sent, TransportError,
    client::CallOptions,
    conversations::{Close, Reply},
    rate_limit::{AcquireError, AcquireRequest, Permit, PermitKeeper, PermitOutcome},
    transport::{CallContext, TimeoutPhase, TransportErrorKind},
};
use carrot_testing::{CannedResponse, VirtualClock, stub::SendWith};
use http::{HeaderValue, Response, StatusCode};

use crate::support::{ID, SECOND, canary::TEXT, canned, late, ok, over, watched};

/// The time that a response of a second needs: a quarter more, and a margin.
const USEFUL: Duration = Duration::from_millis(1_500);
const DONE: &str = r#"{"meta":{"status":200},"data":{"id":7}}"#;

fn rejection(status: u16, retry_after: u64) -> CannedResponse {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    let value = HeaderValue::from(retry_after);
    response.headers_mut().insert("retry-after", value);
    CannedResponse::response(response)
}

#[test]
fn pause_leaves_time_for_an_attempt() {
    let mut retried = 0;
    for seconds in 2..40 {
        for status in [429, 503] {
            let clock = VirtualClock::manual();
            let recorder = canned([ok(DONE), rejection(status, seconds)]);
            let client = watched(over(late(recorder.clone(), &clock), &clock));
            // Learns how long a response takes.
            clock
                .run(client.call(Reply::new(ID, TEXT)))
                .expect("a reply");
            let started = clock.now();
            let result = match status {
                429 => clock.run(client.call(Reply::new(ID, TEXT))).map(drop),
                _ => clock.run(client.call(Close::new(ID))).map(drop),
            };
            let requests = recorder.requests();
            if requests.len() > 2 {
                retried += 1;
                let context = requests[2].context().expect("a context");
                let left = context.timeout.expect("a deadline");
                assert!(left >= USEFUL, "{left:?} after {seconds} s");
                continue;
            }
            // It fails at once, with the cause and the time to come back.
            let error = result.expect_err("no time");
            assert_eq!(clock.now() - started, SECOND);
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
        }
    }
    // Of 30 s, 1 s is over, and 1.5 s are needed.
    assert_eq!(retried, 2 * 26);
}

/// A limiter whose next permit takes this long, whatever the patience.
#[derive(Clone, Debug)]
struct Slow {
    clock: VirtualClock,
    wait: Arc<Mutex<Duration>>,
    told: Arc<Mutex<Vec<PermitOutcome>>>,
}

#[async_trait]
impl RateLimiter for Slow {
    async fn acquire(&self, _request: &AcquireRequest) -> Result<Permit, AcquireError> {
        let wait = *self.wait.lock().expect("no panic");
        self.clock.sleep(wait).await;
        Ok(Permit::new(Arc::new(self.clone()), 0))
    }
}

impl PermitKeeper for Slow {
    fn completed(&self, _ticket: u64, outcome: PermitOutcome) {
        self.told.lock().expect("no panic").push(outcome);
    }
}

/// Calls with a permit that comes after `wait`. Returns the outcomes reported to the limiter.
fn call_after(wait: Duration) -> (Result<(), Error>, Vec<PermitOutcome>) {
    let clock = VirtualClock::manual();
    let limiter = Slow {
        clock: clock.clone(),
        wait: Arc::default(),
        told: Arc::default(),
    };
    let recorder = canned([ok(DONE), ok(DONE)]);
    let builder = over(late(recorder.clone(), &clock), &clock);
    let client = watched(builder.rate_limiter(limiter.clone()));
    clock
        .run(client.call(Reply::new(ID, TEXT)))
        .expect("a reply");
    *limiter.wait.lock().expect("no panic") = wait;
    limiter.told.lock().expect("no panic").clear();
    let result = clock.run(client.call(Reply::new(ID, TEXT))).map(drop);
    assert_eq!(recorder.requests().len(), 1 + usize::from(result.is_ok()));
    let told = limiter.told.lock().expect("no panic").clone();
    (result, told)
}

#[test]
fn late_permit_is_returned_unused() {
    let last = 30 * SECOND - USEFUL;
    let (result, told) = call_after(last);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(told, [PermitOutcome::Responded]);
    for wait in [
        last + Duration::from_millis(1),
        30 * SECOND - Duration::from_nanos(1),
    ] {
        let (result, told) = call_after(wait);
        let error = result.expect_err("too late");
        assert_eq!((error.sent(), error.attempts()), (Sent::Never, 0));
        assert!(error.is_timeout() && !error.may_have_been_applied());
        let text = error.to_string();
        assert!(
            text.contains("left in which an attempt must finish; the request was not sent"),
            "{text}"
        );
        assert_eq!(told, [PermitOutcome::Unsent]);
    }
}

/// A transport that ends an attempt at its deadline says nothing of how long the response would have taken:
/// the next attempt leaves the time of a whole one, or of the whole call where that is less, and a margin.
#[test]
fn attempt_ended_by_deadline_asks_for_more() {
    for (wait, is_sent) in [(26, true), (27, false)] {
        let clock = VirtualClock::manual();
        let limiter = Slow {
            clock: clock.clone(),
            wait: Arc::default(),
            told: Arc::default(),
        };
        let time = clock.clone();
        let transport = SendWith::new(move |request: http::Request<carrot_core::Body>| {
            let time = time.clone();
            async move {
                let context = request.extensions().get::<CallContext>();
                let limit = context.and_then(|context| context.timeout);
                time.sleep(limit.expect("a deadline")).await;
                let kind = TransportErrorKind::Timeout(TimeoutPhase::Response);
                Err(TransportError::new(kind, Sent::Maybe))
            }
        });
        let client = watched(over(transport, &clock).rate_limiter(limiter.clone()));
        let hurried = client.with_options(CallOptions::new().call_timeout(3 * SECOND));
        let cut = clock.run(hurried.call(Reply::new(ID, TEXT)));
        assert!(cut.expect_err("no response").may_have_been_applied());

        *limiter.wait.lock().expect("no panic") = wait * SECOND;
        let late = clock.run(client.call(Reply::new(ID, TEXT)));
        let error = late.expect_err("no response");
        assert_eq!(error.sent() == Sent::Maybe, is_sent, "{error}");
    }
}
