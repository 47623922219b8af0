//! Failures on demand, and the log of responses.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use carrot_testing::Sandbox;
use http::{Request, StatusCode};

use crate::common::{get, post};

const CHANNELS: &str = "/v2/apps/$self_app/channels";

#[test]
fn each_failure_is_the_response_to_one_request() {
    let sandbox = Sandbox::new();
    sandbox.fail_next_with("ReplyTooBig");
    sandbox.fail_next_with("PermissionDenied");
    sandbox.fail_next_with("SomethingNew");
    sandbox.fail_next(StatusCode::TOO_MANY_REQUESTS);
    let mut errors = Vec::new();
    for _ in 0..4 {
        let response = post(&sandbox, "/v2/users/order-42/events", "by_user_id=true");
        let (status, error, _) = response.error();
        errors.push((status, error.to_owned()));
    }
    let expected = [
        (400, "ReplyTooBig"),
        (403, "PermissionDenied"),
        (400, "SomethingNew"),
        (429, "TooManyRequests"),
    ];
    assert_eq!(
        errors,
        expected.map(|(status, error)| (status, error.to_owned()))
    );
    assert!(sandbox.users().is_empty());
    assert_eq!(sandbox.requests(), 4);
    get(&sandbox, CHANNELS, "").data();
}

#[test]
fn error_names_follow_the_version() {
    for (path, status, name) in [
        (CHANNELS, 400, "BadRequest"),
        (CHANNELS, 401, "NotAuthenticated"),
        ("/v1/apps/1000/channels", 401, "AuthenticationFailed"),
        ("/v1/apps/1000/channels", 403, "PermissionDenied"),
        (CHANNELS, 403, "PermissionDeniedError"),
        (CHANNELS, 404, "Error404"),
        (CHANNELS, 405, "MethodNotAllowed"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.fail_next(StatusCode::from_u16(status).unwrap());
        let response = get(&sandbox, path, "");
        assert_eq!((response.error().0, response.error().1), (status, name));
    }
    let sandbox = Sandbox::new();
    sandbox.fail_next(StatusCode::BAD_GATEWAY);
    sandbox.reset();
    get(&sandbox, CHANNELS, "").data();
}

#[test]
fn undocumented_statuses_have_an_html_page() {
    let sandbox = Sandbox::new();
    let request = http::Request::get(CHANNELS)
        .body(bytes::Bytes::new())
        .unwrap();
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::BAD_GATEWAY] {
        sandbox.fail_next(status);
        let response = sandbox.handle(&request);
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["content-type"], "text/html");
        assert!(serde_json::from_slice::<serde_json::Value>(response.body()).is_err());
    }
}

#[test]
fn logs_hold_no_ids_and_no_token() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    let sandbox = Sandbox::builder()
        .on_answer(move |answered| log.lock().unwrap().push(answered.to_string()))
        .build();
    get(
        &sandbox,
        "/users/canary",
        "by_user_id=true&auth_token=canary",
    );
    post(&sandbox, "/v1.4/users/canary/events", "");
    post(&sandbox, "/v2/users/import", "");
    get(&sandbox, "/v2/users/import/", "");
    get(&sandbox, "/v2/canary/import", "");
    get(&sandbox, "/v2/users/%ff", "");
    post(&sandbox, "/v2/users/canary", "");
    get(&sandbox, CHANNELS, "version=canary");
    sandbox.fail_next(StatusCode::TOO_MANY_REQUESTS);
    get(&sandbox, CHANNELS, "");
    // The address is told where the body cannot be read.
    let json = Request::post("/v2/users/canary/events?event=canary")
        .header("content-type", "application/json")
        .body(Bytes::from("{"));
    assert_eq!(sandbox.handle(&json.unwrap()).status(), 400);
    assert_eq!(
        *lines.lock().unwrap(),
        [
            "GET /v2/users/{id} 400",
            "POST /v1/users/{id}/events 400",
            "POST /v2/users/import 400",
            "GET /v2/users/{id} 400",
            "GET (unknown address) 404",
            "GET (unreadable request) 404",
            "POST /v2/users/{id} 405",
            "GET /v2/apps/{id}/channels 200",
            "GET /v2/apps/{id}/channels 429",
            "POST /v2/users/{id}/events 400",
        ]
    );
}
