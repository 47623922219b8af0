//! What a call says when the service refuses it or when its answer cannot be read.

use bytes::Bytes;
use carrot_core::{
    ApiVersion, Error, ErrorKind, Sent,
    client::CallOptions,
    conversations,
    transport::{TimeoutPhase, TransportErrorKind},
    types::{ErrorCode, UserId},
    users,
};
use carrot_testing::CannedResponse;
use serde_json::json;

use crate::support::{TOKEN, canary::E_MAIL, canned, client, ok, respond, run};

/// Reads a conversation from this answer.
fn get(answer: CannedResponse) -> Result<u64, Error> {
    let client = client(&canned([answer]), ApiVersion::V2);
    let conversation = run(client.call(conversations::Get::new(1)))?;
    Ok(conversation.id.get())
}

/// What an error is, in the order of the predicates.
fn predicates(error: &Error) -> [bool; 5] {
    [
        error.is_auth(),
        error.is_not_found(),
        error.is_rate_limited(),
        error.is_timeout(),
        error.may_have_been_applied(),
    ]
}

const NONE: [bool; 5] = [false; 5];
const AUTH: [bool; 5] = [true, false, false, false, false];
const NOT_FOUND: [bool; 5] = [false, true, false, false, false];
const RATE_LIMITED: [bool; 5] = [false, false, true, false, false];
const APPLIED: [bool; 5] = [false, false, false, false, true];
const TIMED_OUT: [bool; 5] = [false, false, false, true, true];

fn refusal_body(status: u16, code: &str, message: &str) -> String {
    let meta = json!({"status": status, "error": code, "error_message": message});
    json!({"meta": meta, "data": {"$email": E_MAIL, "token": TOKEN}}).to_string()
}

#[test]
fn a_refusal_says_what_the_service_said_and_what_to_do() {
    for (status, body, code, is, text) in [
        (
            401,
            refusal_body(401, "NotAuthenticated", "Invalid token"),
            Some(ErrorCode::NotAuthenticated),
            AUTH,
            "conversations.get: the service answered 401 NotAuthenticated: Invalid token; check the \
             API key (Settings, Developers, \"API keys\" in the panel)",
        ),
        (
            // The name of v1, with a status that the vendor does not document.
            400,
            refusal_body(400, "AuthenticationFailed", ""),
            Some(ErrorCode::AuthenticationFailed),
            AUTH,
            "conversations.get: the service answered 400 AuthenticationFailed; check the API key \
             (Settings, Developers, \"API keys\" in the panel)",
        ),
        (
            403,
            refusal_body(403, "PermissionDeniedError", "No rights"),
            Some(ErrorCode::PermissionDeniedError),
            AUTH,
            "conversations.get: the service answered 403 PermissionDeniedError: No rights; the \
             operation needs a key with the right `conversations-read`",
        ),
        (
            404,
            refusal_body(404, "Error404", "Not found"),
            Some(ErrorCode::Error404),
            NOT_FOUND,
            "conversations.get: the service answered 404 Error404: Not found; check the ids in the \
             call",
        ),
        (
            400,
            refusal_body(400, "LookupError", "No such user"),
            Some(ErrorCode::LookupError),
            NOT_FOUND,
            "conversations.get: the service answered 400 LookupError: No such user; check the ids in \
             the call",
        ),
        (
            404,
            "<html>nginx</html>".to_owned(),
            None,
            NOT_FOUND,
            "conversations.get: the service answered 404 without saying why; check the ids in the \
             call, and the base URL",
        ),
        (
            429,
            refusal_body(429, "TooManyRequests", "Slow down"),
            Some(ErrorCode::TooManyRequests),
            RATE_LIMITED,
            "conversations.get: the service answered 429 TooManyRequests: Slow down; a key may make \
             60 requests a minute; wait before the next",
        ),
        (
            500,
            "<html>Server Error</html>".to_owned(),
            None,
            APPLIED,
            "conversations.get: the service answered 500 without saying why; before you repeat a \
             call that writes, find out whether it was done all the same",
        ),
        (
            502,
            "".to_owned(),
            None,
            APPLIED,
            "conversations.get: the service answered 502 without saying why; before you repeat a \
             call that writes, find out whether it was done all the same",
        ),
        (
            408,
            "".to_owned(),
            None,
            APPLIED,
            "conversations.get: the service answered 408 without saying why; before you repeat a \
             call that writes, find out whether it was done all the same",
        ),
        (
            302,
            "".to_owned(),
            None,
            NONE,
            "conversations.get: the service answered 302 without saying why; redirects are not \
             followed; check the base URL",
        ),
        (
            400,
            refusal_body(400, "SomethingNew", "Two\nlines\u{7}"),
            Some(ErrorCode::from("SomethingNew")),
            NONE,
            "conversations.get: the service answered 400 SomethingNew: Two lines ",
        ),
    ] {
        let recorder = canned([respond(status, body.clone())]);
        let client = client(&recorder, ApiVersion::V2);
        let error = run(client.call(conversations::Get::new(1))).expect_err(text);
        assert_eq!(error.to_string(), text);
        assert_eq!(
            (error.status(), error.code()),
            (Some(status), code.as_ref())
        );
        assert_eq!(predicates(&error), is, "{text}");
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Refused, Sent::Yes)
        );
        assert_eq!(
            (error.operation(), error.attempts()),
            ("conversations.get", 1)
        );
        assert_eq!(error.body(), Some(&Bytes::from(body)));
        assert_eq!((error.path(), error.fields()), (None, None));
        assert!(error.transport().is_none() && error.invalid_value().is_none());
        assert_eq!(format!("{error:?}").lines().count(), 1);
    }
}

