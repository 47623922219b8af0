//! Pages in both API versions.

use carrot_testing::Sandbox;
use proptest::prelude::*;
use serde_json::Value;

use super::common::{ApiResponse, Form, get, post, start};

fn with_events(count: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for at in 0..count {
        let event = if at % 3 == 0 { "third" } else { "other" };
        let path = "/v2/users/a/events";
        post(&sandbox, path, &[("by_user_id", "1"), ("event", event)]).data();
    }
    sandbox
}

fn list(sandbox: &Sandbox, version: &str, form: &(impl Form + ?Sized)) -> ApiResponse {
    let parameters = format!("by_user_id=1&{}", form.encode());
    get(sandbox, &format!("/{version}/users/a/events"), &parameters)
}

/// The events of a page, counted from 1.
fn numbers(response: &ApiResponse) -> Vec<u64> {
    let events = response.data().as_array().unwrap().iter();
    let number = |event: &Value| event["id"].as_u64().unwrap() - 2_155_668_334_000_000_000;
    events.map(number).collect()
}

fn position(number: u64) -> String {
    format!("[{}]", 2_155_668_334_000_000_000 + number)
}

#[test]
fn v2_goes_every_way() {
    let sandbox = with_events(25);
    let page = list(&sandbox, "v2", "");
    assert_eq!(numbers(&page), (6..=25).rev().collect::<Vec<_>>());
    let meta = &page.json["meta"];
    assert_eq!(meta["next_before_position"].to_string(), position(6));
    assert_eq!(meta.get("next_after_position"), None);
    assert_eq!(meta.get("next_after"), None);

    let at_6 = format!("paginate_position={}", position(6));
    let all: Vec<u64> = (1..=25).rev().collect();
    for (more, expected, before, after) in [
        ("", &[5, 4, 3, 2, 1][..], Some(None), None),
        ("paginate_including=true&paginate_count=2", &[6, 5], Some(Some(5)), None),
        ("paginate_direction=after&paginate_count=2", &[8, 7], None, Some(Some(8))),
        (
            "paginate_direction=after&paginate_including=1&paginate_count=2&paginate_page_order=asc",
            &[6, 7],
            None,
            Some(Some(7)),
        ),
        ("paginate_direction=around&paginate_count=4", &[8, 7, 5, 4], Some(Some(4)), Some(Some(8))),
        (
            "paginate_direction=around&paginate_including=1&paginate_count=50",
            &all,
            Some(None),
            Some(None),
        ),
    ]
    .map(|(more, expected, before, after)| (format!("{at_6}&{more}"), expected, before, after))
    .into_iter()
    .chain([
        // A cursor may be text, and be left out.
        (
            "paginate_position=%5B%222155668334000000006%22%5D".to_owned(),
            &[5, 4, 3, 2, 1][..],
            Some(None),
            None,
        ),
        ("paginate_direction=after&paginate_count=1".to_owned(), &[1], None, Some(Some(1))),
    ]) {
        let parameters = &more;
        let page = list(&sandbox, "v2", parameters);
        assert_eq!(numbers(&page), expected, "{parameters:?}");
        let cursor = |name: &str| {
            let cursor = page.json["meta"].get(name)?;
            Some(
                cursor
                    .get(0)
                    .map(|id| id.as_u64().unwrap() - 2_155_668_334_000_000_000),
            )
        };
        assert_eq!(cursor("next_before_position"), before, "{parameters:?}");
        assert_eq!(cursor("next_after_position"), after, "{parameters:?}");
    }
}

#[test]
fn v1_goes_back_only() {
    let sandbox = with_events(5);
    let page = list(&sandbox, "v1", "count=2&paginate_count=1");
    assert_eq!(numbers(&page), [5, 4]);
    assert_eq!(
        page.json["meta"]["next_after"],
        2_155_668_334_000_000_004_u64
    );
    let after = page.json["meta"]["next_after"].to_string();
    let page = list(&sandbox, "v1", &[("count", "3"), ("after", &after)]);
    assert_eq!(numbers(&page), [3, 2, 1]);
    assert_eq!(page.json["meta"]["next_after"], Value::Null);
    assert_eq!(page.json["meta"].as_object().unwrap().len(), 2);
    let page = list(&sandbox, "v1", "count=2&after=0");
    assert_eq!(numbers(&page), [5, 4]);
}

