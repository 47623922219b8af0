//! Faults, and the log of requests.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use std::time::Duration;

use carrot_core::{
    Client, Clock, HttpTransport, Sent, apps, conversations,
    jobs::WriteStatus,
    transport::TransportErrorKind,
    types::{ConversationId, RandomId, UserRef},
    users,
};
use carrot_testing::{ApiError, Sandbox, VirtualClock, sandbox::Fault};
use http::{Request, StatusCode};

use super::common::{get, post};
use crate::support::{Salute, failure};

const CHANNELS: &str = "/v2/apps/$self_app/channels";

#[test]
fn each_fault_affects_one_request() {
    let sandbox = Sandbox::new();
    let named = |status, name| Fault::error(ApiError::named(status, name));
    sandbox.inject(Fault::error(ApiError::reply_too_big()));
    sandbox.inject(named(StatusCode::FORBIDDEN, "PermissionDenied"));
    sandbox.inject(named(StatusCode::BAD_REQUEST, "SomethingNew"));
    sandbox.inject(Fault::status(StatusCode::TOO_MANY_REQUESTS));
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
        sandbox.inject(Fault::status(StatusCode::from_u16(status).unwrap()));
        let response = get(&sandbox, path, "");
        assert_eq!((response.error().0, response.error().1), (status, name));
    }
    let sandbox = Sandbox::new();
    sandbox.inject(Fault::status(StatusCode::BAD_GATEWAY));
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
        sandbox.inject(Fault::status(status));
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
        .on_response(move |served| log.lock().unwrap().push(served.to_string()))
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
    sandbox.inject(Fault::status(StatusCode::TOO_MANY_REQUESTS));
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

/// A sandbox, its client, and a conversation in it.
async fn conversation() -> (Sandbox, Client, ConversationId) {
    let sandbox = Sandbox::new();
    let client = sandbox.client();
    let order = UserRef::external("order-42");
    let started = client
        .call(users::StartConversation::new(order, "Hi"))
        .await;
    (sandbox, client, started.unwrap().id)
}

fn reply(id: ConversationId) -> conversations::Reply {
    conversations::Reply::new(id, "On its way").random_id(RandomId::new(42).unwrap())
}

/// The status of a request.
fn status(sandbox: &Sandbox) -> u16 {
    let request = sandbox.client().prepare(&apps::Channels::new()).unwrap();
    let request = request.map(|_| Bytes::new());
    sandbox.handle(&request).status().as_u16()
}

#[tokio::test]
async fn fault_hits_its_operation_only() {
    let (sandbox, client, id) = conversation().await;
    let fault = sandbox.inject(Fault::lost_response().on::<conversations::Reply>());
    client.call(conversations::Get::new(id)).await.unwrap();
    assert_eq!(fault.used(), 0);
    let error = client.call(reply(id)).await.unwrap_err();
    assert_eq!(error.sent(), Sent::Maybe);
    assert!(error.may_have_been_applied());
    assert_eq!(fault.used(), 1);
    assert_eq!(sandbox.parts(id).len(), 2);
}

#[test]
fn fault_hits_the_nth_request_so_often() {
    let sandbox = Sandbox::new();
    let fault = sandbox.inject(Fault::status(StatusCode::BAD_GATEWAY).nth(2).times(2));
    let statuses: Vec<u16> = (0..5).map(|_| status(&sandbox)).collect();
    assert_eq!(statuses, [200, 502, 502, 200, 200]);
    let always = sandbox.inject(Fault::status(StatusCode::BAD_GATEWAY).always());
    assert_eq!([status(&sandbox), status(&sandbox)], [502; 2]);
    always.remove();
    assert_eq!(status(&sandbox), 200);
    assert_eq!((fault.used(), always.used()), (2, 2));
}

#[tokio::test]
async fn predicate_chooses_the_request() {
    let (sandbox, client, id) = conversation().await;
    sandbox.inject(
        Fault::error(ApiError::reply_too_big())
            .on::<conversations::Reply>()
            .when(|request| request.form("body") == Some("second")),
    );
    let say = |text| client.call(conversations::Reply::new(id, text));
    say("first").await.unwrap();
    assert!(say("second").await.is_err());
    say("second").await.unwrap();
    assert_eq!(sandbox.parts(id).len(), 3);
}

