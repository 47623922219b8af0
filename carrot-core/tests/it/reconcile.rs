//! Reconciling writes whose response was lost.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use carrot_core::{
    ApiVersion, ErrorKind, HttpTransport, Sent, TransportError,
    conversations::{Reply, Sender},
    jobs::WriteStatus,
    transport::TransportErrorKind,
    types::{EventName, EventProperties, RandomId, UserRef},
    users::{StartConversation, TrackEvent},
};
use carrot_testing::{CannedResponse, Sandbox, VirtualClock, stub::SendWith};

use crate::support::{
    ID, TOKEN,
    canary::{EXTERNAL_ID, TEXT},
    canned, client, ok, over,
    request::Parameters as _,
    respond, run, watched,
};

/// When the reply was sent, in seconds.
const SENT: i64 = 1_700_000_000;

fn random_id() -> RandomId {
    RandomId::new(77).expect("a sound number")
}

fn reply() -> Reply {
    Reply::new(ID, TEXT).random_id(random_id())
}

/// A transport error that quotes the request.
fn lost(kind: TransportErrorKind, sent: Sent) -> TransportError {
    TransportError::new(kind, sent).with_source(format!("could not send `Token {TOKEN}`"))
}

/// A full page of parts newer than the reply, with or without the reply.
fn page(version: ApiVersion, number: u64, with_reply: bool, next: bool) -> CannedResponse {
    page_of(version, number, with_reply, next, SENT + 1)
}

