//! No secret gets into a file, wherever it stands and however it is encoded: it is hidden, or nothing is
//! written.

use bytes::Bytes;
use carrot_core::Body;
use carrot_testing::{CannedResponse, RecordingTransport};
use http::{
    Request,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE},
};
use serde_json::json;

use super::*;

/// The secret part of a token.
const CANARY: &str = "c4nary7d1f9e2b8a60";

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0_u32, |sum, at| {
            sum << 8 | u32::from(*chunk.get(at).unwrap_or(&0))
        });
        for at in 0..=chunk.len() {
            text.push(char::from(DIGITS[(number >> (18 - 6 * at)) as usize & 63]));
        }
    }
    text
}

/// The canary in all clothes.
fn encodings() -> Vec<(&'static str, String)> {
    let each = |write: &dyn Fn(u8) -> String| CANARY.bytes().map(write).collect::<String>();
    let halves = CANARY.split_at(CANARY.len() / 2);
    let backwards = |text: &str| text.chars().rev().collect::<String>();
    vec![
        ("plain", CANARY.to_owned()),
        ("upper case", CANARY.to_uppercase()),
        ("percent", each(&|byte| format!("%{byte:02X}"))),
        ("percent twice", each(&|byte| format!("%25{byte:02x}"))),
        ("hex", each(&|byte| format!("{byte:02x}"))),
        ("upper hex", each(&|byte| format!("{byte:02X}"))),
        ("unicode escapes", each(&|byte| format!("\\u{byte:04x}"))),
        ("hex escapes", each(&|byte| format!("\\x{byte:02x}"))),
        ("entities", each(&|byte| format!("&#{byte};"))),
        ("hex entities", each(&|byte| format!("&#x{byte:x};"))),
        ("base64", base64(CANARY.as_bytes())),
        (
            "base64, moved by one",
            base64(format!("a{CANARY}").as_bytes()),
        ),
        (
            "base64, moved by two",
            base64(format!("ab{CANARY}").as_bytes()),
        ),
        (
            "base64 of hex",
            base64(each(&|byte| format!("{byte:02x}")).as_bytes()),
        ),
        (
            "base64 url",
            base64(format!("??>{CANARY}").as_bytes())
                .replace('/', "_")
                .replace('+', "-"),
        ),
        ("backwards", backwards(CANARY)),
        ("halves", format!("{} and {}", halves.0, halves.1)),
        ("halves swapped", format!("{}{}", halves.1, halves.0)),
        (
            "halves backwards",
            format!("{}{}", backwards(halves.0), backwards(halves.1)),
        ),
        (
            "JSON in JSON",
            json!(json!({"key": CANARY}).to_string()).to_string(),
        ),
        ("token", format!("app.1000.{CANARY}")),
        ("bearer", format!("Bearer {CANARY}")),
    ]
}

fn json_response(body: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, "application/json".parse().unwrap());
    response
}

