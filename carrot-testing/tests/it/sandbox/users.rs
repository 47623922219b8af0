//! Users, their properties and events.

use carrot_testing::{Sandbox, sandbox::SeedUser};
use serde_json::{Value, json};

use super::common::{ApiResponse, Session};

const OWN: (&str, &str) = ("by_user_id", "true");
const USER: &str = "/v2/users/order-42";
const EVENTS: &str = "/v2/users/order-42/events";

fn set_props(api: &Session, version: &str, operations: &Value) -> ApiResponse {
    let path = format!("/{version}/users/order-42/props");
    let operations = operations.to_string();
    let response = api.post(&path, &[OWN, ("operations", &operations)]);
    assert_eq!(response.data(), &json!({}));
    response
}

#[test]
fn only_writing_creates_an_external_id() {
    let api = Session::new();
    for path in ["", "/events", "/conversations"] {
        api.get(&format!("{USER}{path}"), "by_user_id=true")
            .is(400, "LookupError");
    }
    for path in ["/sendmessage", "/unsubscribeemail"] {
        let form = "by_user_id=true&body=Hi";
        api.post(&format!("{USER}{path}"), form)
            .is(400, "LookupError");
    }
    assert_eq!(api.users().len(), 0);
    set_props(
        &api,
        "v2",
        &json!([{"op": "set_once", "key": "$name", "value": "Ada"}]),
    );
    api.get(USER, "by_user_id=true");
    api.get(
        "/v2/users/1448121617782670209",
        "id_as_string=TRUE&props=False",
    );
    api.assert("unknown_external_id");
}

#[test]
fn the_seven_operations_run_in_order_and_report() {
    let api = Session::new();
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
    set_props(&api, "v2", &operations);
    api.get(USER, "by_user_id=true&props_custom=1");
    api.get(USER, "by_user_id=true&props_custom=1&convert_props_types=0");
    api.assert("seven_operations");
}

#[test]
fn wrong_operations_are_ignored_with_a_reason() {
    let api = Session::new();
    let operations = json!([
        {"op": "update_or_create", "key": "$last_seen", "value": "x"},
        {"op": "update_or_create", "key": "a", "value": ""},
        {"op": "update_or_create", "key": "a", "value": "x".repeat(256)},
        {"op": "update_or_create", "key": "a", "value": 1.5},
        {"op": "update_or_create", "key": "a", "value": 9_007_199_254_740_993_i64},
        {"op": "update_or_create", "key": "a", "value": vec!["x"; 31]},
        {"op": "update_or_create", "key": "a", "value": {"b": "c"}},
        {"op": "add", "key": "a", "value": "many"},
        {"op": "append", "key": "a", "value": ["b"]},
        {"op": "increment", "key": "a", "value": 1},
        {"op": "add", "key": "", "value": 1},
        {"op": "add"},
        {"op": "add", "key": "b", "value": 1},
    ]);
    let response = set_props(&api, "v2", &operations);
    let ignored = response.json["meta"]["ignored_operations"].as_array();
    assert_eq!(ignored.map(Vec::len), Some(12));
    // v1 lists what changes nothing in the same place.
    set_props(
        &api,
        "v1",
        &json!([{"op": "set_once", "key": "b", "value": 7}]),
    );
    api.assert("ignored_operations");
}

#[test]
fn too_many_operations_and_no_operations_are_rejected() {
    let api = Session::new();
    let many = json!(vec![json!({"op": "delete", "key": "a"}); 251]).to_string();
    for operations in [many.as_str(), "{}", "[", ""] {
        let form = [OWN, ("operations", operations)];
        api.post("/v2/users/order-42/props", &form)
            .is(400, "ValidationError");
    }
    assert!(api.users().is_empty());
    api.assert("rejected_operations");
}

