//! No request, however broken, gets anything but an envelope.

use bytes::Bytes;
use carrot_testing::{Sandbox, sandbox::SeedUser};
use http::{Method, Request, Uri};
use proptest::{prelude::*, sample::select};

use super::common::{ApiResponse, Form as _, start};

const NAMES: &str = "action actions admin after answered app assigned auto_assign auto_assign_random_id body \
    body_json bot_name by_user_id channel closed count created delimiter event file filename \
    filter_name filters from_admin from_user id_as_string limit merge_field offset operations \
    paginate_count paginate_direction paginate_position params presence random_id \
    recipient_type session sort_order sort_prop tag tags type version";

const VALUES: &[&str] = &[
    "",
    "0",
    "1",
    "501",
    "-1",
    "true",
    "18446744073709551615",
    "99999999999999999999",
    "1e400",
    "[]",
    "{}",
    "[1]",
    "[1, 2]",
    "[-9e99, 1]",
    "[null]",
    "null",
    "\"",
    "default_admin",
    "default_user",
    "around",
    "after",
    "add",
    "delete",
    "note",
    "$last_seen",
    "$event_1_count",
    "9223372036854775807",
    "-9223372036854775808.5",
    r#"[{"op":"add","key":"a","value":9007199254740992}]"#,
    r#"[{"op":"append","key":"$cart_items","value":"x"}, 7]"#,
    r#"{"type":"or","filters":[{"type":"daysmore","property_name":"$last_seen","value":{"value":1e300}}]}"#,
];

/// Parameters that operations require. The arbitrary ones come after them and count over them.
const SOUND: &[(&str, &str)] = &[
    ("action", "add"),
    ("app", "$self_app"),
    ("body", "Hi"),
    ("event", "e"),
    ("from_admin", "501"),
    ("operations", r#"[{"op":"union","key":"a","value":"x"}]"#),
    ("presence", "online"),
    ("session", "0123456789abcdefghijklmnopqrstuv"),
    ("tag", "x"),
];

fn pairs() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let sound = prop::bool::weighted(0.8).prop_map(|sound| {
        let sound = SOUND.iter().filter(move |_| sound);
        sound.map(|(name, value)| (*name, (*value).to_owned()))
    });
    let arbitrary = prop::collection::vec(
        (select(NAMES.split(' ').collect::<Vec<_>>()), value()),
        0..4,
    );
    (sound, arbitrary).prop_map(|(sound, arbitrary)| sound.chain(arbitrary).collect())
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(VALUES).prop_map(str::to_owned),
        1 => ".{0,12}",
    ]
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(vec![
            "v1", "v2", "users", "apps", "conversations", "$self_app", "import", "props",
            "events", "startconversation", "sendmessage", "setpresence", "unsubscribeemail",
            "parts", "reply", "markread", "settyping", "assign", "close", "tag", "channels",
            "activeusers", "1448121617782670209", "2155668332815057077", "1000", "",
        ]).prop_map(str::to_owned),
        1 => "[!-~]{0,8}",
    ]
}

/// Paths that exist, mostly: with arbitrary segments alone no operation would be reached.
fn path() -> impl Strategy<Value = String> {
    let user = select(vec!["1448121617782670209", "7", "x", "%F0%9F%98%80", "%FF"]);
    let known_conversation = "2155668332815057077";
    let conversation = select(vec![
        known_conversation,
        known_conversation,
        known_conversation,
        "7",
        "x",
    ]);
    let version = || select(vec!["", "/v1", "/v2"]);
    let of_user = select(vec![
        "",
        "/props",
        "/events",
        "/conversations",
        "/startconversation",
        "/sendmessage",
        "/setpresence",
        "/unsubscribeemail",
    ]);
    let of_conversation = select(vec![
        "",
        "/parts",
        "/reply",
        "/markread",
        "/settyping",
        "/assign",
        "/close",
        "/tag",
    ]);
    let of_app = select(vec!["users", "conversations", "channels", "activeusers"]);
    prop_oneof![
        8 => (version(), user, of_user).prop_map(|(v, id, op)| format!("{v}/users/{id}{op}")),
        8 => (version(), conversation, of_conversation)
            .prop_map(|(v, id, op)| format!("{v}/conversations/{id}{op}")),
        4 => (version(), of_app).prop_map(|(v, op)| format!("{v}/apps/$self_app/{op}")),
        2 => version().prop_map(|v| format!("{v}/users/import")),
        2 => prop::collection::vec(segment(), 0..6).prop_map(|all| format!("/{}", all.join("/"))),
    ]
}

fn body() -> impl Strategy<Value = (Option<&'static str>, Vec<u8>)> {
    let multipart = |(pairs, csv): (Vec<(&str, String)>, String)| {
        let mut body = String::new();
        for (name, value) in pairs {
            body.push_str(&format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n{csv}\r\n--b--"
        ));
        body.into_bytes()
    };
    let any_type = select(vec![
        None,
        Some(super::common::FORM),
        Some("application/json"),
        Some("multipart/form-data"),
        Some("multipart/form-data; boundary=b"),
    ]);
    prop_oneof![
        6 => pairs().prop_map(move |pairs: Vec<(&str, String)>| (Some(super::common::FORM), pairs.encode().into())),
        2 => (pairs(), "(\\$user_id\tname\nx\ty\n|\\$email|name)[\t,\n\"a-z]{0,20}").prop_map(move |both| {
            (Some("multipart/form-data; boundary=b"), multipart(both))
        }),
        1 => (any_type, prop::collection::vec(any::<u8>(), 0..200)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_request_gets_an_envelope(
        requests in prop::collection::vec((
            prop_oneof![
                4 => select(vec![Method::GET, Method::POST]),
                1 => select(vec![Method::DELETE, Method::PUT, Method::HEAD, Method::OPTIONS]),
            ],
            path(),
            prop::collection::vec((select(NAMES.split(' ').collect::<Vec<_>>()), value()), 0..4),
            body(),
            prop::bool::weighted(0.9),
        ), 1..4),
    ) {
        let user = SeedUser::external("x").prop("$email", "a@example.com").prop("a", 1);
        let sandbox = Sandbox::builder().user(user).build();
        start(&sandbox, "x", "Hi");
        for (method, path, query, (content_type, body), with_token) in requests {
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(query)
                .finish();
            let Ok(uri) = format!("{path}?{query}").parse::<Uri>() else { continue };
            let mut request = Request::builder().method(method).uri(uri);
            if let Some(content_type) = content_type {
                request = request.header("content-type", content_type);
            }
            if with_token {
                request = request.header("authorization", format!("Token {}", sandbox.token()));
            }
            let response = ApiResponse::of(&sandbox.handle(&request.body(Bytes::from(body)).unwrap()));
            prop_assert!((200..500).contains(&response.status));
            prop_assert!(with_token || response.status != 200);
            if response.status != 200 {
                prop_assert!(!response.error().1.is_empty() && !response.error().2.is_empty());
            }
        }
        // Whatever came, the state holds together, and the models hold all of it.
        for user in sandbox.users() {
            prop_assert!(user.app.is_some());
            prop_assert!(sandbox.events(user.id).iter().all(|event| event.user.is_some()));
        }
        for conversation in sandbox.conversations() {
            let parts = sandbox.parts(conversation.id);
            prop_assert_eq!(conversation.parts_count, Some(parts.len() as u64));
            prop_assert_eq!(parts.last(), conversation.part_last.as_deref());
        }
    }
}
