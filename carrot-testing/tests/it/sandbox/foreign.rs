//! The requests of other clients of the service, as they stand on the wire: what works there works here.
//!
//! All of them are of our own making, by what the public clients send.

use bytes::Bytes;
use carrot_testing::{Sandbox, sandbox::SeedUser};
use http::Request;
use serde_json::json;

use super::common::ApiResponse;

const USER: u64 = 1_448_121_617_782_670_209;

fn sandbox() -> Sandbox {
    let ada = SeedUser::external("order-42")
        .prop("$name", "Ada")
        .prop("orders", 3);
    Sandbox::builder().user(ada).build()
}

/// Sends a request as text: a line, headers, an empty line, a body. `{token}` and `{user}` are filled in.
#[track_caller]
fn send(sandbox: &Sandbox, text: &str) -> ApiResponse {
    let text = text
        .trim_start()
        .replace("{token}", sandbox.token())
        .replace("{user}", &USER.to_string());
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let mut lines = head.lines().map(str::trim);
    let mut words = lines.next().unwrap().split(' ');
    let mut request = Request::builder()
        .method(words.next().unwrap())
        .uri(words.next().unwrap());
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let body = match head.contains("multipart/") {
        true => body.replace('\n', "\r\n"),
        false => body.trim_end().to_owned(),
    };
    ApiResponse::of(&sandbox.handle(&request.body(Bytes::from(body)).unwrap()))
}

fn conversation(sandbox: &Sandbox) -> u64 {
    super::common::start(sandbox, "order-42", "Where is it?")
}

/// The PHP wrapper: every POST is multipart, with the token in the query and booleans as `1`.
#[test]
fn php_wrapper_posts_multipart() {
    let sandbox = sandbox();
    let props = send(
        &sandbox,
        r#"
POST /v1/users/order-42/props?auth_token={token} HTTP/1.1
Host: api.carrotquest.io
Content-Type: multipart/form-data; boundary=------------------------d74496d66958873e

--------------------------d74496d66958873e
Content-Disposition: form-data; name="operations"

[{"op":"update_or_create","key":"plan","value":"pro"}]
--------------------------d74496d66958873e
Content-Disposition: form-data; name="by_user_id"

1
--------------------------d74496d66958873e--
"#,
    );
    props.data();
    assert_eq!(props.json["meta"]["affected_props"], json!(["plan"]));

    let leads = send(
        &sandbox,
        "GET /v1/apps/$self_app/users?auth_token={token}&sort_prop=%24last_seen&sort_order=desc&offset=0&limit=20",
    );
    assert_eq!(leads.data()["total"], 1);

    let id = conversation(&sandbox);
    let note = send(
        &sandbox,
        &format!(
            r#"
POST /v1/conversations/{id}/reply?auth_token={{token}} HTTP/1.1
Content-Type: multipart/form-data; boundary=x

--x
Content-Disposition: form-data; name="body"

Called the courier
--x
Content-Disposition: form-data; name="type"

note
--x
Content-Disposition: form-data; name="bot_name"

Courier
--x
Content-Disposition: form-data; name="random_id"

5
--x--
"#
        ),
    );
    let note = note.data();
    assert_eq!(
        (&note["type"], &note["random_id"]),
        (&json!("note"), &json!(5))
    );
    assert_eq!(note["from"]["name"], "Courier");
    // Its default for `after` is 0.
    let list = send(
        &sandbox,
        "GET /v1/apps/$self_app/conversations?auth_token={token}&count=20&after=0&include_not_assigned=1",
    );
    assert_eq!(list.data()[0]["id"], id);
}

/// The Laravel package: JSON with the token inside, real booleans, values as JSON and as texts of JSON.
#[test]
fn laravel_package_posts_json() {
    let sandbox = sandbox();
    let event = send(
        &sandbox,
        r#"
POST /v1/users/order-42/events HTTP/1.1
Content-Type: application/json

{"auth_token": "{token}", "event": "Order placed", "params": "{\"sum\": 4990}", "by_user_id": true}
"#,
    );
    assert_eq!(event.data()["props"], json!({"sum": 4990}));
    let message = send(
        &sandbox,
        r#"
POST /v1/users/{user}/sendmessage HTTP/1.1
Content-Type: application/json

{"auth_token": "{token}", "body": "Hi", "type": "email"}
"#,
    );
    assert!(message.data()["message"].is_number());
    let conversation = conversation(&sandbox);
    let tag = format!(
        r#"
POST /v1/conversations/{conversation}/tag HTTP/1.1
Content-Type: application/json; charset=UTF-8

{{"auth_token": "{{token}}", "action": "add", "tag": "vip", "from_admin": 501}}
"#
    );
    assert_eq!(send(&sandbox, &tag).data(), &json!({}));
    assert_eq!(send(&sandbox, &tag).data(), &json!({}), "v1 takes it twice");
}

