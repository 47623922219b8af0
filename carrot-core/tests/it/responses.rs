//! Errors from the service, and responses that cannot be decoded.

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

use crate::support::{
    ID, TOKEN, assert_snapshot, canary::E_MAIL, canned, client, ok, respond, run,
};

/// Decodes a conversation from this response.
fn get(response: CannedResponse) -> Result<u64, Error> {
    let client = client(&canned([response]), ApiVersion::V2);
    let conversation = run(client.call(conversations::Get::new(ID)))?;
    Ok(conversation.id.get())
}

/// Everything in an error except its body.
fn shown(error: &Error) -> String {
    let is = [
        ("auth", error.is_auth()),
        ("not found", error.is_not_found()),
        ("rate limited", error.is_rate_limited()),
        ("timeout", error.is_timeout()),
        ("may have been applied", error.may_have_been_applied()),
    ];
    let is: Vec<_> = is.iter().filter(|one| one.1).map(|one| one.0).collect();
    assert_eq!(format!("{error:?}").lines().count(), 1);
    assert!(error.invalid_value().is_none());
    let transport = error.transport().map(|error| (error.kind(), error.sent()));
    format!(
        "{error}\n  {} {:?} {:?} after {} attempt, status {:?}, code {:?}, fields {:?}, path {:?}, \
         transport {transport:?}\n  is {is:?}\n\n",
        error.operation(),
        error.kind(),
        error.sent(),
        error.attempts(),
        error.status(),
        error.code(),
        error.fields(),
        error.path(),
    )
}

fn error_body(status: u16, code: &str, message: &str) -> String {
    let meta = json!({"status": status, "error": code, "error_message": message});
    json!({"meta": meta, "data": {"$email": E_MAIL, "token": TOKEN}}).to_string()
}

#[test]
fn service_errors_contain_advice() {
    let html = "<html>Server Error</html>";
    let mut text = String::new();
    for (status, body) in [
        (401, error_body(401, "NotAuthenticated", "Invalid token")),
        // The name in v1, with a status that the vendor does not document.
        (400, error_body(400, "AuthenticationFailed", "")),
        (403, error_body(403, "PermissionDeniedError", "No rights")),
        (404, error_body(404, "Error404", "Not found")),
        (400, error_body(400, "LookupError", "No such user")),
        (404, "<html>nginx</html>".to_owned()),
        (429, error_body(429, "TooManyRequests", "Slow down")),
        (500, html.to_owned()),
        (502, String::new()),
        (408, String::new()),
        (302, String::new()),
        (301, "<html>moved</html>".to_owned()),
        (407, String::new()),
        (511, "<script>location='/portal'</script>".to_owned()),
        (401, "Unauthorized".to_owned()),
        (403, "<?xml version=\"1.0\"?><Error/>".to_owned()),
        (404, "default backend - 404".to_owned()),
        (429, html.to_owned()),
        (400, error_body(400, "SomethingNew", "Two\nlines\u{7}")),
    ] {
        let error = get(respond(status, body.clone())).expect_err("rejected");
        text += &shown(&error);
        assert_eq!(error.body(), Some(&Bytes::from(body)));
    }
    assert_snapshot("tests/errors/service.txt", &text);
}

/// Only a status from 400 to 451 says that it was not.
#[test]
fn redirected_write_may_have_been_applied() {
    for (status, body) in [(101, ""), (302, ""), (308, "<html>moved</html>"), (499, "")] {
        let client = client(&canned([respond(status, body)]), ApiVersion::V2);
        let reply = conversations::Reply::new(ID, "Hi");
        let error = run(client.call(reply)).expect_err("no success");
        assert!(error.may_have_been_applied(), "{error}");
        let advice = "; check whether it was applied before you repeat it";
        assert!(error.to_string().ends_with(advice), "{error}");
    }
}

/// Only a status of 400 to 451 says that nothing was applied.
#[test]
fn odd_envelope_status_leaves_a_write_uncertain() {
    for (status, applied) in [
        (0, true),
        (100, true),
        (302, true),
        (400, false),
        (408, true),
        (500, true),
    ] {
        let body = json!({"meta": {"status": status}, "data": {}}).to_string();
        let client = client(&canned([ok(body)]), ApiVersion::V2);
        let error = run(client.call(conversations::Reply::new(ID, "Hi"))).expect_err("an error");
        assert_eq!(error.may_have_been_applied(), applied, "{status}");
    }
}

#[test]
fn error_envelope_with_status_200_is_error() {
    let body = json!({
        "meta": {
            "status": 400,
            "error": "ValidationError",
            "error_message": "Wrong arguments",
            "error_fields": {"body": ["required"]},
        },
        "data": {},
    });
    let error = get(ok(body.to_string())).expect_err("rejected");
    assert_eq!(
        error.to_string(),
        "conversations.get: the service returned 400 ValidationError: Wrong arguments; \
         `Error::fields` tells which arguments are wrong"
    );
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Service, Some(400))
    );
    assert_eq!(error.code(), Some(&ErrorCode::ValidationError));
    assert_eq!(error.message(), Some("Wrong arguments"));
    assert_eq!(error.fields(), Some(json!({"body": ["required"]})));
    assert_eq!(error.body(), Some(&Bytes::from(body.to_string())));
    assert!(shown(&error).ends_with("is []\n\n"));
}