#[test]
fn wrong_parameters_are_named() {
    let sandbox = with_events(1);
    for (version, name, value) in [
        ("v2", "paginate_count", "0"),
        ("v2", "paginate_count", "51"),
        ("v2", "paginate_count", ""),
        ("v2", "paginate_position", "7"),
        ("v2", "paginate_position", "[7, 8]"),
        ("v2", "paginate_position", "[7.5]"),
        ("v2", "paginate_position", "x"),
        ("v2", "paginate_direction", "back"),
        ("v2", "paginate_page_order", "up"),
        ("v1", "count", "51"),
        ("v1", "after", "x"),
    ] {
        let response = list(&sandbox, version, &[(name, value)]);
        let (status, error, message) = response.error();
        assert_eq!((status, error), (400, "ValidationError"), "{name}={value}");
        assert!(
            message.starts_with(&format!("`{name}` must be")),
            "{message}"
        );
    }
    let around = list(&sandbox, "v2", "paginate_direction=around");
    assert!(
        around
            .error()
            .2
            .starts_with("`paginate_position` is required")
    );
    for direction in ["after", "around"] {
        let parameters = [
            ("paginate_direction", direction),
            ("paginate_position", "[1]"),
        ];
        let response = get(&sandbox, "/v2/apps/1000/activeusers", &parameters);
        assert!(
            response
                .error()
                .2
                .starts_with("`paginate_direction` is a direction")
        );
    }
}

#[test]
fn conversations_move_to_the_top_when_they_change() {
    let sandbox = Sandbox::new();
    let ids: Vec<u64> = (0..3)
        .map(|at| start(&sandbox, &format!("u{at}"), "Hi"))
        .collect();
    let reply = format!("/v2/conversations/{}/reply", ids[0]);
    post(&sandbox, &reply, "body=x").data();
    let all = ("include_not_assigned", "1");
    for (version, count, from, next) in [
        (
            "v2",
            "paginate_count",
            "paginate_position",
            "next_before_position",
        ),
        ("v1", "count", "after", "next_after"),
    ] {
        let path = format!("/{version}/apps/$self_app/conversations");
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut parameters = vec![all, (count, "1")];
            if let Some(cursor) = &cursor {
                parameters.push((from, cursor));
            }
            let page = get(&sandbox, &path, &parameters);
            seen.extend(
                page.data()
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| one["id"].clone()),
            );
            match &page.json["meta"][next] {
                Value::Null => break,
                next => cursor = Some(next.to_string()),
            }
        }
        assert_eq!(seen, [ids[0], ids[2], ids[1]].map(Value::from));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn pages_together_are_the_whole_list(
        events in 0_usize..40,
        size in 1_usize..12,
        newer in any::<bool>(),
        filtered in any::<bool>(),
    ) {
        let sandbox = with_events(events);
        let size = size.to_string();
        let (direction, next) = if newer {
            ("after", "next_after_position")
        } else {
            ("before", "next_before_position")
        };
        let mut fixed = vec![("paginate_count", size.as_str()), ("paginate_direction", direction)];
        if filtered {
            fixed.push(("filter_name", "third"));
        }
        if events == 0 {
            // The user comes with the first event.
            post(&sandbox, "/v2/users/a/props", "by_user_id=1&operations=[]");
        }
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut parameters = fixed.clone();
            if let Some(cursor) = &cursor {
                parameters.push(("paginate_position", cursor));
            }
            let page = list(&sandbox, "v2", &parameters);
            seen.extend(numbers(&page));
            match &page.json["meta"][next] {
                Value::Null => break,
                next => cursor = Some(next.to_string()),
            }
        }
        seen.sort_unstable();
        let expected = (1..=events as u64).filter(|number| !filtered || number % 3 == 1);
        prop_assert_eq!(seen, expected.collect::<Vec<_>>());
    }
}