/// The vendor's own module for a shop system: JSON in which lists are texts.
#[test]
fn shop_module_posts_json_of_texts() {
    let sandbox = sandbox();
    let props = send(
        &sandbox,
        r#"
POST /v1/users/order-42/props HTTP/1.1
Content-Type: application/json

{"auth_token":"{token}","by_user_id":true,
 "operations":"[{\"op\":\"add\",\"key\":\"orders\",\"value\":\"1\"},{\"op\":\"delete\",\"key\":\"$cart_items\",\"value\":0}]"}
"#,
    );
    assert_eq!(props.json["meta"]["affected_props"], json!(["orders"]));
    assert_eq!(sandbox.users()[0].props_custom["orders"], 4);
}

/// The vendor's plugin for another one: decimals and lists of numbers in events.
#[test]
fn shop_plugin_sends_decimals_and_lists_of_numbers() {
    let sandbox = sandbox();
    for (event, params) in [
        (
            "%24cart_viewed",
            r#"{"$name":["Tea"],"$amount":[398],"$img":["https://example.com/1.png"]}"#,
        ),
        (
            "%24order_completed",
            r#"{"$order_id":"7","$order_amount":199.9,"$items":["Tea"]}"#,
        ),
        ("Bought", r#"{"item":{"color":"red","price":3}}"#),
        (
            "Bought",
            r#"{"items":[{"id":1,"price":9.5},{"id":"2","gift":true}]}"#,
        ),
        ("Bought", r#"{"item":{"size":null,"by":{"names":["A",7]}}}"#),
    ] {
        let recorded = send(
            &sandbox,
            &format!(
                "POST /v1/users/order-42/events?auth_token={{token}} HTTP/1.1\n\
                 Content-Type: application/x-www-form-urlencoded\n\n\
                 by_user_id=true&event={event}&params={params}"
            ),
        );
        let params: serde_json::Value = serde_json::from_str(params).unwrap();
        assert_eq!(recorded.data()["props"], params, "{event}");
    }
}

/// The JavaScript client: everything in the query also of a POST, a slash before it, ids as texts.
#[test]
fn javascript_client_puts_all_into_the_query() {
    let sandbox = sandbox();
    let users = send(
        &sandbox,
        "GET /v1/apps/$self_app/users/?auth_token={token}&id_as_string=true&limit=50&offset=0",
    );
    assert_eq!(users.data()["users"][0]["id"], json!(USER.to_string()));
    let event = send(
        &sandbox,
        "POST /v1/users/{user}/events?auth_token={token}&id_as_string=true&event=Hello&params=%7B%22n%22%3A1%7D",
    );
    assert_eq!(event.data()["user"], json!(USER.to_string()));
}

/// Another PHP client: the parameters of a GET in its body, values of filters as texts of JSON, no version.
#[test]
fn php_get_has_body_and_text_filters() {
    let sandbox = sandbox();
    let get = |filter: &str| {
        let filters = json!({"type": "and", "filters": [serde_json::from_str::<serde_json::Value>(filter).unwrap()]});
        let filters: String =
            form_urlencoded::byte_serialize(filters.to_string().as_bytes()).collect();
        send(
            &sandbox,
            &format!(
                "GET /apps/$self_app/users HTTP/1.1\nAuthorization: Token {{token}}\n\
                 Content-Type: application/x-www-form-urlencoded\n\n\
                 filters={filters}&sort_prop=%24last_seen&limit=20"
            ),
        )
    };
    let named = get(r#"{"type":"str_eq","property_name":"$name","value":"{\"value\":\"ada\"}"}"#);
    assert_eq!(named.data()["total"], 1);
    let known = get(r#"{"type":"known","property_name":"$name","value":""}"#);
    assert_eq!(known.data()["total"], 1);
    let vip = get(r#"{"type":"bool_true","property_name":"vip","value":[]}"#);
    assert_eq!(vip.data()["total"], 0);
    let many = get(r#"{"type":"gt","property_name":"orders","value":{"value":"2"}}"#);
    assert_eq!(many.data()["total"], 1);
    // It pages through conversations with a number that comes back as a text.
    conversation(&sandbox);
    let list = send(
        &sandbox,
        "GET /users/{user}/conversations HTTP/1.1\nAuthorization: Token {token}\n\
         Content-Type: application/x-www-form-urlencoded\n\npaginate_count=1",
    );
    assert_eq!(list.data().as_array().unwrap().len(), 1);
}

/// A client in production: forms, `Authorization: Token`, v1.
#[test]
fn typescript_client_posts_forms() {
    let sandbox = sandbox();
    let props = send(
        &sandbox,
        "POST /v1/users/order-42/props HTTP/1.1\nAuthorization: Token {token}\n\
         Content-Type: application/x-www-form-urlencoded;charset=UTF-8\n\n\
         by_user_id=true&operations=%5B%7B%22op%22%3A%22update_or_create%22%2C%22key%22%3A%22%24email%22%2C%22value%22%3A%22ada%40example.com%22%7D%5D",
    );
    assert_eq!(props.json["meta"]["affected_props"], json!(["$email"]));
    assert_eq!(sandbox.users()[0].email(), Some("ada@example.com"));
}

/// Bridges to other systems: a token and a text, no sender, in both versions; integers as texts.
#[test]
fn bridges_reply_without_a_sender() {
    let sandbox = sandbox();
    let id = conversation(&sandbox);
    for version in ["v1", "v2"] {
        let reply = send(
            &sandbox,
            &format!(
                "POST /{version}/conversations/{id}/reply HTTP/1.1\nContent-Type: application/json\n\n\
                 {{\"auth_token\": \"{{token}}\", \"body\": \"On its way\", \"random_id\": \"7\"}}"
            ),
        );
        assert_eq!(reply.data()["random_id"], 7);
        let typing = send(
            &sandbox,
            &format!(
                "POST /{version}/conversations/{id}/settyping HTTP/1.1\n\
                 Content-Type: application/x-www-form-urlencoded\n\nauth_token={{token}}&body=On"
            ),
        );
        assert_eq!(typing.data(), &json!({}));
    }
    let event = send(
        &sandbox,
        r#"
POST /v1/users/{user}/events HTTP/1.1
Content-Type: application/json

{"auth_token": "{token}", "event": "Moved", "created": "1600000000"}
"#,
    );
    assert_eq!(event.data()["created"], 1_600_000_000);
}

/// The vendor's chat and SDK: `_nonce`, an attachment with a name of its own, a voice message.
#[test]
fn chat_of_the_vendor_sends_nonces_and_voice() {
    let sandbox = sandbox();
    let nonce = "0a1B2c3D4e5F6071829304a5B6c7D8e9";
    for _ in 0..2 {
        let event = format!(
            "POST /v1/users/{{user}}/events?_nonce={nonce} HTTP/1.1\nAuthorization: Token {{token}}\n\
             Content-Type: application/x-www-form-urlencoded\n\nevent=Hello"
        );
        send(&sandbox, &event).data();
    }
    assert_eq!(
        sandbox.events(sandbox.users()[0].id).len(),
        2,
        "ignored by default"
    );
    let voice = |path: &str| {
        send(
            &sandbox,
            &format!(
                r#"
POST {path} HTTP/1.1
Authorization: Token {{token}}
Content-Type: multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW

------WebKitFormBoundary7MA4YWxkTrZu0gW
Content-Disposition: form-data; name="attachment"; filename="blob"
Content-Type: audio/mpeg

ID3
------WebKitFormBoundary7MA4YWxkTrZu0gW
Content-Disposition: form-data; name="attachment_file_name"

audio_record_1.mp3
------WebKitFormBoundary7MA4YWxkTrZu0gW
Content-Disposition: form-data; name="attachment_type"

voice
------WebKitFormBoundary7MA4YWxkTrZu0gW
Content-Disposition: form-data; name="from_user"

default_user
------WebKitFormBoundary7MA4YWxkTrZu0gW--
"#
            ),
        )
    };
    let started = voice("/v2/users/{user}/startconversation");
    let id = started.data()["id"].as_u64().unwrap();
    let replied = voice(&format!("/v2/conversations/{id}/reply"));
    assert_eq!(replied.data()["attachments"][0]["type"], "voice");
    let parts = sandbox.parts(carrot_core::types::ConversationId::new(id));
    let names = parts
        .iter()
        .map(|part| part.attachments[0].filename.clone());
    let expected = Some("audio_record_1.mp3".to_owned());
    assert_eq!(names.collect::<Vec<_>>(), [expected.clone(), expected]);
}