#[test]
fn an_event_is_recorded_and_counted() {
    let api = Session::new();
    let params = r#"{"App": "Eva99", "n": 3}"#;
    api.post(EVENTS, &[OWN, ("event", "MyEvent"), ("params", params)]);
    api.post(EVENTS, "by_user_id=true&event=MyEvent&created=1467192929.5");
    api.post(EVENTS, "by_user_id=true&event=Other");
    api.get(
        EVENTS,
        "by_user_id=true&filter_name=MyEvent&props_as_string=yes",
    );
    let none = api.get(EVENTS, "by_user_id=true&filter_name=myevent");
    assert_eq!(none.data(), &json!([]));
    for version in ["v2", "v1"] {
        let form = "by_user_id=true&props=0&props_events=1&events=1";
        api.get(&format!("/{version}/users/order-42"), form);
    }
    api.assert("events");
}

#[test]
fn a_rejected_event_creates_no_user() {
    let api = Session::new();
    let long = "x".repeat(256);
    let name = format!(r#"{{"{}": 1}}"#, "n".repeat(71));
    for wrong in [
        ("event", long.as_str()),
        ("event", ""),
        ("params", "[]"),
        ("params", "{"),
        ("params", r#"{"a": 9007199254740993}"#),
        ("params", r#"{"a": null}"#),
        ("params", &name),
        ("created", "yesterday"),
    ] {
        let response = api.post(EVENTS, &[OWN, ("event", "e"), wrong]);
        response.is(400, "ValidationError");
        let rule = format!("`{}` must", wrong.0);
        assert!(response.error().2.starts_with(&rule), "{rule}");
    }
    api.post(EVENTS, "by_user_id=true")
        .is(400, "ValidationError");
    assert!(api.users().is_empty());
    api.assert("rejected_events");
}

#[test]
fn presence_lasts_two_minutes() {
    let ada = SeedUser::new().prop("$name", "Ada");
    let api = Session::of(Sandbox::builder().user(ada).build());
    let path = "/v2/users/1448121617782670209";
    let set = format!("{path}/setpresence");
    api.post(&set, "presence=online&current_page=Cart&current_url=u");
    api.get("/v2/apps/$self_app/activeusers", "");
    api.advance(std::time::Duration::from_secs(120));
    let user = api.get(path, "presence_details=1");
    assert_eq!(user.data()["presence"], "offline");
    assert_eq!(user.data().get("presence_details"), None);
    let active = api.get("/v2/apps/1000/activeusers", "");
    assert_eq!(active.data(), &json!([]));
    for (version, form) in [
        ("v2", "presence=offline"),
        ("v2", ""),
        ("v1", "presence=idle"),
        ("v1", "presence=idle&session=A"),
    ] {
        let path = format!("/{version}/users/1448121617782670209/setpresence");
        api.post(&path, form).is(400, "ValidationError");
    }
    api.assert("presence");
}

#[test]
fn a_subscription_returns_only_on_request() {
    let api = Session::new();
    let status = || {
        let user = api.get(USER, "by_user_id=true&email_status=1");
        user.data()["email_status"]["status"].clone()
    };
    let unsubscribe = || api.post("/v2/users/order-42/unsubscribeemail", "by_user_id=true");
    let email = |value: &str, double: &str| {
        let operations = json!([{"op": "update_or_create", "key": "$email", "value": value}]);
        let operations = operations.to_string();
        let form = [
            OWN,
            ("operations", &*operations),
            ("double_subscribe", double),
        ];
        api.post("/v2/users/order-42/props", &form);
    };
    set_props(&api, "v2", &json!([]));
    assert_eq!(status(), Value::Null);
    assert_eq!(unsubscribe().error().2, "the user has no `$email`");
    email("a@example.com", "false");
    assert_eq!(status(), "confirmed");
    assert_eq!(unsubscribe().data(), &json!({}));
    assert_eq!(unsubscribe().data(), &json!({}));
    email("b@example.com", "false");
    assert_eq!(status(), "unsubscribed");
    // An operation that is ignored updates nothing.
    email("", "true");
    assert_eq!(status(), "unsubscribed");
    email("b@example.com", "true");
    assert_eq!(status(), "confirmed");
    api.assert("subscription");
}
