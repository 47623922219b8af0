//! Seeds from JSON.

use carrot_core::types::{AdminId, ChannelId, ConversationId, PartType, Presence};
use carrot_testing::{
    Sandbox,
    sandbox::{Seed, SeedConversation, SeedEvent, SeedPart, SeedUser},
};
use proptest::prelude::*;
use serde_json::json;

use super::common::{assert_snapshot, get, json_of};

const FULL: &str = r#"{
    "operators": [{"id": 7, "name": "Ada"}],
    "channels": [{"id": "9", "name": "Sales"}],
    "users": [
        {"user_id": "order-42", "props": {"$email": "a@example.com", "orders": 1}, "tags": ["vip"]},
        {}
    ],
    "conversations": [
        {"user": "order-42", "channel": 9, "assignee": 7, "tags": ["delivery"], "closed": true, "parts": [
            {"body": "Where is it?"},
            {"from": 7, "type": "note", "body": "Asked"},
            {"from": "bot", "body": "Soon"},
            {"from": "default_admin", "body": "On its way"}
        ]},
        {"user": "order-42", "parts": [{"from": "user", "body": "Thanks"}]}
    ]
}"#;

#[test]
fn seed_is_the_initial_state() {
    let sandbox = Sandbox::builder().seed_json(FULL).unwrap().build();
    let users = json_of(sandbox.users());
    assert_eq!(users.as_array().unwrap().len(), 2);
    assert_eq!(users[0]["user_id"], "order-42");
    assert_eq!(users[0]["props"]["$email"], "a@example.com");
    assert_eq!(users[0]["props_custom"], json!({"orders": 1}));
    assert_eq!(users[0]["tags"][0]["name"], "\"vip\"");
    assert_eq!(users[0]["email_status"]["status"], "confirmed");
    assert!(users[1]["user_id"].is_null());

    let conversations = json_of(sandbox.conversations());
    let (first, second) = (&conversations[0], &conversations[1]);
    assert_eq!(first["assignee"]["name"], "Ada");
    assert_eq!(first["channel"]["name"], "Sales");
    assert_eq!(first["tags"], json!(["delivery"]));
    assert_eq!(first["closed"], true);
    assert_eq!(first["parts_count"], 4);
    assert_eq!(second["closed"], false);
    assert!(second["assignee"].is_null() && second["channel"].is_null());
    let parts = json_of(sandbox.parts(ConversationId::new(first["id"].as_u64().unwrap())));
    let kinds: Vec<_> = parts
        .as_array()
        .unwrap()
        .iter()
        .map(|part| &part["type"])
        .collect();
    assert_eq!(kinds, ["reply_user", "note", "reply_admin", "reply_admin"]);
    assert_eq!(parts[0]["from"], users[0]["id"]);
    assert_eq!(parts[1]["from"]["name"], "Ada");
    assert_eq!(parts[2]["from"]["type"], "bot");
    assert_eq!(parts[3]["from"]["type"], "default_admin");
    assert!(sandbox.webhooks().is_empty());

    let query = [("include_not_assigned", "true")];
    let listed = get(&sandbox, "/v2/apps/$self_app/conversations", &query);
    assert_eq!(listed.data().as_array().unwrap().len(), 2);
    let before = sandbox.snapshot();
    sandbox.reset();
    assert_eq!(sandbox.now().seconds(), 1_700_000_000);
    assert_eq!(json_of(sandbox.users()), users);
    assert_ne!(sandbox.snapshot(), before);
}

