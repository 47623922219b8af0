//! `execute`: the response beside the decoded value, on every way to a success, and the error instead.

use std::pin::pin;

use carrot_core::{
    ErrorKind, ExponentialBackoff, NoRateLimit, Sent,
    conversations::{AddTag, Parts, Reply},
    transport::TransportErrorKind,
    types::{UserId, UserRef},
    users,
};
use carrot_testing::{ApiError, CannedResponse, RecordingTransport, VirtualClock};
use http::{HeaderValue, Response, StatusCode};

use crate::support::{
    ID,
    canary::{E_MAIL, TEXT, TOKEN, assert_error_hides_all, assert_hidden},
    ok, over, poll, run,
};

/// A client of one attempt.
fn client(transport: &RecordingTransport) -> carrot_core::Client {
    let builder = over(transport.clone(), &VirtualClock::manual())
        .retry(ExponentialBackoff::none())
        .rate_limiter(NoRateLimit::new());
    builder.build().expect("a client")
}

fn response(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> CannedResponse {
    let mut response = Response::new(bytes::Bytes::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        let value = HeaderValue::from_static(value);
        response.headers_mut().append(*name, value);
    }
    CannedResponse::response(response)
}

#[test]
fn execute_returns_the_whole_response() {
    let body = format!(
        r#"{{"meta":{{"status":200,"new_meta":[1]}},"data":{{"id":7,"props":{{"$email":"{E_MAIL}"}},"brand_new":{{"a":1.50}}}},"beside":true}}"#
    );
    let headers = [
        ("x-request-id", "r-1"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("content-type", "application/json"),
    ];
    for status in [200, 201, 203] {
        let transport = RecordingTransport::responding([response(status, &headers, &body)]);
        let user = UserRef::external("order-42");
        let response = run(client(&transport).execute(users::Get::new(user))).expect("a user");
        assert_eq!(response.value.id, UserId::new(7));
        assert_eq!(
            response.status,
            StatusCode::from_u16(status).expect("a status")
        );
        assert_eq!(response.headers["x-request-id"], "r-1");
        assert_eq!(response.headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(response.headers.len(), headers.len());
        // What no type knows is in the body, to the byte.
        assert_eq!(&response.body[..], body.as_bytes());
        assert_hidden("Debug", &format!("{response:?} {response:#?}"));
        assert!(format!("{response:?}").contains(&body.len().to_string()));
        let again = response.clone();
        assert_eq!((again.status, again.body), (response.status, response.body));
    }
}

#[test]
fn execute_and_call_are_the_same_call() {
    let page = r#"{"meta":{"status":200},"data":[{"id":3},{"id":2}]}"#;
    let transport = RecordingTransport::responding([ok(page), ok(page)]);
    let client = client(&transport);
    let executed = run(client.execute(Parts::new(ID))).expect("a page");
    let called = run(client.call(Parts::new(ID))).expect("a page");
    assert_eq!(executed.value, called);
    let requests = transport.requests();
    assert_eq!(requests[0].uri(), requests[1].uri());
    assert_eq!(requests[0].headers(), requests[1].headers());
}

#[test]
fn execute_accepts_a_success_without_a_body() {
    for status in [200, 204] {
        let transport = RecordingTransport::responding([response(status, &[], "")]);
        let empty = users::UnsubscribeEmail::new(UserId::new(7));
        let response = run(client(&transport).execute(empty)).expect("a success");
        assert_eq!(response.status.as_u16(), status);
        assert!(response.body.is_empty() && response.headers.is_empty());
    }
}

/// The response is that of the last attempt.
#[test]
fn execute_returns_the_last_attempt() {
    let clock = VirtualClock::manual();
    let transport = RecordingTransport::responding([
        response(503, &[("x-attempt", "1")], "<html>"),
        response(
            200,
            &[("x-attempt", "2")],
            r#"{"meta":{"status":200},"data":[]}"#,
        ),
    ]);
    let builder = over(transport.clone(), &clock).rate_limiter(NoRateLimit::new());
    let client = builder.build().expect("a client");
    let response = clock.run(client.execute(Parts::new(ID))).expect("a page");
    assert_eq!(response.headers["x-attempt"], "2");
    assert_eq!(transport.requests().len(), 2);
}

/// The tag of an earlier attempt is there: the response is an error of the service, the call a success.
#[test]
fn execute_shows_the_error_that_confirms_a_success() {
    let clock = VirtualClock::manual();
    let transport = RecordingTransport::new();
    transport.respond(CannedResponse::failure(
        TransportErrorKind::Reset,
        Sent::Maybe,
    ));
    let code = "ConversationTagAlreadyAssigned";
    transport.respond(ApiError::named(StatusCode::BAD_REQUEST, code).message("there"));
    let builder = over(transport, &clock).rate_limiter(NoRateLimit::new());
    let client = builder.build().expect("a client");
    let response = clock
        .run(client.execute(AddTag::new(ID, "vip")))
        .expect("a success");
    assert_eq!(response.status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&response.body).contains(code));
}

#[test]
fn execute_fails_as_call_does() {
    let failures = || {
        [
            response(
                404,
                &[],
                r#"{"meta":{"status":404,"error":"LookupError"},"data":{}}"#,
            ),
            response(
                200,
                &[],
                r#"{"meta":{"status":403,"error":"PermissionDenied"},"data":{}}"#,
            ),
            response(200, &[], &format!("<html>{TOKEN}")),
            response(502, &[("retry-after", "7")], "<html>"),
            CannedResponse::failure(TransportErrorKind::Reset, Sent::Maybe),
        ]
    };
    let (one, two) = (
        RecordingTransport::responding(failures()),
        RecordingTransport::responding(failures()),
    );
    for _ in 0..failures().len() {
        let executed = run(client(&one).execute(Parts::new(ID))).expect_err("a failure");
        let called = run(client(&two).call(Parts::new(ID))).expect_err("a failure");
        assert_error_hides_all(&executed);
        assert_eq!(executed.to_string(), called.to_string());
        assert_eq!(executed.kind(), called.kind());
        assert_eq!(executed.body(), called.body());
        assert_eq!(executed.retry_after(), called.retry_after());
    }
    // What is rejected is not sent.
    let error = run(client(&one).execute(Reply::new(ID, ""))).expect_err("no text");
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::InvalidRequest, Sent::Never)
    );
    assert_eq!(one.requests().len(), failures().len());
}

#[test]
fn dropping_execute_cancels_the_request() {
    let transport = RecordingTransport::responding([CannedResponse::never()]);
    let client = client(&transport);
    {
        let mut call = pin!(client.execute(Reply::new(ID, TEXT)));
        assert!(poll(call.as_mut()).is_pending());
        assert_eq!(transport.cancelled(), 0);
    }
    assert_eq!(transport.cancelled(), 1);
}
