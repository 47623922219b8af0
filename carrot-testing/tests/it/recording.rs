//! The transport that keeps what it gets.

use bytes::Bytes;
use carrot_core::{
    AuthToken, Body, Client, HttpTransport, Sent, TransportError, transport::TransportErrorKind,
    types::ErrorCode,
};
use carrot_testing::{ApiError, CannedResponse, RecordedRequest, RecordingTransport, VirtualClock};
use http::{Request, StatusCode};
use serde_json::json;

use crate::support::Salute;

const SECRET: &str = "app.1.canary";

fn salute(words: &'static [&'static str]) -> Salute {
    Salute("order/42", words)
}

fn client(transport: &RecordingTransport) -> Client {
    let token = AuthToken::new(SECRET).unwrap();
    let builder = Client::builder(transport.clone(), VirtualClock::new(), token);
    builder.build().unwrap()
}

#[tokio::test]
async fn responses_come_in_order() {
    let transport = RecordingTransport::new();
    transport.respond(CannedResponse::data(7));
    transport
        .respond(ApiError::named(StatusCode::BAD_REQUEST, "LookupError").message("no such user"));
    transport.respond(CannedResponse::bytes(StatusCode::BAD_GATEWAY, "<html>"));
    transport.fail(TransportError::new(TransportErrorKind::Dns, Sent::Never));
    assert_eq!(transport.unused_responses(), 4);
    let client = client(&transport);
    assert_eq!(client.call(salute(&["a&b = ц"])).await.unwrap(), 7);
    let error = client.call(salute(&["2"])).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::LookupError));
    assert_eq!(error.message(), Some("no such user"));
    let error = client.call(salute(&["3"])).await.unwrap_err();
    assert_eq!(error.status(), Some(502));

    let requests = transport.requests();
    assert_eq!(requests.len(), 3);
    let request = &requests[0];
    assert_eq!(request.method(), http::Method::POST);
    assert_eq!(request.path(), "/v2/users/order%2F42/salute");
    assert_eq!(request.form("words"), Some("a&b = ц"));
    assert_eq!(request.form("Words"), None);
    assert_eq!(request.form_pairs(), [("words".into(), "a&b = ц".into())]);
    assert_eq!(request.query_pairs(), []);
    assert_eq!(request.operation(), Some("users.salute"));
    assert_eq!(request.context().unwrap().attempt, 1);
    assert_eq!(request.header("accept"), Some("application/json"));

    assert_eq!(transport.take_requests().len(), 3);
    assert!(transport.last_request().is_none());
    assert_eq!(transport.unused_responses(), 1);
}

#[tokio::test]
async fn the_token_can_be_compared_and_not_seen() {
    let transport = RecordingTransport::new();
    transport.respond(CannedResponse::data(1));
    client(&transport).call(salute(&["x"])).await.unwrap();
    let request = transport.last_request().unwrap();
    assert!(request.authorization_is(SECRET));
    assert!(!request.authorization_is("app.1.canar"));
    assert_eq!(request.header("authorization"), Some("[redacted]"));
    assert!(!format!("{request:?} {transport:?}").contains("canary"));

    let raw = Request::get(format!(
        "http://x/v1/users/7?auth_token={SECRET}&props=true"
    ));
    let raw = raw.header("authorization", format!("Bearer {SECRET}"));
    let _ = transport.send(raw.body(Body::empty()).unwrap()).await;
    let request = transport.last_request().unwrap();
    assert!(request.authorization_is(SECRET));
    assert_eq!(request.query("props"), Some("true"));
    assert_eq!(request.operation(), None);
    assert!(!format!("{request:?}").contains("canary"));
}

#[tokio::test]
async fn an_unexpected_request_is_named() {
    let transport = RecordingTransport::new();
    let request = Request::get("http://x/v2/users/7?auth_token=canary");
    let error = transport.send(request.body(Body::empty()).unwrap()).await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (TransportErrorKind::Rejected, Sent::Never)
    );
    let text = error.to_string();
    assert!(
        text.contains("GET /v2/users/7 came, and no response was queued"),
        "{text}"
    );
    assert!(!text.contains("canary"));
    let error = client(&transport).call(salute(&["x"])).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("users.salute (POST /v2/users/order%2F42/salute) came"),
        "{error}"
    );
}

#[tokio::test]
async fn multipart_fields_are_read() {
    let transport = RecordingTransport::new();
    transport.respond(CannedResponse::bytes(StatusCode::OK, json!({}).to_string()));
    let body = "--b\r\nContent-Disposition: form-data; name=\"body\"\r\n\r\nHi\r\n--b\r\n\
                Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nxyz\r\n--b--";
    let request = Request::post("http://x/")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(Body::from(Bytes::from(body)));
    transport.send(request.unwrap()).await.unwrap();
    let request = transport.last_request().unwrap();
    assert_eq!(request.form_pairs(), [("body".into(), "Hi".into())]);
    assert_eq!(request.body(), body);
}

#[test]
fn the_token_is_never_in_debug() {
    let token = "app.1/can+ary secret";
    let encoded = "app.1%2Fcan%2Bary%20secret";
    let request = http::Request::post(format!("https://api.example/v2/{encoded}?a={encoded}"))
        .header("authorization", format!("Token {token}"))
        .header("cookie", format!("lang=en; auth_token={encoded}"))
        .header("x-copy", token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(carrot_core::Body::from(
            "b=app.1%2fcan%2bary+secret&c=%22app.1%2Fcan%2Bary+secret%22",
        ))
        .unwrap();
    let shown = format!("{:?}", carrot_testing::RecordedRequest::from(request));
    assert!(!shown.contains("ary"), "{shown}");
    let cookie = http::Request::get("https://api.example/v2/canary-1?x=canary-1")
        .header("cookie", "carrotquest_auth_token=canary-1")
        .body(carrot_core::Body::default())
        .unwrap();
    let shown = format!("{:?}", carrot_testing::RecordedRequest::from(cookie));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn token_never_in_debug_however_encoded() {
    let secret = "app.12.s3cretvalue";
    let each = |write: fn(u8) -> String| secret.bytes().map(write).collect::<String>();
    let forms = [
        secret.to_owned(),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%25{byte:02x}")),
        secret.replace('.', "%2e"),
        secret.replacen('s', "%73", 1),
    ];
    for form in forms {
        let user = || "/v2/users/7".to_owned();
        let accept = || ("accept", "*/*".to_owned());
        for (place, path, (name, value)) in [
            ("path", format!("/v2/users/{form}"), accept()),
            ("query", format!("/v2/users/7?x={form}"), accept()),
            ("name", format!("/v2/users/7?{form}=x"), accept()),
            (
                "header",
                user(),
                ("referer", format!("https://x/?t={form}")),
            ),
            ("cookie", user(), ("cookie", format!("sid={form}"))),
        ] {
            let request = http::Request::post(path)
                .header("authorization", format!("Token {secret}"))
                .header(name, value)
                .body(Body::from(format!("body=hi+{form}")))
                .unwrap();
            let text = format!("{:?}", RecordedRequest::from(request));
            let mut decoded = text.clone();
            for _ in 0..3 {
                let bytes = percent_encoding::percent_decode_str(&decoded);
                decoded = bytes.decode_utf8_lossy().into_owned();
                assert!(
                    !decoded.contains("s3cretvalue"),
                    "{form} in {place}: {text}"
                );
            }
        }
    }
}