#[test]
fn an_error_under_a_status_of_success_is_an_error() {
    let body = json!({
        "meta": {
            "status": 400,
            "error": "ValidationError",
            "error_message": "Wrong arguments",
            "error_fields": {"body": ["required"]},
        },
        "data": {},
    });
    let error = get(ok(body.to_string())).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "conversations.get: the service answered 400 ValidationError: Wrong arguments; \
         `Error::fields` tells which arguments are wrong"
    );
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Refused, Some(400))
    );
    assert_eq!(error.code(), Some(&ErrorCode::ValidationError));
    assert_eq!(error.message(), Some("Wrong arguments"));
    assert_eq!(error.fields(), Some(&json!({"body": ["required"]})));
    assert_eq!(error.body(), Some(&Bytes::from(body.to_string())));
    assert_eq!(predicates(&error), NONE);
}

#[test]
fn what_the_service_says_survives_an_odd_field_beside_it() {
    for (meta, text) in [
        (
            json!({"status": 400, "error": "ValidationError", "error_message": {"body": ["empty"]}}),
            "conversations.get: the service answered 400 ValidationError: {\"body\":[\"empty\"]}",
        ),
        (
            json!({"status": "400", "error": "BadRequest", "next_after": []}),
            "conversations.get: the service answered 400 BadRequest",
        ),
    ] {
        let body = json!({"meta": meta, "data": {}}).to_string();
        for status in [200, 400] {
            let error = get(respond(status, body.clone())).expect_err(text);
            assert_eq!(error.to_string(), text);
        }
    }
}

#[test]
fn a_message_of_the_service_is_quoted_up_to_a_bound() {
    let error = get(respond(
        400,
        refusal_body(400, "BadRequest", &"я".repeat(10_000)),
    ))
    .expect_err("refused");
    let quote = "я".repeat(300);
    let text = format!("conversations.get: the service answered 400 BadRequest: {quote}…");
    assert_eq!(error.to_string(), text);
    assert_eq!(
        error.message().map(|message| message.chars().count()),
        Some(10_000)
    );
}

#[test]
fn a_missing_right_without_a_known_name_is_said_so() {
    let client = client(&canned([respond(403, "")]), ApiVersion::V2);
    let error = run(client.call(users::StartConversation::new(UserId::new(1), "Hi")));
    assert_eq!(
        error.expect_err("refused").to_string(),
        "users.start_conversation: the service answered 403 without saying why; the key lacks a \
         right that the operation needs"
    );
}

