//! Snapshots: what a sandbox remembers goes on in another one.

use std::time::Duration;

use bytes::Bytes;
use carrot_core::types::{AdminId, ChannelId, ConversationId, Timestamp};
use carrot_testing::{
    Sandbox, VirtualClock,
    sandbox::{SeedUser, Snapshot},
};
use http::Request;
use proptest::prelude::*;
use serde_json::Value;

use super::common::{get, post, start, upload};

const LIKED: &str = r#"{"type": "or", "filters": [
    {"type": "str_contains", "property_name": "$email", "value": {"value": "A"}},
    {"type": "known", "property_name": "$event_5002_count"}
]}"#;
const COUNTED: &str = r#"{"type": "and", "filters": [
    {"type": "gt", "property_name": "count", "value": {"value": 1}}
]}"#;

/// What changes something or looks at something.
const ACTIONS: [&str; 16] = [
    "POST {user}/startconversation by_user_id=true&body={text}",
    "POST {user}/events by_user_id=true&event={text}",
    "POST {user}/props by_user_id=true&operations={operations}",
    "POST {user}/sendmessage by_user_id=true&body={text}",
    "POST /v2/users/{id}/setpresence presence=online",
    "POST {user}/unsubscribeemail by_user_id=true",
    "POST {conversation}/reply body={text}&auto_assign=501",
    "POST {conversation}/reply body={text}&from_user=default_user&actions=[1.5]",
    "POST {conversation}/tag tag={text}&from_admin=501",
    "POST {conversation}/close ",
    "POST {conversation}/assign from_admin=502&admin=502",
    "POST {conversation}/markread ",
    "GET /v2/apps/$self_app/conversations include_not_assigned=true&paginate_count=2&{filter}",
    "GET /v1/apps/$self_app/users {leads}",
    "GET /v2/apps/$self_app/activeusers ",
    "GET {user}/events by_user_id=true",
];

const FILTERS: [&str; 5] = [
    "closed=true",
    "answered=true",
    "assigned=501",
    "tags={text}",
    "include_no_tags=true",
];

const LEADS: [&str; 5] = [
    "",
    "sort_prop=count&offset=1",
    "sort_prop=$email&sort_order=asc",
    "filters={liked}&sort_prop=$event_5001_count",
    "filters={counted}&limit=2",
];

/// Sends one of the actions, and returns the response.
fn act(sandbox: &Sandbox, (what, number, text): &(u8, u8, String)) -> (u16, Bytes) {
    let listed = sandbox.conversations();
    let conversation = match listed.len() {
        0 => 1,
        count => listed[usize::from(*number) % count].id.get(),
    };
    let external = format!("own-{}", number % 4);
    let id = sandbox.user_id(&external).map_or(1, |id| id.get());
    let operations = serde_json::json!([
        {"op": "update_or_create", "key": "$email", "value": text},
        {"op": "add", "key": "count", "value": 1},
    ]);
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let action = ACTIONS[usize::from(what % 16)]
        .replace("{filter}", FILTERS[usize::from(number % 5)])
        .replace("{leads}", LEADS[usize::from(number % 5)])
        .replace("{user}", &format!("/v2/users/{external}"))
        .replace(
            "{conversation}",
            &format!("/v2/conversations/{conversation}"),
        )
        .replace("{id}", &id.to_string())
        .replace("{operations}", &encoded(&operations.to_string()))
        .replace("{liked}", &encoded(LIKED))
        .replace("{counted}", &encoded(COUNTED))
        .replace("{text}", &encoded(text));
    let (method, rest) = action.split_once(' ').unwrap();
    let (path, form) = rest.split_once(' ').unwrap();
    let (query, body) = if method == "GET" {
        (form, "")
    } else {
        ("", form)
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("{path}?{query}"))
        .header("authorization", format!("Token {}", sandbox.token()))
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    let response = sandbox.handle(&request);
    (response.status().as_u16(), response.into_body())
}

fn copy(sandbox: &Sandbox) -> Snapshot {
    let json = serde_json::to_string(&sandbox.snapshot()).unwrap();
    serde_json::from_str(&json).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_restored_sandbox_responds_identically(
        before in proptest::collection::vec((any::<u8>(), any::<u8>(), "[a-z0-9]{1,5}|.{1,9}"), 0..40),
        after in proptest::collection::vec((any::<u8>(), any::<u8>(), "[a-z0-9]{1,5}|.{1,9}"), 1..20),
        pause in 0_u64..200,
    ) {
        let first = Sandbox::builder().rate_limit(50).build();
        for action in &before {
            act(&first, action);
        }
        first.advance(Duration::from_secs(pause));

        let second = Sandbox::builder().rate_limit(50).build();
        // Something else, which is forgotten.
        start(&second, "other", "x");
        let snapshot = copy(&first);
        second.restore(&snapshot);
        prop_assert_eq!(second.snapshot(), snapshot);
        prop_assert_eq!(second.now(), first.now());
        for action in &after {
            prop_assert_eq!(act(&second, action), act(&first, action));
        }
        // Lists of the first go on with what they learnt before the changes, those of the second start.
        prop_assert_eq!(second.users(), first.users());
        prop_assert_eq!(second.conversations(), first.conversations());
        prop_assert_eq!(second.webhooks(), first.webhooks());
        prop_assert_eq!(second.snapshot(), first.snapshot());
    }

    #[test]
    fn any_text_is_a_snapshot_or_error(text in ".{0,200}") {
        let _ = serde_json::from_str::<Snapshot>(&text);
    }
}