/// All that a seed can hold, in code.
fn in_code() -> Seed {
    Seed::new()
        .operator(AdminId::new(7), "Ada")
        .channel(ChannelId::new(9), "Sales")
        .scopes(["conversations-read", "users-list"])
        .event_type("Never")
        .user(
            SeedUser::external("order-42")
                .prop("$email", "a@example.com")
                .prop("orders", 1)
                .tag("vip")
                .note("Prefers to be called")
                .presence(Presence::Idle)
                .event(
                    SeedEvent::new("Order placed")
                        .prop("sum", 990)
                        .created(1_600_000_000),
                ),
        )
        .user(SeedUser::new())
        .conversation(
            SeedConversation::new("order-42", SeedPart::user("Where is it?"))
                .part(SeedPart::operator(AdminId::new(7), "Asked").note())
                .part(SeedPart::bot("Soon"))
                .part(SeedPart::default_admin("Read this").article())
                .channel(ChannelId::new(9))
                .assignee(AdminId::new(7))
                .tag("delivery")
                .closed(),
        )
}

/// The same in JSON.
const IN_JSON: &str = r#"{
    "operators": [{"id": 7, "name": "Ada"}],
    "channels": [{"id": 9, "name": "Sales"}],
    "scopes": ["conversations-read", "users-list"],
    "event_types": ["Never"],
    "users": [
        {
            "user_id": "order-42", "props": {"$email": "a@example.com", "orders": 1}, "tags": ["vip"],
            "notes": ["Prefers to be called"], "presence": "idle",
            "events": [{"name": "Order placed", "props": {"sum": 990}, "created": 1600000000}]
        },
        {}
    ],
    "conversations": [
        {"user": "order-42", "channel": 9, "assignee": 7, "tags": ["delivery"], "closed": true, "parts": [
            {"body": "Where is it?"},
            {"from": 7, "type": "note", "body": "Asked"},
            {"from": "bot", "body": "Soon"},
            {"from": "default_admin", "type": "article", "body": "Read this"}
        ]}
    ]
}"#;

#[test]
fn code_and_json_make_equal_seeds() {
    let code = Sandbox::builder().seed(in_code()).unwrap().build();
    let json = Sandbox::builder().seed_json(IN_JSON).unwrap().build();
    assert_eq!(code.snapshot(), json.snapshot());
    assert_eq!(code.scopes(), json.scopes());
    assert_eq!(code.scopes().len(), 2);
    let written = serde_json::to_string(&in_code()).unwrap();
    assert_eq!(serde_json::from_str::<Seed>(&written).unwrap(), in_code());

    let id = code.user_id("order-42").unwrap();
    let user = code.user(id).unwrap();
    assert_eq!(user.presence, Some(Presence::Idle));
    assert_eq!(user.notes[0].body.as_deref(), Some("Prefers to be called"));
    let names: Vec<_> = code.event_types().into_iter().map(|one| one.name).collect();
    assert_eq!(
        names,
        [Some("Never".to_owned()), Some("Order placed".to_owned())]
    );
    let events = code.events(id);
    assert_eq!(events[0].props["sum"], 990);
    assert_eq!(events[0].created.unwrap().seconds(), 1_600_000_000);
    assert!(code.webhooks().is_empty());
    let conversation = &code.conversations()[0];
    assert_eq!(conversation.closed, Some(true));
    let kinds: Vec<_> = code
        .parts(conversation.id)
        .into_iter()
        .map(|part| part.kind)
        .collect();
    assert_eq!(
        kinds,
        [
            PartType::ReplyUser,
            PartType::Note,
            PartType::ReplyAdmin,
            PartType::Article
        ]
        .map(Some)
    );
    // A reset brings the seed back.
    let before = code.snapshot();
    code.advance(std::time::Duration::from_secs(500));
    assert_eq!(code.user(id).unwrap().presence, Some(Presence::Offline));
    code.reset();
    assert_eq!(code.snapshot(), before);
}

