//! Users, their properties and events.

use carrot_testing::{Sandbox, sandbox::SeedUser};
use serde_json::{Value, json};

use crate::common::{Form as _, get, post};

const OWN: (&str, &str) = ("by_user_id", "true");

fn set_props(sandbox: &Sandbox, version: &str, operations: &Value) -> Value {
    let path = format!("/{version}/users/order-42/props");
    let operations = operations.to_string();
    let mut answer = post(sandbox, &path, &[OWN, ("operations", &operations)]);
    assert_eq!(answer.data(), &json!({}));
    answer.json["meta"].take()
}

#[test]
fn an_unknown_own_id_is_made_by_writing_and_not_by_reading() {
    let sandbox = Sandbox::new();
    for path in ["", "/events", "/conversations"] {
        let answer = get(
            &sandbox,
            &format!("/v2/users/order-42{path}"),
            "by_user_id=true",
        );
        assert_eq!(answer.error(), (400, "LookupError", "no such user"));
    }
    for path in ["/sendmessage", "/unsubscribeemail"] {
        let path = format!("/v2/users/order-42{path}");
        let answer = post(&sandbox, &path, "by_user_id=true&body=Hi");
        assert_eq!(answer.error(), (400, "LookupError", "no such user"));
    }
    assert_eq!(sandbox.users().len(), 0);

    set_props(
        &sandbox,
        "v2",
        &json!([{"op": "set_once", "key": "$name", "value": "Ada"}]),
    );
    assert_eq!(
        get(&sandbox, "/v2/users/order-42", "by_user_id=true").json,
        json!({"meta": {"status": 200}, "data": {
            "id": 1_448_121_617_782_670_209_u64,
            "app": 1000,
            "user_id": "order-42",
            "presence": "offline",
            "removed": null,
            "map_url": null,
            "props": {"$name": "Ada", "$last_seen": "2023-11-14T22:13:26"},
        }})
    );
    let by_id = get(
        &sandbox,
        "/v2/users/1448121617782670209",
        "id_as_string=TRUE&props=False",
    );
    assert_eq!(
        by_id.data(),
        &json!({
            "id": "1448121617782670209",
            "app": "1000",
            "user_id": "order-42",
            "presence": "offline",
            "removed": null,
            "map_url": null,
        })
    );
}

#[test]
fn the_seven_operations_run_in_order_and_report() {
    let sandbox = Sandbox::new();
    let operations = json!([
        {"op": "update_or_create", "key": "plan", "value": "free"},
        {"op": "set_once", "key": "plan", "value": "paid"},
        {"op": "add", "key": "seats", "value": "3"},
        {"op": "add", "key": "seats", "value": -1},
        {"op": "append", "key": "features", "value": "chat"},
        {"op": "append", "key": "features", "value": "chat"},
        {"op": "union", "key": "features", "value": "bots"},
        {"op": "union", "key": "features", "value": "bots"},
        {"op": "exclude", "key": "features", "value": "chat"},
        {"op": "delete", "key": "trial", "value": ""},
        {"op": "update_or_create", "key": "zip", "value": "12345"},
        {"op": "update_or_create", "key": "$phone", "value": "12345"},
    ]);
    assert_eq!(
        set_props(&sandbox, "v2", &operations),
        json!({
            "status": 200,
            "affected_props": ["plan", "seats", "features", "zip", "$phone"],
            "not_changed_props": ["trial"],
            "ignored_operations": [],
        })
    );
    let user = get(
        &sandbox,
        "/v2/users/order-42",
        "by_user_id=true&props_custom=1",
    );
    assert_eq!(
        user.data()["props_custom"],
        json!({"plan": "free", "seats": 2, "features": ["bots"], "zip": 12345})
    );
    assert_eq!(user.data()["props"]["$phone"], json!("12345"));
    let texts = [OWN, ("props_custom", "1"), ("convert_props_types", "0")];
    let user = get(&sandbox, "/v2/users/order-42", &texts);
    assert_eq!(
        user.data()["props_custom"],
        json!({"plan": "free", "seats": "2", "features": "[\"bots\"]", "zip": "12345"})
    );
}