#[test]
fn everything_is_in_a_snapshot() {
    let build = || {
        Sandbox::builder()
            .user(
                SeedUser::external("seeded")
                    .prop("$name", "Alex")
                    .tag("vip"),
            )
            .build()
    };
    let first = build();
    let conversation = start(&first, "order-42", "Hi");
    let file = [("attachment", "a.txt", "content")];
    upload(
        &first,
        &format!("/v2/conversations/{conversation}/reply"),
        "",
        &file,
    )
    .data();
    first.snooze(
        ConversationId::new(conversation),
        Timestamp::from_seconds(1_800_000_000),
    );
    assert!(first.move_to_channel(ConversationId::new(conversation), Some(ChannelId::new(5))));
    assert!(first.set_assistant(ConversationId::new(conversation), Some("lead_bot")));
    let path = format!("/v2/conversations/{conversation}/assign");
    post(&first, &path, "from_admin=501&admin=501").data();
    post(&first, &path, "from_admin=501").data();

    let second = build();
    second.restore(&copy(&first));
    assert_eq!(
        second.parts(ConversationId::new(conversation)),
        first.parts(ConversationId::new(conversation))
    );
    assert_eq!(second.users(), first.users());
    let channels = |sandbox| get(sandbox, "/v2/apps/$self_app/channels", "").json;
    assert_eq!(channels(&second), channels(&first));
    // A part that takes an assignment back says so with a `null`, where others say nothing.
    let path = format!("/v2/conversations/{conversation}/parts");
    let newest = get(&second, &path, "").data()[0].clone();
    assert_eq!(newest.get("assignee"), Some(&Value::Null));

    second.reset();
    assert_eq!(second.snapshot(), build().snapshot());
}

#[test]
fn snapshots_hold_operators_but_no_token() {
    let first = Sandbox::builder()
        .token("app.1000.canary")
        .webhook_token("hook-canary")
        .operator(AdminId::new(7), "Ada")
        .channel(ChannelId::new(9), "Sales")
        .build();
    start(&first, "order-42", "Hi");
    let json = serde_json::to_string(&first.snapshot()).unwrap();
    assert!(!json.contains("canary"), "{json}");
    let second = Sandbox::new();
    second.restore(&first.snapshot());
    let channels = get(&second, "/v2/apps/$self_app/channels", "");
    assert_eq!(channels.data()[0]["name"], "Sales");
    assert_eq!(channels.data()[0]["operators"][0]["id"], 7);
    assert!(second.webhooks()[0].body().contains(second.webhook_token()));
}

#[test]
fn time_goes_on_by_a_clock_too() {
    let first = Sandbox::new();
    start(&first, "order-42", "Hi");
    first.advance(Duration::from_secs(1000));
    let clock = VirtualClock::manual();
    clock.advance(Duration::from_secs(77));
    let second = Sandbox::builder().clock(clock.clone()).build();
    second.restore(&first.snapshot());
    assert_eq!(second.now(), first.now());
    clock.advance(Duration::from_secs(5));
    assert_eq!(second.now().seconds(), first.now().seconds() + 5);
}

#[test]
fn a_snapshot_of_another_format_is_rejected() {
    let json = serde_json::to_value(Sandbox::new().snapshot()).unwrap();
    let mut more = json.clone();
    more["unknown"] = 1.into();
    assert!(serde_json::from_value::<Snapshot>(more).is_err());
    for name in json.as_object().unwrap().keys() {
        let mut less = json.clone();
        less.as_object_mut().unwrap().remove(name);
        assert!(serde_json::from_value::<Snapshot>(less).is_err(), "{name}");
    }
    assert!(serde_json::from_value::<Snapshot>(json).is_ok());
}

#[test]
fn snapshot_with_duplicates_or_full_counters_is_rejected() {
    let sandbox = Sandbox::builder().user(SeedUser::external("a")).build();
    let json = serde_json::to_value(sandbox.snapshot()).unwrap();
    let rejected = |json: Value| {
        let error = serde_json::from_value::<Snapshot>(json).unwrap_err();
        error.to_string()
    };
    let mut twice = json.clone();
    let user = twice["users"][0].clone();
    twice["users"].as_array_mut().unwrap().push(user);
    let text = rejected(twice);
    assert_eq!(text, "`users[1]` has the id of an earlier one");
    for (place, counter) in [("/ids/part", "ids.part"), ("/requests", "requests")] {
        let mut full = json.clone();
        *full.pointer_mut(place).unwrap() = u64::MAX.into();
        let text = format!("the counter `{counter}` is at its end");
        assert_eq!(rejected(full), text);
    }
}