#[test]
fn texts_add_up_and_know_each_other() {
    let sandbox = Sandbox::builder()
        .user(SeedUser::external("first"))
        .seed_json(
            r#"{"conversations": [{"user": "first", "assignee": 501, "parts": [{"body": ""}]}]}"#,
        )
        .unwrap()
        .seed_json("{}")
        .unwrap()
        .build();
    assert_eq!(
        json_of(sandbox.conversations())[0]["assignee"]["name"],
        "First operator"
    );
    let twice = Sandbox::builder()
        .user(SeedUser::external("first"))
        .seed_json(r#"{"users": [{}, {"user_id": "first"}]}"#);
    assert_eq!(twice.unwrap_err().path(), "users[1].user_id");
}

#[test]
fn an_error_names_the_place_and_no_value() {
    let conversation = |rest: &str| {
        format!(
            r#"{{"users": [{{"user_id": "secret"}}], "conversations": [{{"user": "secret", {rest}}}]}}"#
        )
    };
    let mut told = String::new();
    for text in [
        "",
        "5",
        r#"{"user": []}"#,
        r#"{"users": "secret"}"#,
        r#"{"users": [{"props": "secret"}]}"#,
        r#"{"users": [{"user_id": "", "props": {"secret": 1}}]}"#,
        r#"{"operators": [{"id": "secret", "name": ""}]}"#,
        r#"{"channels": [{"id": 1}]}"#,
        r#"{"event_types": ["x", ""]}"#,
        r#"{"users": [{"presence": "secret"}]}"#,
        r#"{"operators": [{"id": 0, "name": "secret"}]}"#,
        r#"{"channels": [{"id": "0", "name": "secret"}]}"#,
        r#"{"operators": [{"id": 1, "name": "secret"}, {"id": 1, "name": "secret"}]}"#,
        r#"{"scopes": ["users-list", "secret"]}"#,
        r#"{"users": [{"tags": ["secret", ""]}]}"#,
        r#"{"users": [{"tags": ["secret", "secret"]}]}"#,
        r#"{"users": [{"props": {"": "secret"}}]}"#,
        r#"{"users": [{"user_id": "secret"}, {"user_id": "secret"}]}"#,
        r#"{"users": [{"events": [{"name": ""}]}]}"#,
        "[]",
        r#"{"users": [[]]}"#,
        r#"{"users": [{"user_id": "secret", "events": [["secret"]]}]}"#,
        r#"{"users": [{"user_id": ".."}]}"#,
        r#"{"users": [{"user_id": "secret\n"}]}"#,
        r#"{"operators": [{"id": 1, "name": ""}]}"#,
        r#"{"channels": [{"id": 1, "name": ""}]}"#,
        r#"{"conversations": [{"user": "secret", "parts": [{"body": ""}]}]}"#,
        &conversation(r#""parts": []"#),
        &conversation(r#""parts": [{}]"#),
        &conversation(r#""parts": [{"body": 5}]"#),
        &conversation(r#""parts": [{"body": "", "from": "secret"}]"#),
        &conversation(r#""parts": [{"body": "", "from": 99}]"#),
        &conversation(r#""parts": [{"body": "", "type": "note"}]"#),
        &conversation(r#""assignee": 99, "parts": [{"body": ""}]"#),
        &conversation(r#""channel": 99, "parts": [{"body": ""}]"#),
    ] {
        let error = Sandbox::builder().seed_json(text).unwrap_err();
        let message = error.to_string();
        let place = format!("in the seed, `{}`: ", error.path());
        assert!(message.starts_with(&place), "{message}");
        assert!(
            !message.contains("secret") && !error.problem().is_empty(),
            "{message}"
        );
        told += &format!("{text}\n  {message}\n");
    }
    assert_snapshot("seed_errors", &told);
}

#[test]
fn two_seeds_have_distinct_ids() {
    let operator = r#"{"operators": [{"id": 7, "name": "Ada"}]}"#;
    let builder = Sandbox::builder().seed_json(operator).unwrap();
    let error = builder.seed_json(operator).unwrap_err();
    assert_eq!(error.path(), "operators[0].id");
    // The default operator is replaced, and so in nobody's way.
    let default = r#"{"operators": [{"id": 501, "name": "Ada"}]}"#;
    assert!(Sandbox::builder().seed_json(default).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_a_seed_or_error(text in ".{0,200}") {
        let _ = Sandbox::builder().seed_json(&text);
    }
}