#[test]
fn wrong_operations_are_ignored_with_a_reason_and_the_others_applied() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(256);
    let wrong = [
        json!({"op": "update_or_create", "key": "$last_seen", "value": "x"}),
        json!({"op": "update_or_create", "key": "a", "value": ""}),
        json!({"op": "update_or_create", "key": "a", "value": long}),
        json!({"op": "update_or_create", "key": "a", "value": 1.5}),
        json!({"op": "update_or_create", "key": "a", "value": 9_007_199_254_740_993_i64}),
        json!({"op": "update_or_create", "key": "a", "value": vec!["x"; 31]}),
        json!({"op": "update_or_create", "key": "a", "value": {"b": "c"}}),
        json!({"op": "add", "key": "a", "value": "many"}),
        json!({"op": "append", "key": "a", "value": ["b"]}),
        json!({"op": "increment", "key": "a", "value": 1}),
        json!({"op": "add", "key": "", "value": 1}),
        json!({"op": "add"}),
    ];
    let mut operations = wrong.to_vec();
    operations.push(json!({"op": "add", "key": "b", "value": 1}));
    let meta = set_props(&sandbox, "v2", &Value::from(operations));
    assert_eq!(meta["affected_props"], json!(["b"]));
    let ignored = meta["ignored_operations"].as_array().unwrap();
    assert_eq!(ignored.len(), wrong.len());
    for (ignored, mut wrong) in ignored.iter().zip(wrong) {
        assert!(ignored["reason"].is_string(), "{ignored}");
        wrong["reason"] = ignored["reason"].clone();
        assert_eq!(ignored, &wrong);
    }
    // v1 lists what changes nothing in the same place.
    let meta = set_props(
        &sandbox,
        "v1",
        &json!([{"op": "set_once", "key": "b", "value": 7}]),
    );
    assert_eq!(
        meta,
        json!({"status": 200, "affected_props": [], "ignored_operations": [
            {"op": "set_once", "key": "b", "value": 7, "reason": "the operation changes nothing"},
        ]})
    );
}

#[test]
fn too_many_operations_and_no_operations_are_refused() {
    let sandbox = Sandbox::new();
    let many = json!(vec![json!({"op": "delete", "key": "a"}); 251]).to_string();
    for operations in [many.as_str(), "{}", "[", ""] {
        let parameters = [OWN, ("operations", operations)];
        let answer = post(&sandbox, "/v2/users/order-42/props", &parameters);
        let (status, name, message) = answer.error();
        assert_eq!((status, name), (400, "ValidationError"));
        assert!(message.starts_with("`operations` must be"), "{message}");
        assert!(answer.json["meta"]["error_fields"]["operations"].is_string());
    }
    assert!(sandbox.users().is_empty());
}

#[test]
fn an_event_is_recorded_and_counted() {
    let sandbox = Sandbox::new();
    let path = "/v2/users/order-42/events";
    let params = r#"{"App": "Eva99", "n": 3}"#;
    let recorded = post(
        &sandbox,
        path,
        &[OWN, ("event", "MyEvent"), ("params", params)],
    );
    let event = json!({
        "id": 2_155_668_334_000_000_001_u64,
        "created": 1_700_000_001,
        "type": {"id": 5001, "name": "MyEvent", "score": 0, "visible": true, "active": true},
        "user": 1_448_121_617_782_670_209_u64,
        "props": {"App": "Eva99", "n": 3},
    });
    assert_eq!(
        recorded.json,
        json!({"meta": {"status": 200}, "data": event})
    );
    let created = [OWN, ("event", "MyEvent"), ("created", "1467192929.5")];
    assert_eq!(
        post(&sandbox, path, &created).data()["created"],
        json!(1_467_192_929.5)
    );
    post(&sandbox, path, "by_user_id=true&event=Other");

    let named = [OWN, ("filter_name", "MyEvent"), ("props_as_string", "yes")];
    let listed = get(&sandbox, path, &named);
    assert_eq!(
        listed.json["meta"],
        json!({"status": 200, "next_before_position": null})
    );
    assert_eq!(listed.data().as_array().unwrap().len(), 2);
    assert_eq!(listed.data()[1]["props"], json!({"App": "Eva99", "n": "3"}));
    let none = get(&sandbox, path, "by_user_id=true&filter_name=myevent");
    assert_eq!(none.data(), &json!([]));

    let switches = [OWN, ("props", "0"), ("props_events", "1"), ("events", "1")];
    let user = get(&sandbox, "/v2/users/order-42", &switches);
    assert_eq!(
        user.data()["props_events"],
        json!({
            "$event_5001_first": "2016-06-29T09:35:29",
            "$event_5001_last": "2023-11-14T22:13:21",
            "$event_5001_count": 2,
            "$event_5002_first": "2023-11-14T22:13:23",
            "$event_5002_last": "2023-11-14T22:13:23",
            "$event_5002_count": 1,
        })
    );
    assert_eq!(user.data()["events"]["5001"]["count"], 2);
    let user = get(&sandbox, "/v1/users/order-42", &switches);
    assert_eq!(user.data()["events"][1]["event_type"]["name"], "Other");
}

