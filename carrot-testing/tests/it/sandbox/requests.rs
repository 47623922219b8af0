//! Addresses, tokens, encodings, errors: what all operations have in common.

mod ids_as_text;

use std::time::Duration;

use bytes::Bytes;
use carrot_core::{
    Clock,
    types::{ChannelId, ConversationId},
};
use carrot_testing::{Sandbox, VirtualClock, sandbox::SeedUser};
use http::{Method, Request};
use serde_json::{Value, json};

use super::common::{ApiResponse, FORM, Form as _, get, json_of, post, send, start, upload};

const USER: &str = "1448121617782670209";

fn sandbox() -> Sandbox {
    let user = SeedUser::external("a/b v2").prop("$name", "Ada");
    Sandbox::builder().user(user).build()
}

fn bare(sandbox: &Sandbox, uri: &str, header: Option<&str>) -> ApiResponse {
    let mut request = Request::get(uri);
    if let Some(header) = header {
        request = request.header("authorization", header);
    }
    ApiResponse::of(&sandbox.handle(&request.body(Bytes::new()).unwrap()))
}

#[test]
fn the_token_may_stand_in_three_places() {
    let sandbox = sandbox();
    let token = sandbox.token().to_owned();
    let path = format!("/v2/users/{USER}");
    for header in [format!("Token {token}"), format!("Bearer {token}")] {
        bare(&sandbox, &path, Some(&header)).data();
    }
    bare(&sandbox, &format!("{path}?auth_token={token}"), None).data();
    let form = format!("auth_token={token}&presence=idle");
    let request = Request::post(format!("{path}/setpresence")).header("content-type", FORM);
    ApiResponse::of(&sandbox.handle(&request.body(form.into()).unwrap())).data();

    for header in [
        None,
        Some("Token x"),
        Some(&*token),
        Some("Basic x"),
        Some(""),
    ] {
        let response = bare(&sandbox, &path, header);
        let message = "the token is missing or wrong";
        assert_eq!(response.error(), (401, "NotAuthenticated", message));
        let old = bare(&sandbox, &format!("/v1/users/{USER}"), header);
        assert_eq!(old.error(), (401, "AuthenticationFailed", message));
    }
    // A header of another scheme is for somebody else; one of these counts over the rest.
    let with_right = format!("{path}?auth_token={token}");
    bare(&sandbox, &with_right, Some("Basic x")).data();
    assert_eq!(bare(&sandbox, &with_right, Some("Token x")).error().0, 401);
    assert!(!format!("{sandbox:?}").contains(&token));
}

#[test]
fn trailing_slashes_are_tolerated() {
    let sandbox = sandbox();
    for path in [format!("/v2/users/{USER}/"), format!("/v2/users/{USER}//")] {
        get(&sandbox, &path, "").data();
    }
    for path in [
        format!("/v2//users/{USER}"),
        format!("//v2/users/{USER}"),
        "/v2/users//events?by_user_id=true".to_owned(),
        "/v2/conversations//parts".to_owned(),
        "/".to_owned(),
        "//".to_owned(),
        "/v2/".to_owned(),
    ] {
        assert_eq!(get(&sandbox, &path, "").error().0, 404, "{path}");
    }
}

#[test]
fn path_or_parameter_choose_the_version() {
    let sandbox = sandbox();
    // Only v1 leaves the user out of the list.
    start(&sandbox, "order-42", "Hi");
    let user = sandbox.user_id("order-42").unwrap();
    for (prefix, parameters, is_v2) in [
        ("", "", true),
        ("/v2", "", true),
        ("/v2.1", "", true),
        ("/v1", "", false),
        ("/v1.0.3", "", false),
        ("", "version=1", false),
        ("", "version=2.0", true),
        ("/v1", "version=2", false),
    ] {
        let path = format!("{prefix}/users/{user}/conversations/");
        let listed = get(&sandbox, &path, parameters);
        assert_eq!(listed.data()[0].get("user").is_some(), is_v2, "{path}");
    }
    let in_body = post(
        &sandbox,
        &format!("/users/{user}/props"),
        "version=1&operations=[]",
    );
    assert_eq!(in_body.json["meta"].get("not_changed_props"), None);
    let unknown = get(&sandbox, "/users/1", "version=3");
    assert_eq!(unknown.error().1, "BadRequest");
}