#[test]
fn an_answer_that_cannot_be_read_names_the_place_and_not_the_value() {
    let deep = format!(
        r#"{{"meta":{{"status":200}},"data":{{"id":1,"x":{}"#,
        "[".repeat(100_000)
    );
    let id = "expected an id from 0 to 2^64-1, as a number or a string of digits";
    for (body, path, problem) in [
        (&b""[..], ".", "the body is empty".to_owned()),
        (
            b"<html>secret</html>",
            ".",
            "no valid JSON, expected value at line 1 column 1".into(),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":1}} {"#,
            ".",
            "no valid JSON, trailing characters at line 1 column 41".into(),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":1"#,
            "data",
            "no valid JSON, EOF while parsing an object at line 1 column 37".into(),
        ),
        (
            br#"{"id":1}"#,
            ".",
            "missing field `meta` at line 1 column 8".into(),
        ),
        (
            br#"{"meta":{"status":200}}"#,
            ".",
            "missing field `data` at line 1 column 23".into(),
        ),
        (
            br#"{"meta":{"status":200},"data":{}}"#,
            "data",
            "missing field `id` at line 1 column 32".into(),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":1,"part_last":{"id":"secret"}}}"#,
            "data.part_last.id",
            format!("invalid value: string, {id} at line 1 column 64"),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":1,"tags":["a",-7.5]}}"#,
            "data.tags[1]",
            "invalid type: floating point, expected a string at line 1 column 54".into(),
        ),
        (
            b"{\"meta\":{\"status\":200},\"data\":{\"id\":1,\"type\":\"\xff\"}}",
            "data.type",
            "no valid JSON, invalid unicode code point at line 1 column 47".into(),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":1,"id":2}}"#,
            "data",
            "duplicate field `id` at line 1 column 42".into(),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":1},"data":{"id":2}}"#,
            ".",
            "duplicate field `data` at line 1 column 45".into(),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":18446744073709551616}}"#,
            "data.id",
            format!("invalid type: floating point, {id} at line 1 column 56"),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":"18446744073709551616"}}"#,
            "data.id",
            format!("invalid value: string, {id} at line 1 column 58"),
        ),
        (
            br#"{"meta":{"status":200},"data":{"id":-1}}"#,
            "data.id",
            format!("invalid value: integer, {id} at line 1 column 38"),
        ),
        (
            deep.as_bytes(),
            "data.x",
            "no valid JSON, EOF while parsing a list at line 1 column 100042".into(),
        ),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(99)]).into_owned();
        let error = get(ok(body.to_vec())).expect_err(&shown);
        let place = match path {
            "." => String::new(),
            path => format!(" at `{path}`"),
        };
        let rest = match body.len() {
            0 => String::new(),
            bytes => format!("; `Error::body` holds its {bytes} bytes"),
        };
        assert_eq!(
            error.to_string(),
            format!("conversations.get: the answer could not be read{place}: {problem}{rest}"),
            "{shown}"
        );
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Unreadable, Sent::Yes)
        );
        assert_eq!(error.path(), Some(path));
        assert_eq!(
            (error.status(), error.code(), error.message()),
            (None, None, None)
        );
        assert_eq!(error.body().map(|kept| &kept[..]), Some(body));
        assert_eq!(predicates(&error), APPLIED);
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

#[test]
fn deep_answers_do_not_exhaust_the_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let inner = match open {
            "[" => "",
            _ => "1",
        };
        for depth in [100, 100_000] {
            let nested = format!("{}{inner}{}", open.repeat(depth), close.repeat(depth));
            for status in [200, 400] {
                let body = format!(
                    r#"{{"meta":{{"status":{status},"x":{nested}}},"data":{{"id":1,"x":{nested}}}}}"#
                );
                // Read or refused: either is an answer, and the program still runs.
                let _ = get(respond(status, body)).map_err(|error| error.to_string());
            }
        }
    }
}

#[test]
fn the_greatest_id_is_read_in_both_forms() {
    for id in ["18446744073709551615", "\"18446744073709551615\""] {
        let body = format!(r#"{{"meta":{{"status":200}},"data":{{"id":{id}}}}}"#);
        assert_eq!(get(ok(body)).expect(id), u64::MAX);
    }
}

#[test]
fn a_failure_of_the_transport_says_whether_the_request_was_sent() {
    use TransportErrorKind as Kind;
    for (kind, sent, is, text) in [
        (
            Kind::Dns,
            Sent::Never,
            NONE,
            "conversations.get: the host's name could not be resolved; the request was not sent",
        ),
        (
            Kind::Reset,
            Sent::Maybe,
            APPLIED,
            "conversations.get: the connection was closed before the answer began; the request may \
             have reached the server",
        ),
        (
            Kind::Truncated,
            Sent::Yes,
            APPLIED,
            "conversations.get: the connection ended in the middle of the answer; the request \
             reached the server",
        ),
        (
            Kind::Timeout(TimeoutPhase::Connect),
            Sent::Never,
            [false, false, false, true, false],
            "conversations.get: the time ran out while connecting; the request was not sent (after 1 \
             attempt)",
        ),
        (
            Kind::Timeout(TimeoutPhase::Response),
            Sent::Maybe,
            TIMED_OUT,
            "conversations.get: the time ran out while waiting for the answer; the request may have \
             reached the server (after 1 attempt)",
        ),
    ] {
        let error = get(CannedResponse::failure(kind, sent)).expect_err(text);
        assert_eq!(error.to_string(), text);
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Transport, sent));
        assert_eq!(predicates(&error), is);
        let transport = error.transport().expect("the failure");
        assert_eq!((transport.kind(), transport.sent()), (kind, sent));
        assert_eq!(
            (error.status(), error.body(), error.path()),
            (None, None, None)
        );
    }
}

#[test]
fn a_body_above_the_cap_is_not_read() {
    let body = r#"{"meta":{"status":200},"data":{"id":1}}"#;
    let limited = |limit: usize| {
        let recorder = canned([ok(body)]);
        let options = CallOptions::new().max_body_bytes(limit as u64);
        let client = client(&recorder, ApiVersion::V2).with_options(options);
        run(client.call(conversations::Get::new(1)))
    };
    limited(body.len()).expect("just fits");
    let error = limited(body.len() - 1).expect_err("too large");
    assert_eq!(
        error.to_string(),
        "conversations.get: the answer is larger than the cap of 38 bytes; the request reached the \
         server"
    );
    assert!(error.may_have_been_applied());
}
