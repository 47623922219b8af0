//! Records that cannot be read, among others that can.

use super::*;

/// Three records a page, of which these cannot be read; and what the listing returns: an id, or the path of
/// an error.
fn with_broken(broken: &[u64]) -> Vec<String> {
    (0..9)
        .map(|number| match broken.contains(&number) {
            true => format!(r#"{{"id":"{TOKEN} {E_MAIL}","number":{number}}}"#),
            false => format!(r#"{{"id":{}}}"#, number + 1),
        })
        .collect()
}

/// Every place in which a record of nine can be broken: the first, the last, one amid others, all of a page,
/// all.
const BROKEN: &[&[u64]] = &[
    &[],
    &[0],
    &[8],
    &[2, 3],
    &[1, 4, 7],
    &[3, 4, 5],
    &[6, 7, 8],
    &[0, 1, 2, 3, 4, 5, 6, 7, 8],
];

fn assert_items_read_around<E: Paginate>(
    listing: E,
    place: &str,
    responses: fn(&[String], usize) -> CannedResponse,
    id: fn(&E::Item) -> u64,
    broken: &[u64],
) {
    let records = with_broken(broken);
    let chunks = records.chunks(3).enumerate();
    let recorder = canned(chunks.map(|(page, records)| responses(records, page)));
    let mut items = client(&recorder, ApiVersion::V2).items(listing);
    for number in 0..9 {
        let next = run(items.next());
        if !broken.contains(&number) {
            let item = next.expect("a record").expect("not the end");
            assert_eq!(id(&item), number + 1, "{broken:?}");
            continue;
        }
        let error = next.err().expect("a broken record");
        let index = number as usize % 3;
        assert_eq!(error.kind(), ErrorKind::Unreadable);
        assert_eq!(error.record_index(), Some(index));
        let path = format!("{place}[{index}].id");
        assert_eq!(error.path(), Some(path.as_str()));
        assert!(!error.may_have_been_applied());
        let json = error.body().expect("the record");
        assert_eq!(&json[..], records[number as usize].as_bytes());
        let text = error.to_string();
        let page = match items.page_cursor() {
            None => "a record of the first page cannot be read at".to_owned(),
            Some(cursor) => format!("a record of the page at `{}`", cursor.as_str()),
        };
        assert!(text.contains(&page) && text.contains(&path), "{text}");
        assert!(text.ends_with("the listing continues after it"), "{text}");
    }
    assert!(run(items.next()).expect("the end").is_none());
    assert_eq!(recorder.requests().len(), 3, "{broken:?}");
}

#[test]
fn a_broken_record_hides_no_other() {
    let v2 = |records: &[String], page: usize| {
        let next = [r#"[1,"a"]"#, r#"[2,"b"]"#, "null"][page];
        let records = records.join(",");
        ok(format!(
            r#"{{"meta":{{"status":200,"next_before_position":{next}}},"data":[{records}]}}"#
        ))
    };
    let size = || Paging::new().size(3);
    for broken in BROKEN {
        let parts = conversations::Parts::new(ID).page(size());
        assert_items_read_around(parts, "data", v2, |part| part.id.get(), broken);
        let events = users::Events::new(UserId::new(1)).page(size());
        assert_items_read_around(events, "data", v2, |event| event.id.get(), broken);
        let list = apps::Conversations::new().page(size());
        assert_items_read_around(list, "data", v2, |one| one.id.get(), broken);
        let list = users::Conversations::new(UserId::new(1)).page(size());
        assert_items_read_around(list, "data", v2, |one| one.id.get(), broken);
        let active = apps::ActiveUsers::new().page(size());
        assert_items_read_around(active, "data", v2, |user| user.id.get(), broken);
    }
}

#[test]
fn pages_come_before_the_errors_of_their_records() {
    let page = |records: &str, next: &str| {
        ok(format!(
            r#"{{"meta":{{"status":200,"next_before_position":{next}}},"data":[{records}]}}"#
        ))
    };
    let recorder = canned([
        page(r#"{"id":1},{},{"id":2},7"#, "[1]"),
        page(r#"{"id":3},null"#, "null"),
    ]);
    let mut pages = pages_of_parts(&recorder, ApiVersion::V2);
    let mut seen = Vec::new();
    while !pages.is_finished() {
        match run(pages.next()) {
            Ok(Some(page)) => {
                let ids = page.items.iter().map(|part| part.id.get());
                let broken = page.unreadable.iter().map(|record| record.index);
                seen.push(format!(
                    "{:?} {:?}",
                    ids.collect::<Vec<_>>(),
                    broken.collect::<Vec<_>>()
                ));
            }
            Ok(None) => panic!("it said that it is not finished"),
            Err(error) => seen.push(error.path().expect("a path").to_owned()),
        }
    }
    let expected = ["[1, 2] [1, 3]", "data[1]", "data[3]", "[3] [1]", "data[1]"];
    assert_eq!(seen, expected);
    assert!(run(pages.next()).expect("the end").is_none());

    // A single call returns them beside the others.
    let recorder = canned([page(r#"{"id":1},{"no":"id"}"#, "null")]);
    let page = run(client(&recorder, ApiVersion::V2).call(conversations::Parts::new(ID)));
    let page = page.expect("a page");
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.unreadable[0].json, r#"{"no":"id"}"#);
}

#[test]
fn broken_records_count_for_a_full_page() {
    let broken: Vec<&str> = vec!["{}"; 50];
    let body = |list: &str| format!(r#"{{"meta":{{"status":200}},"data":{list}}}"#);
    let recorder = canned([ok(body(&format!("[{}]", broken.join(","))))]);
    let mut items = client(&recorder, ApiVersion::V2).items(conversations::Parts::new(ID));
    for index in 0..50 {
        let error = run(items.next()).expect_err("a broken record");
        assert_eq!(error.record_index(), Some(index));
    }
    let error = run(items.next()).expect_err("no cursor");
    assert_eq!(error.kind(), ErrorKind::MissingCursor);

    // The list of leads repeats the last one, to see whether it moved, and returns it once.
    let users = |list: &str| body(&format!(r#"{{"users":[{list}]}}"#));
    let recorder = canned([ok(users("{},{}")), ok(users("{}")), ok(users(""))]);
    let mut items = client(&recorder, ApiVersion::V2).items(apps::Leads::new());
    for _ in 0..2 {
        run(items.next()).expect_err("a broken record");
    }
    assert!(run(items.next()).expect("the end").is_none());
    assert_eq!(values(&recorder, "offset"), ["-", "1", "2"]);
}

#[test]
fn the_json_of_a_broken_record_is_capped() {
    let long = "я".repeat(10_000);
    let body =
        format!(r#"{{"meta":{{"status":200}},"data":[{{"id":null,"body":"{long}"}},{{"id":2}}]}}"#);
    let recorder = canned([ok(body)]);
    let mut items = client(&recorder, ApiVersion::V2).items(conversations::Parts::new(ID));
    let error = run(items.next()).expect_err("a broken record");
    let kept = error.body().expect("the start of it").len();
    assert!((4_000..=4_096).contains(&kept), "{kept}");
    assert!(run(items.next()).expect("a part").is_some());
}