fn page_of(
    version: ApiVersion,
    page: u64,
    with_reply: bool,
    next: bool,
    created: i64,
) -> CannedResponse {
    let parts: Vec<String> = (0..50)
        .map(|part| {
            let random_id = match part == 30 && with_reply {
                true => 77,
                // A different number with the same digits.
                false => 770 + part,
            };
            let id = 2_000 - page * 50 - part;
            format!(r#"{{"id":{id},"random_id":{random_id},"body":"{TEXT}","created":{created}}}"#)
        })
        .collect();
    let cursor = match (version, next) {
        (_, false) => String::new(),
        (ApiVersion::V1, true) => format!(r#","next_after":"{page}""#),
        (_, true) => format!(r#","next_before_position":[{page}]"#),
    };
    let parts = parts.join(",");
    ok(format!(
        r#"{{"meta":{{"status":200{cursor}}},"data":[{parts}]}}"#
    ))
}

fn last_page(with_reply: bool) -> CannedResponse {
    let random_id = if with_reply { 77 } else { 78 };
    let meta = r#""status":200,"next_before_position":null,"next_after":null"#;
    let part = format!(r#"{{"id":5,"random_id":{random_id}}}"#);
    ok(format!(r#"{{"meta":{{{meta}}},"data":[{part}]}}"#))
}

#[test]
fn reply_is_found_on_any_page() {
    for version in ApiVersion::ALL.iter().copied() {
        for stands_on in [0, 1, 3, 19] {
            let pages = (0..20).map(|index| page(version, index, index == stands_on, true));
            let recorder = canned(pages);
            let client = client(&recorder, version);
            let status = run(client.reconcile_reply(&reply(), SENT)).expect("a status");
            let WriteStatus::Written(part) = status else {
                panic!("{version:?}: it stands on page {stands_on}")
            };
            assert_eq!(part.random_id, Some(random_id()));
            assert_eq!(part.id.get(), 2_000 - stands_on * 50 - 30);
            let requests = recorder.requests();
            assert_eq!(requests.len() as u64, stands_on + 1, "{version:?}");
            let path = requests[0].uri().path().to_owned();
            assert!(path.ends_with("/conversations/1/parts"), "{path}");
        }
    }
}

#[test]
fn missing_reply_is_searched_back_to_its_time() {
    for version in ApiVersion::ALL.iter().copied() {
        // Two pages since the reply was sent, one within the clock difference, one before.
        let created = |index: u64| match index {
            0 | 1 => SENT + 10,
            2 => SENT - 299,
            _ => SENT - 301,
        };
        let pages = (0..9).map(|index| page_of(version, index, index == 4, true, created(index)));
        let recorder = canned(pages);
        let status = run(client(&recorder, version).reconcile_reply(&reply(), SENT));
        assert_eq!(status.expect("a status"), WriteStatus::NotWritten);
        assert_eq!(recorder.requests().len(), 4, "{version:?}");

        // Many newer parts, as after a weekend.
        let pages = (0..20).map(|index| page(version, index, index == 19, true));
        let recorder = canned(pages);
        let status = run(client(&recorder, version).reconcile_reply(&reply(), SENT));
        assert!(matches!(status, Ok(WriteStatus::Written(_))), "{version:?}");

        let recorder = canned([page(version, 0, false, true), last_page(false)]);
        let status = run(client(&recorder, version).reconcile_reply(&reply(), SENT));
        assert_eq!(status.expect("a status"), WriteStatus::NotWritten);
        assert_eq!(recorder.requests().len(), 2, "{version:?}");

        let recorder = canned([last_page(true)]);
        let status = run(client(&recorder, version).reconcile_reply(&reply(), SENT));
        assert!(matches!(status, Ok(WriteStatus::Written(_))), "{version:?}");
    }
}

/// The broken part may be the reply.
#[test]
fn broken_part_makes_status_unknown() {
    let next = r#"{"meta":{"status":200,"next_before_position":[1]},"data":[{"id":{}}]}"#;
    let recorder = canned([ok(next), last_page(false)]);
    let status = run(client(&recorder, ApiVersion::V2).reconcile_reply(&reply(), SENT));
    assert_eq!(status.expect("a status"), WriteStatus::Unknown);
    let recorder = canned([ok(next), last_page(true)]);
    let status = run(client(&recorder, ApiVersion::V2).reconcile_reply(&reply(), SENT));
    assert!(matches!(status, Ok(WriteStatus::Written(_))));
    // Its page is the last that is read, since every other part is older than the reply.
    let last = r#"{"meta":{"status":200,"next_before_position":[1]},"data":[{"id":{}},{"id":4,"random_id":3,"created":5}]}"#;
    let recorder = canned([ok(last)]);
    let status = run(client(&recorder, ApiVersion::V2).reconcile_reply(&reply(), SENT));
    assert_eq!(status.expect("a status"), WriteStatus::Unknown);
}

/// A record out of order or without a time does not end the search.
#[test]
fn one_old_part_does_not_end_the_search() {
    for odd in [
        r#"{"id":9,"random_id":1,"created":5}"#,
        r#"{"id":9,"random_id":1}"#,
    ] {
        let fresh = format!(r#"{{"id":8,"random_id":2,"created":{SENT}}}"#);
        let first = format!(
            r#"{{"meta":{{"status":200,"next_before_position":[9]}},"data":[{fresh},{odd}]}}"#
        );
        let recorder = canned([ok(first), last_page(true)]);
        let found = run(client(&recorder, ApiVersion::V2).reconcile_reply(&reply(), SENT));
        assert!(matches!(found, Ok(WriteStatus::Written(_))), "{odd}");
    }
}

fn order(created: Option<i64>) -> TrackEvent {
    let name = EventName::new("Order placed").expect("a name");
    let properties = EventProperties::new()
        .with("order", 42)
        .expect("a property");
    let event = TrackEvent::new(UserRef::external(EXTERNAL_ID), name).properties(properties);
    match created {
        Some(created) => event.created(created),
        None => event,
    }
}

fn events(events: &str, next: &str) -> CannedResponse {
    ok(format!(
        r#"{{"meta":{{"status":200,"next_before_position":{next}}},"data":[{events}]}}"#
    ))
}

#[test]
fn event_is_found_by_its_property() {
    let other = r#"{"id":3,"type":{"id":1,"name":"Order placed"},"props":{"order":"43"}}"#;
    let wanted = r#"{"id":2,"type":{"id":1,"name":"Order placed"},"props":{"order":"42"}}"#;
    let as_number = r#"{"id":2,"props":{"order":42,"more":1}}"#;
    let foreign = r#"{"id":4,"type":{"id":2,"name":"Seen"},"props":{"order":42}}"#;
    let bare = r#"{"id":5,"type":{"id":1,"name":"Order placed"}}"#;
    let foreign_bare = r#"{"id":6,"type":{"id":2,"name":"Seen"}}"#;
    for (first, second, written) in [
        (wanted, other, Some(true)),
        (other, wanted, Some(true)),
        (other, as_number, Some(true)),
        (other, foreign, Some(false)),
        (other, foreign_bare, Some(false)),
        (other, bare, None),
        (bare, wanted, Some(true)),
    ] {
        let recorder = canned([events(first, "[1]"), events(second, "null")]);
        let client = client(&recorder, ApiVersion::V2);
        let status = run(client.reconcile_event(&order(None), "order", SENT));
        match (status.expect("a status"), written) {
            (WriteStatus::Written(event), Some(true)) => assert_eq!(event.id.get(), 2),
            (WriteStatus::NotWritten, Some(false)) | (WriteStatus::Unknown, None) => {}
            (status, _) => panic!("{first}, {second}: {status:?}"),
        }
        let query = recorder.requests()[0].parameter("filter_name");
        assert_eq!(query.as_deref(), Some("Order placed"));
    }
}

#[test]
fn event_is_searched_back_to_its_time() {
    let at = |created: i64| format!(r#"{{"id":3,"props":{{"order":1}},"created":{created}}}"#);
    // The event's own time counts if it is earlier.
    for (created, requests) in [(None, 2), (Some(SENT - 1_000), 3), (Some(SENT + 1_000), 2)] {
        let pages = [SENT, SENT - 301, SENT - 1_301, SENT - 2_000];
        let pages = pages.map(at).into_iter().enumerate();
        let recorder = canned(pages.map(|(index, event)| events(&event, &format!("[{index}]"))));
        let client = client(&recorder, ApiVersion::V2);
        let status = run(client.reconcile_event(&order(created), "order", SENT));
        assert_eq!(status.expect("a status"), WriteStatus::NotWritten);
        assert_eq!(recorder.requests().len(), requests, "{created:?}");
    }
    let recorder = canned([]);
    let client = client(&recorder, ApiVersion::V2);
    let error = run(client.reconcile_event(&order(None), "sum", SENT)).expect_err("no property");
    assert_eq!(
        error.to_string(),
        "users.track_event: `params` must have the property that identifies the event; nothing was sent"
    );
    assert!(recorder.requests().is_empty());
}

/// The vendor's sample of this list has no `random_id`s. Reading that as "not written" would send the
/// reply twice; reading a part of somebody else as the reply would lose it.
#[test]
fn only_the_own_reply_is_written() {
    let meta = r#""status":200,"next_before_position":null,"next_after":null"#;
    for (parts, status) in [
        (
            r#"{"id":5,"type":"reply_admin","random_id":0}"#,
            WriteStatus::Unknown,
        ),
        (
            r#"{"id":6,"type":"reply_admin","random_id":78},{"id":5,"type":"reply_user","random_id":0}"#,
            WriteStatus::NotWritten,
        ),
        (
            r#"{"id":5,"type":"closed","random_id":0}"#,
            WriteStatus::NotWritten,
        ),
        (r#"{"id":5,"type":"closed"}"#, WriteStatus::NotWritten),
        (r#"{"id":5,"type":"reply_admin"}"#, WriteStatus::Unknown),
        (r#"{"id":5}"#, WriteStatus::Unknown),
        (
            r#"{"id":6,"random_id":78},{"id":5,"type":"note"}"#,
            WriteStatus::Unknown,
        ),
        // The user wrote it, and the reply is an operator's.
        (r#"{"id":5,"type":"reply_user"}"#, WriteStatus::NotWritten),
        // The operators' messages have one where it was set, and this one has none.
        (
            r#"{"id":6,"type":"reply_admin","random_id":78},{"id":5,"type":"reply_admin","random_id":0}"#,
            WriteStatus::NotWritten,
        ),
        // Only the user's messages have one.
        (
            r#"{"id":6,"type":"reply_user","random_id":78},{"id":5,"type":"reply_admin","random_id":0}"#,
            WriteStatus::Unknown,
        ),
        (
            r#"{"id":5,"type":"reply_admin","random_id":0,"created":1699996400}"#,
            WriteStatus::NotWritten,
        ),
        // Other names of an operator's message.
        (
            r#"{"id":5,"type":"reply_django_user"}"#,
            WriteStatus::Unknown,
        ),
        (r#"{"id":5,"type":"chat_bot_admin"}"#, WriteStatus::Unknown),
        (
            r#"{"id":5,"type":"chat_bot_user"}"#,
            WriteStatus::NotWritten,
        ),
        // The number of the reply, but the user's message, or an assignment.
        (
            r#"{"id":5,"type":"reply_user","random_id":77}"#,
            WriteStatus::Unknown,
        ),
        (
            r#"{"id":5,"type":"assigned","random_id":77}"#,
            WriteStatus::Unknown,
        ),
        // An hour before the reply was sent, and a minute before: within the skew of two clocks.
        (
            r#"{"id":5,"type":"reply_admin","created":1699996400}"#,
            WriteStatus::NotWritten,
        ),
        (
            r#"{"id":5,"type":"reply_admin","created":1699999940}"#,
            WriteStatus::Unknown,
        ),
    ] {
        for version in ApiVersion::ALL.iter().copied() {
            let body = format!(r#"{{"meta":{{{meta}}},"data":[{parts}]}}"#);
            let recorder = canned([ok(body)]);
            let found = run(client(&recorder, version).reconcile_reply(&reply(), SENT));
            assert_eq!(found.expect("a status"), status, "{parts}");
        }
    }
}

#[test]
fn reply_of_the_user_is_another_side() {
    for (kind, status) in [
        ("reply_user", WriteStatus::Unknown),
        ("chat_bot_user", WriteStatus::Unknown),
        ("reply_admin", WriteStatus::NotWritten),
    ] {
        let parts = format!(r#"{{"id":5,"type":"{kind}"}}"#);
        let recorder = canned([ok(format!(
            r#"{{"meta":{{"status":200,"next_before_position":null}},"data":[{parts}]}}"#
        ))]);
        let reply = reply().sender(Sender::DefaultUser);
        let found = run(client(&recorder, ApiVersion::V2).reconcile_reply(&reply, SENT));
        assert_eq!(found.expect("a status"), status, "{kind}");
    }
}

#[test]
fn reply_without_random_id_is_rejected() {
    let recorder = canned([]);
    let nameless = Reply::new(ID, TEXT);
    let client = client(&recorder, ApiVersion::V2);
    let error = run(client.reconcile_reply(&nameless, SENT)).expect_err("no random_id");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        error.to_string(),
        "conversations.reply: `random_id` must be set, since it identifies the reply; nothing \
         was sent"
    );
    assert_eq!(recorder.requests().len(), 0);
}

/// Reading a failure as "not written" would send the reply twice.
#[test]
fn failed_listing_is_an_error() {
    let version = ApiVersion::V2;
    let quoted = format!("<html>{TOKEN} {TEXT}");
    for (second, kind) in [
        (
            CannedResponse::failure_with(|| lost(TransportErrorKind::Reset, Sent::Maybe)),
            ErrorKind::Transport,
        ),
        (respond(403, quoted.clone()), ErrorKind::Service),
        (ok(quoted), ErrorKind::Unreadable),
    ] {
        let recorder = canned([page(version, 0, false, true), second]);
        let status = run(client(&recorder, version).reconcile_reply(&reply(), SENT));
        assert_eq!(status.expect_err("a failure").kind(), kind);
    }
    // A full page without a cursor.
    let recorder = canned([page(version, 0, false, false)]);
    let status = run(client(&recorder, version).reconcile_reply(&reply(), SENT));
    assert_eq!(
        status.expect_err("a failure").kind(),
        ErrorKind::MissingCursor
    );
    // A listing that repeats itself.
    let circle = [page(version, 0, false, true), page(version, 0, false, true)];
    let recorder = canned(circle);
    let status = run(client(&recorder, version).reconcile_reply(&reply(), SENT));
    assert_eq!(
        status.expect_err("a failure").kind(),
        ErrorKind::RepeatedCursor
    );
}

/// A failure of one request.
#[derive(Clone, Copy, Debug)]
enum Failure {
    NotSent,
    RequestLost,
    ResponseLost,
    ResponseTruncated,
    ServerError,
    ServerErrorAfterwards,
    Rejected,
}

/// The error page of a gateway that quotes the request.
fn gateway_error(status: u16) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(format!("<html>{TOKEN} {TEXT}")));
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    response
}

/// The sandbox behind a network with these failures of replies, and how many replies it saw.
fn unreliable(sandbox: &Sandbox, failures: Vec<Failure>) -> (SendWith, Arc<AtomicUsize>) {
    let replies = Arc::<AtomicUsize>::default();
    let (sandbox, seen) = (sandbox.clone(), Arc::clone(&replies));
    let failures = Arc::new(Mutex::new(failures));
    let transport = SendWith::new(move |request| {
        let is_reply = request.uri().path().ends_with("/reply");
        seen.fetch_add(usize::from(is_reply), Ordering::Relaxed);
        let sandbox = sandbox.clone();
        let mut failures = failures.lock().expect("no panic held it");
        let failure = is_reply.then(|| failures.pop()).flatten();
        async move {
            match failure {
                None => return sandbox.send(request).await,
                Some(Failure::NotSent) => {
                    return Err(lost(TransportErrorKind::Connect, Sent::Never));
                }
                Some(Failure::RequestLost) => {
                    return Err(lost(TransportErrorKind::Reset, Sent::Maybe));
                }
                Some(Failure::Rejected) => return Ok(gateway_error(429)),
                Some(Failure::ServerError) => return Ok(gateway_error(502)),
                Some(_) => drop(sandbox.send(request).await?),
            }
            match failure {
                Some(Failure::ResponseLost) => Err(lost(TransportErrorKind::Reset, Sent::Maybe)),
                Some(Failure::ServerErrorAfterwards) => Ok(gateway_error(504)),
                _ => Err(lost(TransportErrorKind::Truncated, Sent::Yes)),
            }
        }
    });
    (transport, replies)
}

/// The documented procedure: call, reconcile, call again. For any order of failures the customer gets the
/// reply once.
#[test]
fn reconciliation_delivers_every_reply_exactly_once() {
    let all = [
        Failure::NotSent,
        Failure::RequestLost,
        Failure::ResponseLost,
        Failure::ResponseTruncated,
        Failure::ServerError,
        Failure::ServerErrorAfterwards,
        Failure::Rejected,
    ];
    let mut most = 0;
    for first in all {
        for second in all {
            for third in all {
                let clock = VirtualClock::manual();
                let sandbox = Sandbox::builder().token(TOKEN).build();
                let (network, replies) = unreliable(&sandbox, vec![third, second, first]);
                let client = watched(over(network, &clock));
                let customer = UserRef::external(EXTERNAL_ID);
                clock.run(async {
                    let start = StartConversation::new(customer, "Where is it?");
                    client.call(start).await.expect("a conversation");
                    let id = sandbox.conversations()[0].id;
                    let reply = Reply::new(id, TEXT)
                        .sender(Sender::DefaultAdmin)
                        .random_id(random_id());
                    loop {
                        let Err(error) = client.call(&reply).await else {
                            break;
                        };
                        if error.may_have_been_applied() {
                            let status = client
                                .reconcile_reply(&reply, SENT)
                                .await
                                .expect("a status");
                            if matches!(status, WriteStatus::Written(_)) {
                                break;
                            }
                        }
                    }
                    let parts = sandbox.parts(id);
                    let written = parts
                        .iter()
                        .filter(|part| part.body.as_deref() == Some(TEXT));
                    assert_eq!(written.count(), 1, "{first:?}, {second:?}, {third:?}");
                });
                most = most.max(replies.load(Ordering::Relaxed));
            }
        }
    }
    assert_eq!(most, 4, "three failures, then a success");
}
