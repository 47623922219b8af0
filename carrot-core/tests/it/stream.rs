//! Listings as streams: the same pages and records as `next` returns, in the same order.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use carrot_core::{ApiVersion, ErrorKind, conversations::Parts, transport};
use carrot_testing::{CannedResponse, VirtualClock};
use futures_core::Stream;

use crate::support::{ID, TOKEN, canary::E_MAIL, canned, client, late, lost, ok, run};

fn page(ids: [u64; 2], cursor: &str) -> CannedResponse {
    let [first, second] = ids;
    ok(format!(
        r#"{{"meta":{{"status":200,"next_before_position":{cursor}}},
            "data":[{{"id":{first}}},{{"id":{second}}}]}}"#
    ))
}

/// Returns the next item of a stream.
fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    run(poll_fn(|context| Pin::new(&mut *stream).poll_next(context)))
}

#[test]
fn stream_of_items_ends() {
    let recorder = canned([page([4, 3], "[3]"), page([2, 1], "null")]);
    let mut items = client(&recorder, ApiVersion::V2).items(Parts::new(ID));
    let mut ids = Vec::new();
    while let Some(part) = next(&mut items) {
        ids.push(part.expect("a part").id.get());
    }
    assert_eq!(ids, [4, 3, 2, 1]);
    assert!(next(&mut items).is_none(), "the end stays the end");
    assert_eq!(recorder.requests().len(), 2);
}

#[test]
fn stream_of_pages_continues_after_error() {
    let reset = transport::TransportErrorKind::Reset;
    let words = format!("could not send `Token {TOKEN}`");
    let recorder = canned([
        page([4, 3], "[3]"),
        lost(reset, carrot_core::Sent::Maybe, words),
        page([2, 1], "null"),
        ok(format!("{TOKEN} {E_MAIL}")),
    ]);
    let client = client(&recorder, ApiVersion::V2);
    let mut pages = client.pages(Parts::new(ID));
    let first = next(&mut pages).expect("not the end").expect("a page");
    assert_eq!(first.items.len(), 2);
    let error = next(&mut pages).expect("not the end").expect_err("lost");
    assert_eq!(error.kind(), ErrorKind::Transport);
    let second = next(&mut pages).expect("not the end").expect("a page");
    assert_eq!(second.items[0].id.get(), 2);
    assert!(next(&mut pages).is_none());
    let unreadable = next(&mut client.items(Parts::new(ID))).expect("not the end");
    assert!(unreadable.is_err());
}

#[test]
fn idle_stream_loses_nothing() {
    let body = r#"{"meta":{"status":200,"next_before_position":null},"data":[{"id":1}]}"#;
    let (recorder, clock) = (canned([ok(body)]), VirtualClock::manual());
    let mut items = client(&late(recorder.clone(), &clock), ApiVersion::V2).items(Parts::new(ID));
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut items).poll_next(&mut context).is_pending());
    clock.advance(Duration::from_secs(1));
    let Poll::Ready(Some(Ok(part))) = Pin::new(&mut items).poll_next(&mut context) else {
        panic!("the response is ready")
    };
    assert_eq!(part.id.get(), 1);
    assert_eq!(recorder.requests().len(), 1);
}