#[test]
fn unknown_addresses_and_methods() {
    let sandbox = sandbox();
    for path in [
        "/",
        "/v2",
        "/v3/users/1",
        "/v2/users",
        "/v2/user/1",
        "/v2/users/1/props/x",
        "/v2/users/%FF",
        "/v2/apps/1000",
        "/v2/conversations/1/open",
        "/v2/v2/users/1",
    ] {
        assert_eq!(get(&sandbox, path, "").error().0, 404, "{path}");
        assert_eq!(get(&sandbox, path, "").error().1, "Error404");
    }
    for (method, path) in [
        (Method::POST, "/v2/users/1"),
        (Method::GET, "/v2/users/1/props"),
        (Method::PUT, "/v2/users/1/events"),
        (Method::DELETE, "/v2/conversations/1"),
        (Method::HEAD, "/v2/users/1"),
        (Method::POST, "/v1/users/import"),
    ] {
        let response = send(&sandbox, method, path, "");
        response.is(405, "MethodNotAllowed");
    }
    // Before the token is looked at.
    let request = Request::delete("/v1/conversations/1/tag").body(Bytes::new());
    let response = ApiResponse::of(&sandbox.handle(&request.unwrap()));
    assert_eq!(response.error().1, "MethodNotAllowed");
}

#[test]
fn text_in_another_encoding_is_rejected() {
    let sandbox = sandbox();
    // A name in Windows-1251, as a program that forgot to convert it sends.
    let name = b"event=\xcf\xf0\xe8\xe2\xe5\xf2";
    let encoded = "event=%CF%F0%E8%E2%E5%F2";
    for (query, body) in [
        ("", &name[..]),
        ("", encoded.as_bytes()),
        (&format!("?{encoded}"), b""),
        ("?%CF=1", b"event=e"),
    ] {
        let request = Request::post(format!("/v2/users/{USER}/events{query}"))
            .header("authorization", format!("Token {}", sandbox.token()))
            .body(Bytes::copy_from_slice(body));
        let response = ApiResponse::of(&sandbox.handle(&request.unwrap()));
        let expected = (400, "BadRequest", "the parameters must be UTF-8");
        assert_eq!(response.error(), expected, "{query}");
    }
}

#[test]
fn external_ids_are_decoded_and_apps_are_checked() {
    let sandbox = sandbox();
    let user = get(&sandbox, "/v2/users/a%2Fb%20v2", "by_user_id=1");
    assert_eq!(user.data()["user_id"], "a/b v2");
    for app in ["$self_app", "%24self_app", "1000"] {
        get(&sandbox, &format!("/v2/apps/{app}/users"), "").data();
    }
    get(
        &sandbox,
        "/v2/users/a%2Fb%20v2",
        "by_user_id=1&app=$self_app",
    )
    .data();
    for version in ["v1", "v2"] {
        let name = ["PermissionDenied", "PermissionDeniedError"][usize::from(version == "v2")];
        let response = get(&sandbox, &format!("/{version}/apps/7/users"), "");
        response.is(403, name);
        let response = get(&sandbox, &format!("/{version}/users/{USER}"), "app=7");
        response.is(403, name);
    }
    let response = get(&sandbox, "/v2/apps/self/users", "");
    assert_eq!(
        response.error().2,
        "`id` must be the id of an app or `$self_app`"
    );
    let long = format!("/v2/users/{}", "x".repeat(256));
    assert_eq!(
        get(&sandbox, &long, "by_user_id=1").error().2,
        "`id` must be an external id of 1 to 255 characters"
    );
}

#[test]
fn reply_of_a_user_needs_a_scope_more() {
    let sandbox = Sandbox::builder()
        .scopes(["conversations-write", "conversations-read"])
        .build();
    let id = start(&sandbox, "x", "Hi");
    let reply = format!("/v2/conversations/{id}/reply");
    let as_user = [("from_user", "default_user"), ("body", "Hi")];
    let message = "the token lacks the scope `as-user`";
    let denied = post(&sandbox, &reply, &as_user);
    assert_eq!(denied.error(), (403, "PermissionDeniedError", message));
    post(&sandbox, &reply, &as_user[1..]).data();
}