/// The places of an exchange in which a text may stand.
fn places(canary: &str) -> Vec<(&'static str, Request<Body>, Response<Bytes>)> {
    let encoded: String = form_urlencoded::byte_serialize(canary.as_bytes()).collect();
    let segment = encoded.replace('+', "%20");
    let post = |path: &str, body: String| {
        let request = Request::post(format!("https://api.example/v2/{path}"));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(Body::from(body)).unwrap()
    };
    let plain = || post("conversations/716/reply", "body=Hi".to_owned());
    let fine = || json_response(&json!({"meta": {"status": 200}, "data": {"id": 1}}));
    let data =
        |data: serde_json::Value| json_response(&json!({"meta": {"status": 200}, "data": data}));
    let mut header = plain();
    let value = http::HeaderValue::from_bytes(canary.as_bytes()).unwrap();
    header.headers_mut().insert("x-key", value.clone());
    let mut cookie = plain();
    let cookies = http::HeaderValue::from_bytes(format!("session={canary}").as_bytes()).unwrap();
    cookie.headers_mut().insert(COOKIE, cookies.clone());
    let mut set_cookie = fine();
    set_cookie.headers_mut().insert(SET_COOKIE, cookies);
    let mut content_type = fine();
    let odd = format!(
        "application/json; key=\"{}\"",
        canary.replace(['"', '\\'], "")
    );
    content_type
        .headers_mut()
        .insert(CONTENT_TYPE, odd.parse().unwrap());
    let mut kept = fine();
    kept.headers_mut().insert("retry-after", value.clone());
    let mut page = Response::new(Bytes::from(format!("<p>{canary}</p>")));
    *page.status_mut() = http::StatusCode::BAD_GATEWAY;
    let multipart = format!(
        "--b\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"{segment}.txt\"\r\n\r\n{canary}\r\n--b--\r\n"
    );
    let upload = Request::post("https://api.example/v2/conversations/716/reply")
        .header(CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body(Body::from(multipart))
        .unwrap();
    let operations =
        json!([{"op": "update_or_create", "key": canary, "value": canary}]).to_string();
    let operations: String = form_urlencoded::byte_serialize(operations.as_bytes()).collect();
    vec![
        (
            "id in the path",
            post(&format!("users/{segment}/props"), String::new()),
            fine(),
        ),
        (
            "unknown path",
            post(&format!("a/{segment}/b/c"), String::new()),
            fine(),
        ),
        (
            "query",
            post(
                &format!("conversations/1/reply?tag={encoded}"),
                String::new(),
            ),
            fine(),
        ),
        (
            "name in the query",
            post(&format!("conversations/1/reply?{encoded}=1"), String::new()),
            fine(),
        ),
        (
            "flag in the query",
            post(
                &format!("conversations/1/reply?closed={encoded}"),
                String::new(),
            ),
            fine(),
        ),
        (
            "form",
            post("conversations/1/reply", format!("body={encoded}")),
            fine(),
        ),
        (
            "unknown field of a form",
            post("conversations/1/reply", format!("what={encoded}")),
            fine(),
        ),
        (
            "JSON in a form",
            post("users/7/props", format!("operations={operations}")),
            fine(),
        ),
        (
            "auth_token",
            post("conversations/1/reply", format!("auth_token={encoded}")),
            fine(),
        ),
        (
            "body beside a form",
            post("conversations/1/reply", json!({"a": canary}).to_string()),
            fine(),
        ),
        ("file", upload, fine()),
        ("header", header, fine()),
        ("cookie", cookie, fine()),
        ("set-cookie", plain(), set_cookie),
        ("content type", plain(), content_type),
        ("retry-after", plain(), kept),
        ("page", plain(), page),
        (
            "text of a response",
            plain(),
            data(json!({"id": 1, "body": canary})),
        ),
        (
            "enum of a response",
            plain(),
            data(json!({"id": 1, "type": canary})),
        ),
        ("id of a response", plain(), data(json!({"id": canary}))),
        (
            "moment of a response",
            plain(),
            data(json!({"id": 1, "created": canary})),
        ),
        (
            "unknown field",
            plain(),
            data(json!({"id": 1, "what": {"status": [canary]}})),
        ),
        (
            "name of a field",
            plain(),
            data(json!({"id": 1, canary: 1})),
        ),
        (
            "property",
            plain(),
            data(json!({"props": {"$email": canary, canary: canary}})),
        ),
        (
            "user token",
            plain(),
            data(json!({"new_auth_token": canary, "token": [canary]})),
        ),
        (
            "error",
            plain(),
            json_response(
                &json!({"meta": {"status": 400, "error": canary, "error_message": canary}}),
            ),
        ),
    ]
}

/// Everything that a reader of the file might make out of it.
fn holds_canary(text: &str) -> bool {
    let text = text.to_lowercase();
    let half = CANARY.len() / 2;
    let parts = [&CANARY[..half], &CANARY[half..]];
    encodings()
        .iter()
        .any(|(_, encoded)| text.contains(&encoded.to_lowercase()))
        || parts.iter().any(|part| text.contains(part))
}

#[test]
fn canary_is_hidden_in_every_place() {
    for (encoding, canary) in encodings() {
        let scratch = Scratch::new();
        let places = places(&canary);
        let transport = RecordingTransport::new();
        let cassette = Cassette::record(scratch.path(), transport.clone());
        let count = places.len();
        for (_, mut request, response) in places {
            transport.respond(CannedResponse::response(response));
            let token = format!("Token app.1000.{CANARY}");
            request
                .headers_mut()
                .insert(AUTHORIZATION, token.parse().unwrap());
            assert!(
                VirtualClock::new()
                    .run(cassette.transport().send(request))
                    .is_ok()
            );
        }
        // The redactor alone is enough: the net finds nothing.
        cassette.finish();
        let file: serde_json::Value = serde_json::from_str(&scratch.text()).unwrap();
        let interactions = file["interactions"].as_array().unwrap();
        assert_eq!(interactions.len(), count);
        for (one, (place, ..)) in interactions.iter().zip(self::places(&canary)) {
            assert!(
                !holds_canary(&one.to_string()),
                "{encoding} in {place}: {one}"
            );
        }
        assert!(
            !holds_canary(&scratch.text()),
            "{encoding}: {}",
            scratch.text()
        );
    }
}