#[test]
fn unexpected_field_does_not_hide_error() {
    for (meta, text) in [
        (
            json!({"status": 400, "error": "ValidationError", "error_message": {"body": ["empty"]}}),
            "conversations.get: the service returned 400 ValidationError: {\"body\":[\"empty\"]}",
        ),
        (
            json!({"status": "400", "error": "BadRequest", "next_after": []}),
            "conversations.get: the service returned 400 BadRequest",
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
fn service_messages_are_truncated() {
    let error = get(respond(
        400,
        error_body(400, "BadRequest", &"я".repeat(10_000)),
    ))
    .expect_err("rejected");
    let quote = "я".repeat(300);
    let text = format!("conversations.get: the service returned 400 BadRequest: {quote}…");
    assert_eq!(error.to_string(), text);
    assert_eq!(
        error.message().map(|message| message.chars().count()),
        Some(10_000)
    );
}

#[test]
fn missing_undocumented_scope_is_reported() {
    let client = client(&canned([respond(403, "")]), ApiVersion::V2);
    let error = run(client.call(users::StartConversation::new(UserId::new(1), "Hi")));
    assert_eq!(
        error.expect_err("rejected").to_string(),
        "users.start_conversation: the service returned 403 without a reason; the key lacks a \
         scope that the operation needs"
    );
}

#[test]
fn decode_errors_contain_only_the_path() {
    let deep = format!(
        r#"{{"meta":{{"status":200}},"data":{{"id":1,"x":{}"#,
        "[".repeat(100_000)
    );
    let mut text = String::new();
    for body in [
        &b""[..],
        b"<html>secret</html>",
        b"<?xml version=\"1.0\"?><secret/>",
        b"\x1f\x8bsecret",
        br#"{"meta":{"status":200},"data":{"id":1}} {"#,
        br#"{"meta":{"status":200},"data":{"id":1"#,
        br#"{"id":1}"#,
        br#"{"meta":{"status":200}}"#,
        br#"{"meta":{"status":200},"data":{}}"#,
        b"{\"meta\":{\"status\":200},\"data\":{\"id\":\"\xff\"}}",
        br#"{"meta":{"status":200},"data":{"id":1,"id":2}}"#,
        br#"{"meta":{"status":200},"data":{"id":1},"data":{"id":2}}"#,
        br#"{"meta":{"status":200},"data":{"id":18446744073709551616}}"#,
        br#"{"meta":{"status":200},"data":{"id":"18446744073709551616"}}"#,
        br#"{"meta":{"status":200},"data":{"id":-1}}"#,
        deep.as_bytes(),
    ] {
        let error = get(ok(body.to_vec())).expect_err("unreadable");
        assert_eq!(error.message(), None);
        assert_eq!(error.body().map(|kept| &kept[..]), Some(body));
        assert!(!format!("{error} {error:?}").contains("secret"));
        let start = String::from_utf8_lossy(&body[..body.len().min(99)]);
        text += &format!("{start}\n{}", shown(&error));
    }
    assert_snapshot("tests/errors/unreadable.txt", &text);
}

#[test]
fn deep_responses_do_not_exhaust_the_stack() {
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
                // Decoded or rejected, but without a stack overflow.
                let _ = get(respond(status, body)).map_err(|error| error.to_string());
            }
        }
    }
}

#[test]
fn greatest_id_is_decoded_in_both_forms() {
    for id in ["18446744073709551615", "\"18446744073709551615\""] {
        let body = format!(r#"{{"meta":{{"status":200}},"data":{{"id":{id}}}}}"#);
        assert_eq!(get(ok(body)).expect(id), u64::MAX);
    }
}

#[test]
fn transport_errors_tell_whether_sent() {
    use TransportErrorKind as Kind;
    let mut text = String::new();
    for (kind, sent) in [
        (Kind::Dns, Sent::Never),
        (Kind::Reset, Sent::Maybe),
        (Kind::Truncated, Sent::Yes),
        (Kind::Timeout(TimeoutPhase::Connect), Sent::Never),
        (Kind::Timeout(TimeoutPhase::Response), Sent::Maybe),
    ] {
        let error = get(CannedResponse::failure(kind, sent)).expect_err("no response");
        assert_eq!(error.body(), None);
        text += &shown(&error);
    }
    assert_snapshot("tests/errors/transport.txt", &text);
}

#[test]
fn body_above_limit_is_an_error() {
    let body = r#"{"meta":{"status":200},"data":{"id":1}}"#;
    let limited = |limit: usize| {
        let recorder = canned([ok(body)]);
        let options = CallOptions::new().max_body_bytes(limit as u64);
        let client = client(&recorder, ApiVersion::V2).with_options(options);
        run(client.call(conversations::Get::new(ID)))
    };
    limited(body.len()).expect("just fits");
    let error = limited(body.len() - 1).expect_err("too large");
    assert_eq!(
        error.to_string(),
        "conversations.get: the response is larger than the cap of 38 bytes; the request reached the \
         server"
    );
    assert!(error.may_have_been_applied());
}