#[tokio::test]
async fn transport_failure_applies_nothing() {
    let (sandbox, client, id) = conversation().await;
    let fail = |kind, sent| Fault::failure(kind, sent).on::<conversations::Reply>();
    sandbox.inject(fail(TransportErrorKind::Connect, Sent::Never));
    // Nothing was sent, so the client repeats it.
    client.call(reply(id)).await.unwrap();
    assert_eq!(sandbox.parts(id).len(), 2);
    sandbox.inject(fail(TransportErrorKind::Reset, Sent::Maybe));
    let error = client.call(reply(id)).await.unwrap_err();
    assert!(error.may_have_been_applied());
    assert_eq!(sandbox.parts(id).len(), 2);
}

#[tokio::test]
async fn late_request_is_applied_after_its_delay() {
    let (sandbox, client, id) = conversation().await;
    let delay = Duration::from_secs(30);
    sandbox.inject(Fault::apply_late(delay).on::<conversations::Reply>());
    let error = client.call(reply(id)).await.unwrap_err();
    assert!(error.may_have_been_applied());
    let early = client
        .reconcile_reply(&reply(id), sandbox.now())
        .await
        .unwrap();
    assert!(!matches!(early, WriteStatus::Written(_)), "{early:?}");
    assert_eq!(sandbox.parts(id).len(), 1);
    sandbox.advance(delay);
    assert_eq!(sandbox.parts(id).len(), 2);
    let late = client
        .reconcile_reply(&reply(id), sandbox.now())
        .await
        .unwrap();
    assert!(matches!(late, WriteStatus::Written(_)), "{late:?}");
}

#[tokio::test]
async fn hidden_random_ids_hide_a_reply() {
    let (sandbox, client, id) = conversation().await;
    client.call(reply(id)).await.unwrap();
    let parts = Fault::hide_random_ids().on::<conversations::Parts>();
    sandbox.inject(parts.always());
    let status = client
        .reconcile_reply(&reply(id), sandbox.now())
        .await
        .unwrap();
    assert!(!matches!(status, WriteStatus::Written(_)), "{status:?}");
    let path = format!("/v2/conversations/{id}/parts");
    assert!(
        get(&sandbox, &path, "").data()[0]
            .get("random_id")
            .is_none()
    );
}

#[tokio::test]
async fn held_response_waits_for_its_release() {
    let (sandbox, client, id) = conversation().await;
    let fault = sandbox.inject(Fault::hold().on::<conversations::Reply>());
    let release = async {
        fault.held().await;
        assert_eq!(sandbox.parts(id).len(), 2);
        fault.release();
    };
    let send = sandbox.send(client.prepare(&reply(id)).unwrap());
    let (response, ()) = tokio::join!(send, release);
    assert_eq!(response.unwrap().status(), 200);
}

#[test]
fn delay_waits_on_the_clock() {
    let clock = VirtualClock::manual();
    let sandbox = Sandbox::builder().clock(clock.clone()).build();
    let delay = Duration::from_secs(7);
    sandbox.inject(Fault::delay(delay));
    let request = sandbox.client().prepare(&apps::Channels::new()).unwrap();
    let response = clock.run(sandbox.send(request)).unwrap();
    assert_eq!((response.status().as_u16(), clock.now()), (200, delay));
}

#[test]
#[should_panic = "lost response on conversations.reply"]
fn unused_fault_fails_the_test() {
    let sandbox = Sandbox::new();
    sandbox.inject(Fault::lost_response().on::<conversations::Reply>());
}

#[test]
#[should_panic = "used 1 of 2 times, 1 requests matched"]
fn half_used_fault_fails_the_test() {
    let sandbox = Sandbox::new();
    sandbox.inject(Fault::status(StatusCode::BAD_GATEWAY).times(2));
    status(&sandbox);
    sandbox.assert_faults_used();
}

#[test]
fn optional_fault_may_stay_unused() {
    let sandbox = Sandbox::new();
    sandbox.inject(Fault::lost_response().optional());
    sandbox.assert_faults_used();
}

#[test]
#[should_panic = "the sandbox has no operation `users.salute`"]
fn fault_on_unknown_operation_fails_at_once() {
    let _ = Fault::lost_response().on::<Salute>();
}

#[test]
fn repeated_nonce_is_dropped_if_told() {
    for (sandbox, events) in [
        (Sandbox::builder().drop_repeated_nonces().build(), 1),
        (Sandbox::new(), 2),
    ] {
        let send = || {
            let fields = "by_user_id=true&event=Paid&_nonce=abc";
            post(&sandbox, "/v2/users/order-42/events", fields).data()["id"].clone()
        };
        assert_eq!(send() == send(), events == 1);
        let user = sandbox.user_id("order-42").unwrap();
        assert_eq!(sandbox.events(user).len(), events);
    }
}

