//! What a test reads that is not replayed as it was recorded, and what is not written.

use carrot_core::{
    conversations::{Close, Reply},
    endpoint::Upload,
    types::{AdminId, ConversationId, PropertyOperation},
    users::{Get, SetProps},
};
use carrot_testing::{CannedResponse, RecordingTransport, cassette::assert_cassettes_are_clean};

use super::*;

/// Holds a text against its file, without the folder that is another one in each run.
pub(super) fn assert_text(name: &str, scratch: &Scratch, text: &str) {
    let text = text.replace(scratch.0.to_str().unwrap(), "tests/cassettes");
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/failures/{name}.txt"));
    expect_test::expect_file![file].assert_eq(&text);
}

fn reply(text: &str) -> Reply {
    Reply::new(ConversationId::new(716), text).sender(AdminId::new(7))
}

/// A file with a reply, with changed properties, and with a closed conversation.
fn recorded() -> Scratch {
    let scratch = Scratch::new();
    let transport = RecordingTransport::new()
        .with_default(CannedResponse::data(serde_json::json!({"id": 9001})));
    let cassette = Cassette::record(scratch.path(), transport);
    let client = client(cassette.transport());
    call(&client, reply("On its way")).unwrap();
    let plan = PropertyOperation::update_or_create("plan", "professional").unwrap();
    call(&client, SetProps::new(ada()).with(plan)).unwrap();
    call(&client, Close::new(ConversationId::new(716))).unwrap();
    cassette.finish();
    scratch
}

#[test]
fn changed_request_is_told_with_its_difference() {
    let scratch = recorded();
    let (cassette, client) = replaying(&scratch);
    let error = call(&client, reply("On its way!")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the cassette has no such request of conversations.reply left"),
        "{error}"
    );
    let plan = PropertyOperation::update_or_create("city", "professional").unwrap();
    call(
        &client,
        SetProps::new(ada()).with(plan).double_subscribe(true),
    )
    .unwrap_err();
    let text = failure(move || drop(cassette));
    assert_text("cassette_outdated", &scratch, &text);
}

#[test]
fn unused_and_missing_are_told() {
    let scratch = recorded();
    let (cassette, client) = replaying(&scratch);
    call(&client, Close::new(ConversationId::new(716))).unwrap();
    call(&client, Close::new(ConversationId::new(716))).unwrap_err();
    call(&client, Get::new(ada())).unwrap_err();
    let text = failure(|| cassette.finish());
    assert_text("cassette_unused", &scratch, &text);
}

#[test]
fn unused_may_be_allowed() {
    let scratch = recorded();
    Cassette::replay(scratch.path()).allow_unused().finish();
}

#[test]
fn file_is_checked_when_it_is_opened() {
    let scratch = Scratch::new();
    let open = || {
        drop(Cassette::open(scratch.path(), || -> RecordingTransport {
            panic!("no transport")
        }));
    };
    assert_text("cassette_absent", &scratch, &failure(open));
    std::fs::create_dir_all(&scratch.0).unwrap();
    for (text, problem) in [
        ("{}", "is not a cassette: missing field `format`"),
        (
            r#"{"format": 2, "interactions": [], "book": {"salt": 0, "placeholders": {}}}"#,
            "has the format 2, and this version reads 1",
        ),
        (
            r#"{"format": 1, "more": 1, "interactions": [], "book": {"salt": 0, "placeholders": {}}}"#,
            "is not a cassette: unknown field `more`",
        ),
    ] {
        std::fs::write(scratch.path(), text).unwrap();
        let text = failure(open);
        assert!(text.contains(problem), "{text}");
    }
}

#[test]
fn secret_is_not_written() {
    let scratch = Scratch::new();
    let transport = RecordingTransport::new().with_default(CannedResponse::ok());
    let cassette = Cassette::record(scratch.path(), transport)
        .show("body")
        .secret("h0nigbrot-kanarie");
    let client = client(cassette.transport());
    let _ = call(&client, reply("h0nigbrot-kanarie"));
    let _ = call(&client, reply("token-of-a-test"));
    let text = failure(move || drop(cassette));
    assert_text("cassette_secret", &scratch, &text);
    assert!(scratch.is_empty());
}

#[test]
fn panicking_test_writes_nothing() {
    let scratch = Scratch::new();
    let text = failure(|| {
        let (_cassette, client) = recording(&sandbox(), &scratch);
        call(&client, Get::new(ada())).unwrap();
        panic!("{}", "no luck");
    });
    assert_eq!(text, "no luck");
    assert!(scratch.is_empty());
}

#[test]
fn unknown_fields_are_hidden_and_listed() {
    let scratch = Scratch::new();
    let data = serde_json::json!({
        "id": 7, "shoe_size": 43, "passport": {"status": "expired", "number": "4509 112233"},
        "props_custom": {"plan": "professional", "a key of Ada Lovelace": true},
    });
    let transport = RecordingTransport::new().with_default(CannedResponse::data(data));
    let cassette = Cassette::record(scratch.path(), transport)
        .show("props_custom.plan")
        .hide("mime_type");
    call(&client(cassette.transport()), Get::new(ada())).unwrap();
    drop(cassette);
    let file: serde_json::Value = serde_json::from_str(&scratch.text()).unwrap();
    assert_eq!(
        file["unknown_fields"],
        serde_json::json!(["data.passport", "data.shoe_size"])
    );
    assert_eq!(
        file["interactions"][0]["response"]["json"]["data"],
        serde_json::json!({
            "id": 1000001, "shoe_size": 1,
            "passport": {"status": "text 2 of 7 characters", "number": "text 1 of 11 characters"},
            "props_custom": {"plan": "professional", "Name 1": false},
        })
    );
    assert!(!scratch.text().contains("expired") && !scratch.text().contains("Lovelace"));
}

#[test]
fn content_of_files_is_compared() {
    let scratch = Scratch::new();
    let with =
        |content: &'static str| reply("Here").attachment(Upload::new("bill of Ada.pdf", content));
    let data = CannedResponse::data(serde_json::json!({"id": 9001}));
    let cassette = Cassette::record(scratch.path(), RecordingTransport::new().with_default(data));
    call(&client(cassette.transport()), with("1234")).unwrap();
    drop(cassette);
    assert!(!scratch.text().contains("1234") && !scratch.text().contains("bill"));
    let (cassette, client) = replaying(&scratch);
    call(&client, with("1235")).unwrap_err();
    call(&client, with("1234")).unwrap();
    let text = failure(|| cassette.finish());
    assert!(text.contains("files[0].content"), "{text}");
}

#[test]
fn dirty_files_are_found() {
    assert_cassettes_are_clean(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cassettes"));
    let scratch = recorded();
    assert_cassettes_are_clean(&scratch.0);
    let dirty = scratch
        .text()
        .replace("text 1 of 10 characters", "ada@lovelace.org");
    std::fs::write(scratch.path(), dirty).unwrap();
    let text = failure(|| assert_cassettes_are_clean(&scratch.0));
    assert_text("cassette_dirty", &scratch, &text);
}