/// As some clients send it; see what is assumed.
#[test]
fn an_object_of_json_is_a_form() {
    let sandbox = sandbox();
    let token = sandbox.token().to_owned();
    let path = format!("/v2/users/{USER}");
    let send = |path: &str, json: &str| {
        let request = Request::post(path).header("content-type", "application/json; charset=utf-8");
        ApiResponse::of(&sandbox.handle(&request.body(Bytes::from(json.to_owned())).unwrap()))
    };
    let operations = r#"[{"op":"update_or_create","key":"n","value":"one\u0020\"1\""}]"#;
    // The value as JSON, and as a text that holds JSON.
    for value in [operations, &serde_json::to_string(operations).unwrap()] {
        sandbox.reset();
        let json = format!(r#"{{"auth_token":"{token}","operations":{value},"by_user_id":null}}"#);
        send(&format!("{path}/props"), &json).data();
        let user = sandbox.users().remove(0);
        assert_eq!(user.props_custom["n"], "one \"1\"");
    }
    // A boolean, and an object.
    let json =
        format!(r#"{{"auth_token":"{token}","event":"e","by_user_id":true,"params":{{"n":1}}}}"#);
    send("/v2/users/new/events", &json).data();
    let new = sandbox.user_id("new").expect("`by_user_id` was read");
    assert_eq!(sandbox.events(new)[0].props["n"], 1);
}

#[test]
fn bodies_of_another_type_are_rejected() {
    let sandbox = sandbox();
    for (content_type, body) in [
        ("text/plain", "event=e"),
        ("application/json", "[]"),
        ("application/json", r#"{"event":"e""#),
        ("application/json", r#"{"event":1e999}"#),
        ("multipart/form-data", "x"),
        ("multipart/form-data; boundary=b", "x"),
    ] {
        let request = Request::post(format!("/v2/users/{USER}/events"))
            .header("authorization", format!("Token {}", sandbox.token()))
            .header("content-type", content_type)
            .body(Bytes::from(body));
        let response = ApiResponse::of(&sandbox.handle(&request.unwrap()));
        response.is(400, "BadRequest");
    }
    // All parameters of a POST may stand in the query.
    let request = Request::post(format!("/v2/users/{USER}/events?event=e"))
        .header("authorization", format!("Token {}", sandbox.token()))
        .body(Bytes::new());
    ApiResponse::of(&sandbox.handle(&request.unwrap())).data();
}

#[test]
fn the_same_requests_get_the_same_responses() {
    let run = |sandbox: &Sandbox| {
        start(sandbox, "a", "Hi");
        start(sandbox, "b", "Hi");
        let list = get(
            sandbox,
            "/v2/apps/$self_app/conversations",
            "include_not_assigned=1",
        );
        list.json
    };
    let sandbox = Sandbox::new();
    let first = run(&sandbox);
    assert_eq!(first["data"][1]["created"], 1_700_000_001);
    assert_eq!(run(&Sandbox::new()), first);
    assert_ne!(run(&sandbox), first);
    assert_eq!(sandbox.requests(), 6);
    sandbox.clone().reset();
    assert_eq!(sandbox.requests(), 0);
    assert!(sandbox.users().is_empty());
    assert_eq!(run(&sandbox), first);
}

#[test]
fn time_starts_and_steps_as_told() {
    let sandbox = Sandbox::builder()
        .starts_at(1_000)
        .time_step(Duration::from_millis(1_250))
        .build();
    let id = start(&sandbox, "a", "Hi");
    assert_eq!(
        json_of(sandbox.parts(ConversationId::new(id)))[0]["created"],
        1_001
    );
    assert_eq!(
        json_of(sandbox.conversation(ConversationId::new(id)).unwrap())["last_update"],
        1_001
    );
    sandbox.advance(Duration::from_secs(9));
    assert_eq!(sandbox.now().seconds(), 1_010);
}

#[test]
fn the_rate_limit_is_a_sliding_minute() {
    let clock = VirtualClock::manual();
    let sandbox = Sandbox::builder()
        .rate_limit(2)
        .clock(clock.clone())
        .user(SeedUser::external("a"))
        .build();
    let ask = || get(&sandbox, "/v2/users/a", "by_user_id=1");
    ask().data();
    clock.advance(Duration::from_secs(1));
    ask().data();
    for _ in 0..3 {
        assert_eq!((ask().error().0, ask().error().1), (429, "TooManyRequests"));
    }
    clock.advance(Duration::from_secs(59));
    ask().data();
    assert_eq!(ask().error().0, 429);
    assert_eq!(clock.now(), Duration::from_secs(60));
}

#[test]
fn every_operation_needs_its_scope() {
    let operations = "
        GET users/1 user-read
        POST users/1/props user-write
        GET users/1/events user-read
        POST users/1/events user-write
        GET users/1/conversations conversations-read user-read
        POST users/1/startconversation conversations-write
        POST users/1/sendmessage messages-manual-send-one
        POST users/1/setpresence user-write
        POST users/1/unsubscribeemail user-write
        GET apps/1000/users users-list
        GET apps/1000/activeusers users-list-active
        GET apps/1000/channels app-basic-read
        GET apps/1000/conversations conversations-read
        GET conversations/1 conversations-read
        GET conversations/1/parts conversations-read
        POST conversations/1/reply conversations-write
        POST conversations/1/markread as-user
        POST conversations/1/settyping conversations-write
        POST conversations/1/assign conversations-write
        POST conversations/1/close conversations-write
        POST conversations/1/tag conversations-write
    ";
    let every = Sandbox::new().scopes();
    for operation in operations
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let words: Vec<&str> = operation.split(' ').collect();
        let (method, path, rights) = (words[0].parse::<Method>().unwrap(), words[1], &words[2..]);
        for right in rights {
            let others = every.iter().filter(|other| other != right);
            let lacking = Sandbox::builder().scopes(others.cloned()).build();
            for (version, name) in [("v2", "PermissionDeniedError"), ("v1", "PermissionDenied")] {
                let path = format!("/{version}/{path}");
                let response = send(&lacking, method.clone(), &path, "");
                let message = format!("the token lacks the scope `{right}`");
                assert_eq!(response.error(), (403, name, message.as_str()), "{path}");
            }
        }
        let enough = Sandbox::builder().scopes(rights.iter().copied()).build();
        let response = send(&enough, method, &format!("/v2/{path}"), "");
        assert_ne!(response.status, 403, "{path}");
    }
}

#[test]
fn parameters_come_in_every_encoding() {
    let operations = r#"[{"op":"update_or_create","key":"plan","value":"pro"}]"#;
    let sandbox = sandbox();
    let path = format!("/users/{USER}/props/");
    let sent = [
        post(&sandbox, &path, &[("operations", operations)]),
        // A form with parts, which most clients send only with a file.
        upload(&sandbox, &path, &[("operations", operations)], &[]),
        post(
            &sandbox,
            &format!("{path}?{}", [("operations", operations)].encode()),
            "",
        ),
    ];
    for (at, response) in sent.iter().enumerate() {
        response.data();
        let list = ["affected_props", "not_changed_props"][usize::from(at > 0)];
        assert_eq!(response.json["meta"][list], json!(["plan"]), "{at}");
    }
}

#[test]
fn obsolete_endpoints_are_unknown() {
    let sandbox = Sandbox::new();
    for (method, path) in [
        (Method::POST, "/v1/events"),
        (Method::POST, "/v1/orders"),
        (Method::GET, "/v1/users/1/carrots/$self_app"),
        (Method::POST, "/v1/utils/email"),
        (Method::GET, "/v1/apps/1000"),
        (Method::GET, "/v1/apps/1000/extendedinfo"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let response = sandbox.handle(&request.body(Bytes::new()).unwrap());
        assert_eq!(response.status(), 404, "{path}");
    }
}

#[test]
fn phone_with_plus_is_not_stored() {
    let sandbox = Sandbox::new();
    let set = |phone: &str| {
        let operations = json!([{"op": "update_or_create", "key": "$phone", "value": phone}]);
        let form = [
            ("by_user_id", "true"),
            ("operations", &operations.to_string()),
        ];
        let mut response = post(&sandbox, "/v2/users/order-42/props", &form);
        response.json["meta"].take()
    };
    let meta = set("+79120000000");
    assert_eq!(meta["not_changed_props"], json!(["$phone"]));
    assert!(sandbox.users()[0].phone().is_none());
    let meta = set("79120000000");
    assert_eq!(meta["affected_props"], json!(["$phone"]));
    assert_eq!(sandbox.users()[0].phone(), Some("79120000000"));
}

#[test]
fn import_with_byte_order_mark_is_rejected() {
    let sandbox = Sandbox::new();
    let import = |csv: &str| {
        let file = ("file", "a.csv", csv);
        upload(
            &sandbox,
            "/v2/users/import",
            "app=1000&delimiter=,",
            &[file],
        )
        .status
    };
    assert_eq!(import("$user_id,plan\na,pro\n"), 200);
    assert_eq!(import("\u{feff}$user_id,plan\na,pro\n"), 400);
    assert_eq!(import("user_id,plan\na,pro\n"), 400);
    assert_eq!(import("$user_id;plan\na;pro\n"), 400);
}

/// Where a moment stands that is not a whole number of seconds.
fn fractions(json: &Value, path: &str, found: &mut Vec<String>) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                let is_moment = [
                    "created",
                    "last_update",
                    "sended_time",
                    "last_user_reply_time",
                ];
                if is_moment.contains(&name.as_str()) && value.is_f64() {
                    found.push(path.clone());
                }
                fractions(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fractions(item, path, found)),
        _ => {}
    }
}

#[test]
fn moments_are_whole_seconds() {
    let sandbox = Sandbox::builder()
        .time_step(Duration::from_millis(1_250))
        .build();
    let id = start(&sandbox, "order-42", "Hi");
    let file = ("attachment", "a.txt", "text");
    let reply = format!("/v2/conversations/{id}/reply");
    upload(&sandbox, &reply, "body=Here", &[file]).data();
    post(
        &sandbox,
        "/v2/users/order-42/events",
        "by_user_id=1&event=Paid",
    )
    .data();
    for version in ["v1", "v2"] {
        for (path, form) in [
            ("conversations/{id}", ""),
            ("conversations/{id}/parts", ""),
            ("apps/$self_app/conversations", "include_not_assigned=1"),
            ("users/order-42/conversations", "by_user_id=1"),
            ("users/order-42/events", "by_user_id=1"),
        ] {
            let path = format!("/{version}/{path}").replace("{id}", &id.to_string());
            if path == "/v1/users/order-42/conversations" {
                continue;
            }
            let response = get(&sandbox, &path, form);
            let mut found = Vec::new();
            fractions(response.data(), "", &mut found);
            found.retain(|path| !path.ends_with(".attachments.created"));
            assert_eq!(found, [""; 0], "{path}");
        }
    }
    let parts = get(&sandbox, &format!("/v2/conversations/{id}/parts"), "");
    assert!(parts.data()[0]["attachments"][0]["created"].is_f64());
}

#[test]
fn v1_sends_the_documented_values_of_sent_via() {
    let sandbox = Sandbox::builder()
        .user(SeedUser::external("order-42"))
        .build();
    let id = start(&sandbox, "order-42", "Hi");
    let reply = format!("/v2/conversations/{id}/reply");
    post(&sandbox, &reply, "body=On%20its%20way&from_admin=501").data();
    let sent_via = |version: &str| {
        let parts = get(
            &sandbox,
            &format!("/{version}/conversations/{id}/parts"),
            "",
        );
        let parts = parts.data().as_array().unwrap().iter();
        let values: Vec<Option<String>> = parts
            .map(|part| {
                part.get("sent_via")
                    .map(|value| value.as_str().unwrap().to_owned())
            })
            .collect();
        values
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(sent_via("v2"), [some("api"), some("web_user")]);
    assert_eq!(sent_via("v1"), [None, some("web_user")]);
}

#[test]
fn app_is_that_of_the_token() {
    for (token, app) in [
        ("app.77.secret", 77),
        ("app.77.sec.ret", 77),
        ("app.0.secret", 1000),
        ("app.+7.secret", 1000),
        ("app.77", 1000),
        ("user.77.secret", 1000),
        ("app.99999999999999999999.secret", 1000),
    ] {
        let sandbox = Sandbox::builder().token(token).build();
        assert_eq!(sandbox.app().get(), app, "{token}");
        super::common::get(&sandbox, &format!("/v2/apps/{app}/channels"), "").data();
        super::common::get(&sandbox, "/v1/apps/$self_app/channels", "").data();
    }
    let builder = || Sandbox::builder().app(carrot_core::types::AppId::new(5));
    assert_eq!(builder().token("app.77.secret").build().app().get(), 5);
}
