//! How often the calls of a job are polled.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, Waker},
};

use carrot_testing::stub::SendWith;

use super::*;
use crate::support::poll;

/// Responds to a request when it is told to.
#[derive(Clone, Debug, Default)]
struct OnDemand {
    polls: Arc<AtomicUsize>,
    waiting: Arc<Mutex<Vec<Waker>>>,
}

impl OnDemand {
    fn transport(&self) -> SendWith {
        let this = self.clone();
        SendWith::new(move |_| {
            let this = this.clone();
            async move {
                let mut has_waited = false;
                poll_fn(|context| {
                    this.polls.fetch_add(1, Ordering::Relaxed);
                    if std::mem::replace(&mut has_waited, true) {
                        return Poll::Ready(());
                    }
                    let mut waiting = this.waiting.lock().expect("no panic");
                    waiting.push(context.waker().clone());
                    Poll::Pending
                })
                .await;
                let body = bytes::Bytes::from_static(br#"{"meta": {"status": 200}, "data": {}}"#);
                Ok(http::Response::new(body))
            }
        })
    }
}

fn client(transport: &OnDemand) -> carrot_core::Client {
    over(transport.transport(), &VirtualClock::manual())
        .rate_limiter(NoRateLimit::new())
        .build()
        .expect("a client")
}

/// Each request is polled when it starts and when its response is there, whatever the others do.
#[test]
fn only_woken_calls_are_polled() {
    const CALLS: usize = 1_000;
    let transport = OnDemand::default();
    let client = client(&transport);
    let mut calls = client
        .call_all(ids(1..=CALLS as u64), close)
        .concurrency(CALLS);
    let mut done = 0;
    loop {
        match poll(pin!(calls.next())) {
            Poll::Ready(None) => break,
            Poll::Ready(Some(item)) => {
                item.result.expect("a success");
                done += 1;
            }
            Poll::Pending => {
                let waker = transport.waiting.lock().expect("no panic").pop();
                waker.expect("one waits").wake();
            }
        }
    }
    assert_eq!(done, CALLS);
    assert_eq!(transport.polls.load(Ordering::Relaxed), 2 * CALLS);
}

/// Calls that end at once, such as invalid ones, do not keep a call that was woken waiting.
#[test]
fn woken_calls_come_before_new_ones() {
    let transport = OnDemand::default();
    let client = client(&transport);
    let conversation = ConversationId::new(7);
    let mut calls = client
        .call_all(0.., |number| match number {
            0 => Reply::new(conversation, "the only valid one"),
            _ => Reply::new(conversation, ""),
        })
        .concurrency(2);
    let mut next = || match poll(pin!(calls.next())) {
        Poll::Ready(Some(item)) => item.item,
        other => panic!("no item: {}", other.is_pending()),
    };
    assert_eq!(next(), 1);
    let waker = transport.waiting.lock().expect("no panic").pop();
    waker.expect("one waits").wake();
    let items = [next(), next(), next()];
    assert!(
        items.contains(&0),
        "it was woken, and is not among {items:?}"
    );
}

/// A call that wakes itself does not keep the job from giving way to other tasks.
#[test]
fn calls_that_wake_themselves_leave_time_to_others() {
    let restless = SendWith::new(|_| {
        poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::Pending
        })
    });
    let clock = VirtualClock::manual();
    let client = over(restless, &clock).build().expect("a client");
    let mut calls = client.call_all(ids(1..=2), close);
    for _ in 0..3 {
        assert!(poll(pin!(calls.next())).is_pending());
    }
}
