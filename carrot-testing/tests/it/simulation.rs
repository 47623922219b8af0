//! Futures in virtual time, and transports that take their time.

use std::{
    cell::RefCell,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    time::Duration,
};

use carrot_core::{
    AuthToken, Client, Clock, HttpTransport, Sent, TransportError,
    transport::TransportErrorKind,
    types::{RandomId, UserId},
    users,
};
use carrot_testing::{CannedResponse, RecordingTransport, VirtualClock, stub::Latency};

const SECOND: Duration = Duration::from_secs(1);

fn panic_of(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

fn client(transport: impl HttpTransport, clock: &VirtualClock) -> Client {
    let token = AuthToken::new("app.1.token").unwrap();
    let builder = Client::builder(transport, clock.clone(), token);
    builder.build().unwrap()
}

fn unsubscribe() -> users::UnsubscribeEmail {
    users::UnsubscribeEmail::new(UserId::new(7))
}

#[test]
fn futures_run_side_by_side_in_virtual_time() {
    for clock in [VirtualClock::manual(), VirtualClock::new()] {
        let ended = RefCell::new(Vec::new());
        let sleep = async |seconds: u32| {
            clock.sleep(seconds * SECOND).await;
            ended.borrow_mut().push(seconds);
            seconds
        };
        let outputs = clock.run_all([3, 1, 2].map(sleep));
        assert_eq!(outputs, [3, 1, 2], "in the order of the futures");
        assert_eq!(*ended.borrow(), [1, 2, 3]);
        assert_eq!(clock.now(), 3 * SECOND);
    }
}

#[test]
fn a_wait_that_never_ends_fails() {
    let clock = VirtualClock::manual();
    let text = panic_of(|| clock.run(pending()));
    assert!(text.contains("something other than a sleep"), "{text}");
    let text = panic_of(|| assert!(clock.step(pin!(pending::<()>())).is_ready()));
    assert!(text.contains("something other than a sleep"), "{text}");
    // It is woken by nobody, since only its first poll reached the sleep.
    let mut sleep = clock.sleep(SECOND);
    let forgets = async {
        let polled = clock.step(sleep.as_mut());
        assert!(polled.is_pending());
        pending::<()>().await;
    };
    let text = panic_of(|| clock.run(forgets));
    assert!(text.contains("that no future polls"), "{text}");
}

#[test]
fn a_timeout_drops_what_takes_longer() {
    let clock = VirtualClock::manual();
    let timeout = |limit| clock.run(clock.timeout(limit, clock.sleep(2 * SECOND)));
    assert_eq!(timeout(SECOND), None);
    assert_eq!(clock.waiting(), []);
    assert_eq!(timeout(3 * SECOND), Some(()));
    assert_eq!(clock.now(), 3 * SECOND);
}

#[test]
fn a_step_is_one_poll() {
    let clock = VirtualClock::manual();
    let mut sleep = clock.sleep(SECOND);
    assert!(clock.step(sleep.as_mut()).is_pending());
    assert_eq!(clock.now(), SECOND);
    assert!(clock.step(sleep.as_mut()).is_ready());
}

#[test]
fn latency_is_counted_and_ends_with_a_drop() {
    let clock = VirtualClock::manual();
    let inner = RecordingTransport::new().with_default(CannedResponse::ok());
    let slow = Latency::new(inner.clone(), &clock, |number| {
        (SECOND, u32::try_from(number).unwrap() * SECOND)
    });
    let client = client(slow.clone(), &clock);
    clock.run(client.call(unsubscribe())).unwrap();
    assert_eq!(clock.now(), 2 * SECOND, "there and back");
    let results = clock.run_all((0..3).map(|_| client.call(unsubscribe())));
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((slow.in_flight(), slow.most_in_flight()), (0, 3));
    assert_eq!(clock.now(), 7 * SECOND);

    let call = clock.timeout(SECOND / 2, client.call(unsubscribe()));
    assert!(clock.run(call).is_none());
    assert_eq!((slow.in_flight(), inner.requests().len()), (0, 4));
}

#[test]
fn canned_responses_come_first_and_then_the_default() {
    let clock = VirtualClock::manual();
    let lost = || TransportError::new(TransportErrorKind::Reset, Sent::Maybe).with_source("gone");
    let transport = RecordingTransport::responding([CannedResponse::failure_with(lost)])
        .with_default(CannedResponse::data(serde_json::json!({"id": 1})));
    let start = users::StartConversation::new(UserId::new(7), "Hi");
    let start = start.random_id(RandomId::new(1).unwrap());
    let client = client(transport.clone(), &clock);
    let error = clock.run(client.call(&start)).unwrap_err();
    assert!(error.to_string().contains("gone"), "{error}");
    clock.run(client.call(&start)).unwrap();
    assert_eq!(transport.requests().len(), 2);
}

#[test]
fn requests_that_are_dropped_are_counted() {
    let transport = RecordingTransport::responding([CannedResponse::never(), CannedResponse::ok()]);
    let clock = VirtualClock::manual();
    let client = client(transport.clone(), &clock);
    let mut call = Box::pin(client.call(unsubscribe()));
    assert!(clock.run(clock.timeout(SECOND, call.as_mut())).is_none());
    assert_eq!((transport.requests().len(), transport.cancelled()), (1, 0));
    drop(call);
    assert_eq!(transport.cancelled(), 1);
    clock.run(client.call(unsubscribe())).unwrap();
    assert_eq!(transport.cancelled(), 1);
}