#[test]
fn faults_are_texts_too() {
    for (text, shown) in [
        ("status=503", "status 503 on any operation"),
        (
            "error=LookupError",
            "error with status 400 on any operation",
        ),
        (
            "error=PermissionDenied",
            "error with status 403 on any operation",
        ),
        ("rate-limited", "error with status 429 on any operation"),
        (
            "lost-response on=conversations.reply",
            "lost response on conversations.reply",
        ),
        ("apply-late=1m30s", "applied 90s late on any operation"),
        ("delay=500ms", "delay of 500ms on any operation"),
        ("hold always optional", "held response on any operation"),
        ("replaced=502", "replaced response 502 on any operation"),
        ("hide-random-ids", "hidden random ids on any operation"),
        (
            " cut\tnth=1 ",
            "failure (the connection was closed before the response started; the request may have reached the server) on any operation",
        ),
    ] {
        let fault: Fault = text.parse().unwrap();
        assert_eq!(fault.to_string(), shown, "{text}");
    }
    for (text, problem) in [
        ("", "`` is not a fault"),
        ("lost", "`lost` is not a fault"),
        ("lost-response=1", "`lost-response=1` is not a fault"),
        ("delay", "`delay` is not a fault"),
        ("delay=-1s", "must be a time"),
        ("delay=soon", "must be a time"),
        ("status=200", "must be a status from 400 to 599"),
        ("status=x", "must be a status"),
        ("error=Lookup", "no error of this name"),
        ("cut on=users", "no operation `users`"),
        ("cut nth=0", "must be a number from 1"),
        ("cut times=-1", "must be a number from 1"),
        ("cut always=yes", "`always=yes` is unknown"),
        ("cut lost-response", "`lost-response` is unknown"),
    ] {
        let error = text.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(problem), "{text}: {error}");
        assert_eq!(error.lines().count(), 1);
    }
}

#[test]
fn fault_of_a_text_is_aimed() {
    let sandbox = Sandbox::new();
    let fault = "status=503 on=apps.channels nth=2 times=2";
    sandbox.inject(fault.parse().unwrap());
    let mut failed = Vec::new();
    for _ in 0..4 {
        post(
            &sandbox,
            "/v2/users/order-42/events",
            "by_user_id=true&event=a",
        )
        .data();
        failed.push(status(&sandbox) == 503);
    }
    assert_eq!(failed, [false, true, true, false]);
    let state = &sandbox.faults()[0];
    assert_eq!(
        (state.id, state.matched, state.used, state.wanted),
        (1, 4, 2, 2)
    );
    assert!(state.is_used());
}

#[test]
fn fault_that_does_nothing_fails_at_once() {
    for (wrong, text) in [
        (
            (|| drop(Fault::lost_response().nth(0))) as fn(),
            "counts from 1",
        ),
        (|| drop(Fault::lost_response().times(0)), "does nothing"),
        (
            || drop(Fault::status(StatusCode::OK)),
            "must be a status from 400 to 599",
        ),
        (
            || drop(Fault::status(StatusCode::FOUND)),
            "must be a status from 400 to 599",
        ),
    ] {
        assert!(failure(wrong).contains(text), "{text}");
    }
}

#[tokio::test]
async fn panic_of_a_predicate_is_told() {
    let sandbox = Sandbox::builder()
        .on_response(|_| panic!("of the log"))
        .build();
    let odd = Fault::lost_response()
        .when(|_| panic!("of the predicate"))
        .optional();
    sandbox.inject(odd);
    // In a task that nobody awaits.
    let copy = sandbox.clone();
    let task = tokio::spawn(async move { status(&copy) });
    assert_eq!(task.await.unwrap(), 200);
    let text = failure(move || drop(sandbox));
    for told in [
        "the predicate of a fault, lost response on any operation, injected at ",
        "panicked: of the predicate",
        "the closure of `on_response` panicked: of the log",
    ] {
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn predicate_may_look_at_the_sandbox() {
    let sandbox = Sandbox::new();
    let weak = sandbox.clone();
    let fault = Fault::status(StatusCode::BAD_GATEWAY).when(move |_| weak.requests() == 1);
    let injected = sandbox.inject(fault);
    assert_eq!([(); 3].map(|()| status(&sandbox)), [200, 502, 200]);
    sandbox.assert_faults_used();
    injected.remove();
}
