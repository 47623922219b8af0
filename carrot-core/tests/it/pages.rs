//! Listings: which pages are requested, where they end, and interruptions.

mod broken;

use std::{pin::pin, task::Poll, time::Duration};

use carrot_core::{
    ApiVersion, ErrorKind, Paginate, apps,
    client::Pages,
    conversations,
    endpoint::{PageDirection, PageOrder, Paging},
    transport::{Sent, TransportErrorKind},
    types::Cursor,
    types::UserId,
    users,
};
use carrot_testing::{CannedResponse, RecordedRequest, RecordingTransport, VirtualClock};

use crate::support::{
    ID, TOKEN,
    canary::{E_MAIL, Listing, TEXT},
    canned, client, late, lost, ok, poll,
    request::Parameters as _,
    request::line,
    respond, run,
};

/// A page of parts with these ids, and these members of `meta`.
fn parts(ids: impl IntoIterator<Item = u64>, meta: &str) -> CannedResponse {
    let parts: Vec<String> = ids
        .into_iter()
        .map(|id| format!(r#"{{"id":{id},"body":"{TEXT}"}}"#))
        .collect();
    ok(format!(
        r#"{{"meta":{{"status":200{meta}}},"data":[{}]}}"#,
        parts.join(",")
    ))
}

fn pages_of_parts(
    recorder: &RecordingTransport,
    version: ApiVersion,
) -> Listing<Pages<conversations::Parts>> {
    client(recorder, version).pages(conversations::Parts::new(ID))
}

/// Returns the value of a parameter in each request, or `-`.
fn values(recorder: &RecordingTransport, parameter: &str) -> Vec<String> {
    let value = |request: &RecordedRequest| request.parameter(parameter);
    let values = recorder.requests();
    values
        .iter()
        .map(|request| value(request).unwrap_or_else(|| "-".to_owned()))
        .collect()
}

/// Reads all pages and returns the number of records on each.
fn counts<E: Paginate>(pages: &mut Listing<Pages<E>>) -> Vec<usize> {
    let mut counts = Vec::new();
    while let Some(page) = run(pages.next()).expect("a page") {
        counts.push(page.items.len());
    }
    assert!(pages.is_finished());
    counts
}

#[test]
fn v2_cursors_are_sent_back_unchanged() {
    for position in [
        "[7936756]",
        "[\"7936756\"]",
        "[1684739969.358085, 1160406004324630614]",
        "[1684739969.3580850,18446744073709551615]",
        "[1.684739969358085e9, \"a b&c=d+\\u0041\"]",
        "[[], {\"a\": null}]",
    ] {
        let recorder = canned([
            parts([2], &format!(r#","next_before_position":{position}"#)),
            parts([1], r#","next_before_position":null"#),
        ]);
        let mut pages = pages_of_parts(&recorder, ApiVersion::V2);
        assert_eq!(counts(&mut pages), [1, 1]);
        assert_eq!(values(&recorder, "paginate_position"), ["-", position]);
        assert_eq!(values(&recorder, "paginate_count"), ["50", "50"]);
    }
}

#[test]
fn v1_cursors_are_sent_back_unchanged() {
    for (json, after) in [
        ("335695472", "335695472"),
        ("18446744073709551615", "18446744073709551615"),
        ("1447339319.900966", "1447339319.900966"),
        ("1447339319.9009660", "1447339319.9009660"),
        ("\"1447339319.9009660\"", "1447339319.9009660"),
        ("\"a b&c=d+\"", "a b&c=d+"),
    ] {
        let recorder = canned([
            parts([2], &format!(r#","next_after":{json}"#)),
            parts([1], r#","next_after":null"#),
        ]);
        let mut pages = pages_of_parts(&recorder, ApiVersion::V1);
        assert_eq!(counts(&mut pages), [1, 1]);
        assert_eq!(values(&recorder, "after"), ["-", after]);
        assert_eq!(values(&recorder, "count"), ["50", "50"]);
    }
}

#[test]
fn default_page_size_is_50() {
    let recorder = canned([parts([1], r#","next_before_position":null"#)]);
    let endpoint = conversations::Parts::new(ID).page(Paging::new().size(7));
    assert_eq!(
        counts(&mut client(&recorder, ApiVersion::V2).pages(endpoint)),
        [1]
    );
    assert_eq!(values(&recorder, "paginate_count"), ["7"]);

    // A single call leaves the size to the service.
    let recorder = canned([parts([1], "")]);
    let call = client(&recorder, ApiVersion::V2);
    run(call.call(conversations::Parts::new(ID))).expect("a page");
    assert_eq!(line(&recorder.single()), "GET /v2/conversations/1/parts");
}

#[test]
fn stored_cursor_resumes_listing() {
    for (version, meta) in [
        (ApiVersion::V1, r#","next_after":1447339319.9009660"#),
        (
            ApiVersion::V2,
            r#","next_before_position":[1684739969.358085, 1160406004324630614]"#,
        ),
    ] {
        let recorder = canned([parts([3], meta), parts([2], "")]);
        let mut pages = pages_of_parts(&recorder, version);
        run(pages.next()).expect("a page");
        let stored = serde_json::to_string(pages.cursor().expect("a cursor")).expect("JSON");
        run(pages.next()).expect("a page");
        assert_eq!(pages.cursor(), None);

        let other = canned([parts([2], "")]);
        let cursor: Cursor = serde_json::from_str(&stored).expect("a cursor");
        let endpoint = conversations::Parts::new(ID).page(Paging::new().starting_at(cursor));
        run(client(&other, version).pages(endpoint).next()).expect("a page");
        let (first, second) = (&recorder.requests()[1], other.single());
        assert_eq!(first.uri(), second.uri());
        assert_eq!(first.body(), second.body());
        assert_eq!(first.headers(), second.headers());
    }
}

#[test]
fn repeated_cursor_ends_listing() {
    let again = r#","next_before_position":[1]"#;
    let recorder = canned([parts([3], again), parts([2], again)]);
    let mut pages = pages_of_parts(&recorder, ApiVersion::V2);
    for _ in 0..2 {
        run(pages.next()).expect("a page").expect("not the end");
    }
    let error = run(pages.next()).expect_err("the listing is broken");
    assert_eq!(error.kind(), ErrorKind::RepeatedCursor);
    assert_eq!(
        error.to_string(),
        "conversations.parts: the listing would not end: it returned the same cursor twice, or too many pages \
         without a new record; restart it"
    );
    assert_eq!(
        (error.sent(), error.may_have_been_applied()),
        (Sent::Yes, false)
    );
    assert!(run(pages.next()).expect("the end").is_none());
    assert_eq!(recorder.requests().len(), 2);

    // The cursor that the listing started with counts too.
    let recorder = canned([parts([3], again)]);
    let cursor = Cursor::position("[1]").expect("a cursor");
    let endpoint = conversations::Parts::new(ID).page(Paging::new().starting_at(cursor));
    let mut pages = client(&recorder, ApiVersion::V2).pages(endpoint);
    run(pages.next()).expect("a page");
    let error = run(pages.next()).expect_err("the listing is broken");
    assert_eq!(error.kind(), ErrorKind::RepeatedCursor);
}

/// The last page of v2 has the cursor `null`, whatever its size; the service may limit the size.
#[test]
fn v2_page_without_cursor_is_not_the_end() {
    for records in [50, 49, 1] {
        let recorder = canned([parts(1..=records, "")]);
        let mut pages = pages_of_parts(&recorder, ApiVersion::V2);
        let page = run(pages.next()).expect("a page").expect("not the end");
        assert_eq!(page.items.len() as u64, records);
        let error = run(pages.next()).expect_err("there may be more");
        assert_eq!(error.kind(), ErrorKind::MissingCursor);
        assert_eq!(
            error.to_string(),
            "conversations.parts: a page has no cursor of the next page; the list may be incomplete"
        );
        assert!(run(pages.next()).expect("the end").is_none());
        assert_eq!(recorder.requests().len(), 1);
    }
    // An empty one is the end.
    let recorder = canned([parts([], "")]);
    assert_eq!(counts(&mut pages_of_parts(&recorder, ApiVersion::V2)), [0]);
    // v1 leaves the cursor out on the last page, full or not.
    let recorder = canned([parts(1..=50, "")]);
    assert_eq!(counts(&mut pages_of_parts(&recorder, ApiVersion::V1)), [50]);
}

/// A vendor's sample of one API version contains the cursor of the other.
#[test]
fn cursors_of_the_other_version_are_errors() {
    for (version, meta) in [
        (ApiVersion::V1, r#","next_before_position":[1]"#),
        (ApiVersion::V2, r#","next_after":1447339319.900966"#),
        // The cursor of the right version is the end, and the other one is not.
        (
            ApiVersion::V1,
            r#","next_after":null,"next_before_position":[1]"#,
        ),
        (
            ApiVersion::V1,
            r#","next_after":"","next_before_position":[1]"#,
        ),
        (
            ApiVersion::V2,
            r#","next_before_position":null,"next_after":1447339319.9"#,
        ),
    ] {
        // A page that is not full does not end the listing either, since it has a cursor.
        for records in [50, 3] {
            let recorder = canned([parts(1..=records, meta)]);
            let mut pages = pages_of_parts(&recorder, version);
            let page = run(pages.next()).expect("a page").expect("not the end");
            assert!(page.next.cursor().is_some(), "it can be seen");
            let error = run(pages.next()).expect_err("a foreign cursor");
            assert_eq!(error.kind(), ErrorKind::MissingCursor);
            assert_eq!(recorder.requests().len(), 1);
        }
    }
}

#[test]
fn cursors_for_each_direction_are_checked() {
    for direction in [
        PageDirection::Before,
        PageDirection::After,
        PageDirection::Around,
    ] {
        for meta in [
            r#","next_after":1447339319.9"#,
            r#","next_before_position":null,"next_after_position":null,"next_after":1447339319.9"#,
        ] {
            let recorder = canned([parts([1], meta)]);
            let paging = Paging::new()
                .starting_at(Cursor::position("[3]").expect("a cursor"))
                .direction(direction);
            let endpoint = conversations::Parts::new(ID).page(paging);
            let mut pages = client(&recorder, ApiVersion::V2).pages(endpoint);
            let page = run(pages.next()).expect("a page").expect("not the end");
            assert_eq!(page.items.len(), 1);
            let error = run(pages.next()).expect_err(meta);
            assert_eq!(error.kind(), ErrorKind::MissingCursor, "{direction:?}");
        }
    }
}

#[test]
fn empty_page_that_points_to_itself_ends() {
    let recorder = canned([
        parts([1], r#","next_before_position":[1]"#),
        parts([], r#","next_before_position":[1]"#),
    ]);
    assert_eq!(
        counts(&mut pages_of_parts(&recorder, ApiVersion::V2)),
        [1, 0]
    );
}

#[test]
fn empty_pages_end_the_listing() {
    let empty = |cursor: u64| parts([], &format!(r#","next_before_position":[{cursor}]"#));
    let recorder = canned((0..200).map(empty));
    let mut items = client(&recorder, ApiVersion::V2).items(conversations::Parts::new(ID));
    let error = run(items.next()).expect_err("no record for a hundred pages");
    assert_eq!(error.kind(), ErrorKind::RepeatedCursor);
    assert_eq!(recorder.requests().len(), 100);
}

#[test]
fn every_end_marker_ends_the_listing() {
    for (version, meta) in [
        (ApiVersion::V1, r#","next_after":null"#),
        (ApiVersion::V1, r#","next_after":"""#),
        (ApiVersion::V1, ""),
        (ApiVersion::V1, r#","next_before_position":null"#),
        (ApiVersion::V2, r#","next_before_position":null"#),
        (ApiVersion::V2, r#","next_after":null"#),
        (ApiVersion::V2, r#","next_after":"""#),
    ] {
        let recorder = canned([parts(1..=50, meta)]);
        let counted = counts(&mut pages_of_parts(&recorder, version));
        assert_eq!(counted, [50], "{version:?} {meta}");
    }
}

#[test]
fn empty_pages_and_null_have_no_records() {
    for data in ["[]", "null"] {
        let body =
            format!(r#"{{"meta":{{"status":200,"next_before_position":null}},"data":{data}}}"#);
        let recorder = canned([ok(body)]);
        assert_eq!(counts(&mut pages_of_parts(&recorder, ApiVersion::V2)), [0]);
    }
    // An empty page with a cursor is not the end.
    let recorder = canned([
        parts([], r#","next_before_position":[1]"#),
        parts([1], r#","next_before_position":null"#),
    ]);
    let mut items = client(&recorder, ApiVersion::V2).items(conversations::Parts::new(ID));
    assert!(run(items.next()).expect("a part").is_some());
    assert!(run(items.next()).expect("the end").is_none());
    assert!(run(items.next()).expect("still the end").is_none());
    let body = r#"{"meta":{"status":200},"data":{"users":null}}"#;
    let recorder = canned([ok(body)]);
    assert_eq!(
        counts(&mut client(&recorder, ApiVersion::V2).pages(apps::Leads::new())),
        [0]
    );
}

#[test]
fn around_page_continues_with_older_records() {
    let recorder = canned([
        parts(
            [3, 2],
            r#","next_before_position":[2],"next_after_position":[3]"#,
        ),
        parts([1], r#","next_before_position":null"#),
    ]);
    let paging = Paging::new()
        .starting_at(Cursor::position("[3]").expect("a cursor"))
        .direction(PageDirection::Around)
        .including(true)
        .order(PageOrder::Ascending)
        .size(10);
    let endpoint = conversations::Parts::new(ID).page(paging);
    assert_eq!(
        counts(&mut client(&recorder, ApiVersion::V2).pages(endpoint)),
        [2, 1]
    );
    assert_eq!(values(&recorder, "paginate_position"), ["[3]", "[2]"]);
    assert_eq!(
        values(&recorder, "paginate_direction"),
        ["around", "before"]
    );
    assert_eq!(values(&recorder, "paginate_including"), ["true", "-"]);
    assert_eq!(values(&recorder, "paginate_page_order"), ["asc", "asc"]);
}

#[test]
fn listing_towards_newer_records() {
    let recorder = canned([
        parts(
            [1],
            r#","next_after_position":[1],"next_before_position":[0]"#,
        ),
        parts(
            [2],
            r#","next_after_position":null,"next_before_position":[1]"#,
        ),
    ]);
    let paging = Paging::new().direction(PageDirection::After);
    let endpoint = users::Events::new(UserId::new(1)).page(paging);
    let mut pages = client(&recorder, ApiVersion::V2).pages(endpoint);
    assert_eq!(counts(&mut pages), [1, 1]);
    assert_eq!(values(&recorder, "paginate_position"), ["-", "[1]"]);
    assert_eq!(values(&recorder, "paginate_direction"), ["after"; 2]);
}

#[test]
fn dropping_next_loses_no_page() {
    let body = r#"{"meta":{"status":200,"next_before_position":null},"data":[{"id":7}]}"#;
    let (recorder, clock) = (canned([ok(body)]), VirtualClock::manual());
    let client_over =
        |recorder: &RecordingTransport| client(&late(recorder.clone(), &clock), ApiVersion::V2);
    let mut pages = client_over(&recorder).pages(conversations::Parts::new(ID));
    assert!(poll(pin!(pages.next())).is_pending());
    assert_eq!((recorder.requests().len(), recorder.cancelled()), (1, 0));
    clock.advance(Duration::from_secs(1));
    let page = run(pages.next()).expect("a page").expect("not the end");
    assert_eq!(page.items[0].id.get(), 7);
    assert!(run(pages.next()).expect("the end").is_none());
    assert_eq!(recorder.requests().len(), 1);

    let recorder = canned([ok(body)]);
    let mut items = client_over(&recorder).items(conversations::Parts::new(ID));
    assert!(poll(pin!(items.next())).is_pending());
    clock.advance(Duration::from_secs(1));
    assert!(matches!(poll(pin!(items.next())), Poll::Ready(Ok(Some(_)))));
    assert_eq!(recorder.requests().len(), 1);
}

#[test]
fn dropping_listing_drops_its_request() {
    let recorder = canned([CannedResponse::never()]);
    let mut pages = pages_of_parts(&recorder, ApiVersion::V2);
    assert!(poll(pin!(pages.next())).is_pending());
    assert_eq!(recorder.cancelled(), 0);
    drop(pages);
    assert_eq!(recorder.cancelled(), 1);
}

#[test]
fn error_repeats_the_same_page() {
    let quoted = format!("{TOKEN} {E_MAIL}");
    let failures = [
        lost(
            TransportErrorKind::Reset,
            Sent::Maybe,
            format!("could not send `Token {TOKEN}`"),
        ),
        respond(500, format!("<html>{quoted}")),
        respond(
            401,
            format!(
                r#"{{"meta":{{"status":401,"error_message":"{TOKEN} is bad"}},"data":"{quoted}"}}"#
            ),
        ),
        ok(quoted.clone()),
        ok(format!(
            r#"{{"meta":{{"status":200}},"data":{{"id":"{quoted}"}}}}"#
        )),
    ];
    for failure in failures {
        let recorder = canned([
            parts([3], r#","next_before_position":[2]"#),
            failure,
            parts([1], r#","next_before_position":null"#),
        ]);
        let mut items = client(&recorder, ApiVersion::V2).items(conversations::Parts::new(ID));
        run(items.next()).expect("a part").expect("not the end");
        run(items.next()).expect_err("a failure");
        let part = run(items.next()).expect("a part").expect("not the end");
        assert_eq!(part.id.get(), 1);
        let requests = recorder.requests();
        assert_eq!(requests.len(), 3);
        assert_eq!(requests[1].uri(), requests[2].uri());
    }
}

#[test]
fn items_know_the_cursor_of_their_page() {
    let recorder = canned([
        parts([4, 3], r#","next_before_position":[3]"#),
        parts([2, 1], r#","next_before_position":null"#),
    ]);
    let mut items = client(&recorder, ApiVersion::V2).items(conversations::Parts::new(ID));
    let mut seen = Vec::new();
    while let Some(part) = run(items.next()).expect("a part") {
        let cursor = items.page_cursor().map(|cursor| cursor.as_str().to_owned());
        seen.push((part.id.get(), cursor));
    }
    let second = Some("[3]".to_owned());
    assert_eq!(
        seen,
        [(4, None), (3, None), (2, second.clone()), (1, second)]
    );
}

#[test]
fn rejected_listing_sends_nothing() {
    for size in [0, 51] {
        let recorder = canned([]);
        let endpoint = conversations::Parts::new(ID).page(Paging::new().size(size));
        let mut pages = client(&recorder, ApiVersion::V2).pages(endpoint);
        let error = run(pages.next()).expect_err("no such page");
        let text = format!(
            "conversations.parts: `paginate_count` must be 1 to 50 records, got {size}; \
             nothing was sent"
        );
        assert_eq!(error.to_string(), text);
        assert!(recorder.requests().is_empty());
    }
}