#[test]
fn a_wrong_event_is_refused_and_makes_no_user() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(256);
    let name = format!(r#"{{"{}": 1}}"#, "n".repeat(71));
    for (parameter, value) in [
        ("event", long.as_str()),
        ("event", ""),
        ("params", "[]"),
        ("params", "{"),
        ("params", r#"{"a": 1.5}"#),
        ("params", &name),
        ("created", "yesterday"),
    ] {
        let parameters = [OWN, ("event", "e"), (parameter, value)];
        let answer = post(&sandbox, "/v2/users/order-42/events", &parameters);
        let (status, name, message) = answer.error();
        assert_eq!((status, name), (400, "ValidationError"));
        assert!(
            message.starts_with(&format!("`{parameter}` must")),
            "{message}"
        );
    }
    let answer = post(&sandbox, "/v2/users/order-42/events", "by_user_id=true");
    assert_eq!(
        answer.error(),
        (400, "ValidationError", "`event` is required")
    );
    assert!(sandbox.users().is_empty());
}

#[test]
fn presence_lasts_two_minutes() {
    let sandbox = Sandbox::builder()
        .user(SeedUser::new().prop("$name", "Ada"))
        .build();
    let path = "/v2/users/1448121617782670209";
    let heartbeat = [
        ("presence", "online"),
        ("current_page", "Cart"),
        ("current_url", "u"),
    ];
    let answer = post(&sandbox, &format!("{path}/setpresence"), &heartbeat);
    assert_eq!(answer.json, json!({"data": {}, "meta": {"status": 200}}));
    let active = get(&sandbox, "/v2/apps/$self_app/activeusers", "");
    assert_eq!(
        active.json["meta"],
        json!({"status": 200, "next_before_position": null})
    );
    assert_eq!(
        active.data()[0]["presence_details"],
        json!({
            "$name": "Ada", "$sessions": 1, "presence": "online",
            "session_started": 1_700_000_001, "page": "Cart", "url": "u",
        })
    );
    sandbox.advance(std::time::Duration::from_secs(120));
    let user = get(&sandbox, path, "presence_details=1");
    assert_eq!(user.data()["presence"], "offline");
    assert_eq!(user.data().get("presence_details"), None);
    let active = get(&sandbox, "/v2/apps/1000/activeusers", "");
    assert_eq!(active.data(), &json!([]));

    for (version, parameters) in [
        ("v2", "presence=offline"),
        ("v2", ""),
        ("v1", "presence=idle"),
        ("v1", "presence=idle&session=A"),
    ] {
        let path = format!("/{version}/users/1448121617782670209/setpresence");
        let answer = post(&sandbox, &path, parameters);
        assert_eq!(answer.error().1, "ValidationError");
    }
}

#[test]
fn a_subscription_ends_and_comes_back_only_when_asked_for() {
    let sandbox = Sandbox::new();
    let status = || {
        let user = get(
            &sandbox,
            "/v2/users/order-42",
            "by_user_id=true&email_status=1",
        );
        user.data()["email_status"]["status"].clone()
    };
    let unsubscribe = || {
        post(
            &sandbox,
            "/v2/users/order-42/unsubscribeemail",
            "by_user_id=true",
        )
    };
    let email = |value: &str, more: &str| {
        let operations = json!([{"op": "update_or_create", "key": "$email", "value": value}]);
        let operations = operations.to_string();
        let operations = [OWN, ("operations", operations.as_str())].encode();
        let parameters = format!("{operations}&{more}");
        post(&sandbox, "/v2/users/order-42/props", &parameters);
    };
    set_props(&sandbox, "v2", &json!([]));
    assert_eq!(status(), Value::Null);
    assert_eq!(
        unsubscribe().error(),
        (400, "BadRequest", "the user has no `$email`")
    );
    email("a@example.com", "");
    assert_eq!(status(), "confirmed");
    assert_eq!(unsubscribe().data(), &json!({}));
    assert_eq!(unsubscribe().data(), &json!({}));
    email("b@example.com", "");
    assert_eq!(status(), "unsubscribed");
    // An operation that is ignored updates nothing.
    email("", "double_subscribe=true");
    assert_eq!(status(), "unsubscribed");
    email("b@example.com", "double_subscribe=true");
    assert_eq!(status(), "confirmed");
}
