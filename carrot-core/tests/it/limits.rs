//! The limits of texts, lists, pages, properties and files: what breaks one is refused before anything
//! is sent, with the field and the rule, never with the value.

use carrot_core::{
    ApiContext,
    ApiVersion::{self, V1, V2},
    Endpoint as _, apps,
    conversations::{self, Operator, Sender},
    endpoint::{Paging, Upload},
    types::{
        AssistantType, Cursor, EventName, EventProperties, Filter, Presence, PropertyName,
        PropertyOperation, PropertyValue, RandomId, UserId,
    },
    users,
};
use serde_json::json;

use crate::support::{
    canned, client,
    refused::{no_value, refused},
    run,
};

const USER: UserId = UserId::new(1);

#[test]
fn messages() {
    let empty = "`body` must not be empty";
    let nul = "`body` must hold no NUL character";
    refused(V2, conversations::Reply::new(1, ""), empty);
    refused(V1, conversations::Reply::new(1, ""), empty);
    refused(V2, conversations::Reply::new(1, "a\0b"), nul);
    refused(V2, users::SendMessage::new(USER, ""), empty);
    refused(V2, users::SendMessage::new(USER, "\0"), nul);
    refused(V2, users::StartConversation::new(USER, ""), empty);
    refused(V2, users::StartConversation::new(USER, "\0"), nul);
    refused(V2, conversations::SetTyping::new(1, "\0"), nul);
    refused(
        V1,
        users::StartConversation::with_file(USER, Upload::new("a.txt", "x")),
        "`body` is required in v1 of the API",
    );
    let line =
        |field: &str| format!("`{field}` must hold no line break and no other control character");
    let reply = || conversations::Reply::new(1, "Hi");
    refused(V2, reply().external_id("a\nb"), &line("external_id"));
    refused(V2, reply().referrer("a\nb"), &line("referrer"));
    refused(
        V1,
        reply().from(Sender::Bot("a\nb".into())),
        &line("bot_name"),
    );
    refused(
        V1,
        reply().from(Sender::Bot(String::new())),
        "`bot_name` must not be empty",
    );
    refused(
        V1,
        conversations::Close::new(1).from(Operator::Bot(String::new())),
        "`bot_name` must not be empty",
    );
    refused(
        V2,
        reply().body_json(json!([1])),
        "`body_json` must be a JSON object",
    );
    refused(
        V2,
        reply().action(json!("x")),
        "`actions` must be JSON objects",
    );
    let start = users::StartConversation::new(USER, "Hi").referrer("a\0b");
    refused(V2, start, &line("referrer"));
    let presence = || users::SetPresence::new(USER, Presence::Online);
    refused(V2, presence().page("a\nb"), &line("current_page"));
    refused(V2, presence().url("a\nb"), &line("current_url"));
    let session = "`session` must be 32 characters of `a-z` and `0-9`";
    refused(V1, presence().session("x"), session);
    refused(V2, presence().session("A".repeat(32)), session);
    refused(
        V2,
        users::SetPresence::new(USER, Presence::from("away")),
        "`presence` must be `online` or `idle`",
    );
}

#[test]
fn random_ids() {
    for number in [0, -1, RandomId::MAX + 1] {
        no_value(
            RandomId::new(number),
            "`random_id` must be from 1 to 2^31-1",
        );
    }
    // One that came with an answer may be any number.
    let zero: RandomId = serde_json::from_str("0").expect("as it comes");
    let rule = "`random_id` must be from 1 to 2^31-1";
    refused(V2, conversations::Reply::new(1, "Hi").random_id(zero), rule);
    let reply = conversations::Reply::new(1, "Hi").auto_assign(2);
    let rule = "`auto_assign_random_id` must be from 1 to 2^31-1";
    refused(V2, reply.auto_assign_random_id(zero), rule);
}

#[test]
fn tags() {
    let long = "я".repeat(256);
    for (tag, rule) in [
        ("", "must be 1 to 255 characters, got 0"),
        (&long, "must be 1 to 255 characters, got 256"),
        ("a,b", "must hold no comma, which ends a tag in a list"),
        (
            "a\nb",
            "must hold no line break and no other control character",
        ),
        (
            "a\0",
            "must hold no line break and no other control character",
        ),
    ] {
        for version in ApiVersion::ALL {
            refused(
                version,
                conversations::AddTag::new(1, tag),
                &format!("`tag` {rule}"),
            );
            refused(
                version,
                conversations::RemoveTag::new(1, tag),
                &format!("`tag` {rule}"),
            );
            refused(
                version,
                apps::Conversations::new().tag(tag),
                &format!("`tags` {rule}"),
            );
        }
    }
    let import = || users::Import::new("$user_id\n1\n");
    refused(V2, import().tag(""), "`tags` must hold no empty name");
    refused(
        V2,
        import().tag("a\nb"),
        "`tags` must hold no line break and no other control character",
    );
    refused(
        V2,
        apps::Conversations::new().assistant_type(AssistantType::from("a\nb")),
        "`assistant_type` must hold no line break and no other control character",
    );
}

#[test]
fn pages() {
    for size in [0, 51, u32::MAX] {
        let page = || Paging::new().size(size);
        let rule = |field: &str| format!("`{field}` must be 1 to 50 records a page, got {size}");
        refused(
            V2,
            conversations::Parts::new(1).page(page()),
            &rule("paginate_count"),
        );
        refused(
            V1,
            conversations::Parts::new(1).page(page()),
            &rule("count"),
        );
        refused(
            V2,
            apps::ActiveUsers::new().page(page()),
            &rule("paginate_count"),
        );
        refused(
            V2,
            apps::Conversations::new().page(page()),
            &rule("paginate_count"),
        );
        refused(
            V2,
            users::Events::new(USER).page(page()),
            &rule("paginate_count"),
        );
        refused(
            V1,
            users::Conversations::new(USER).page(page()),
            &rule("count"),
        );
        refused(V1, apps::Leads::new().limit(size), &rule("limit"));
        refused(V2, apps::Leads::new().page(page()), &rule("limit"));
    }
}

#[test]
fn cursors() {
    no_value(
        Cursor::position("{}"),
        "`cursor` of kind `position` must be a JSON array",
    );
    no_value(
        Cursor::position("[1"),
        "`cursor` of kind `position` must be a JSON array",
    );
    no_value(
        Cursor::after(""),
        "`cursor` of kind `after` must not be empty",
    );
    let foreign = |wanted: &str, got: &str| {
        format!(
            "`cursor` must be a cursor {wanted}, got one {got}; a cursor serves only the generation \
             and the operation that gave it"
        )
    };
    let after = ("of v1 (`after`)", Cursor::after("1").expect("a cursor"));
    let position = (
        "of v2 (`paginate_position`)",
        Cursor::position("[1]").expect("a cursor"),
    );
    let offset = ("of the list of leads (`offset`)", Cursor::offset(1));
    for (version, own) in [(V1, &after), (V2, &position)] {
        for foreign_one in [&after, &position, &offset] {
            if foreign_one == own {
                continue;
            }
            let page = Paging::new().from(foreign_one.1.clone());
            let rule = foreign(own.0, foreign_one.0);
            refused(
                version,
                conversations::Parts::new(1).page(page.clone()),
                &rule,
            );
            refused(version, users::Events::new(USER).page(page), &rule);
        }
        for foreign_one in [&after, &position] {
            let page = Paging::new().from(foreign_one.1.clone());
            refused(
                version,
                apps::Leads::new().page(page),
                &foreign(offset.0, foreign_one.0),
            );
        }
    }
    let line_break = Paging::new().from(Cursor::after("1\n2").expect("a cursor"));
    refused(
        V1,
        conversations::Parts::new(1).page(line_break),
        "`after` must hold no line break and no other control character",
    );
}

#[test]
fn properties() {
    let delete = || PropertyOperation::delete("p").expect("an operation");
    refused(
        V2,
        users::SetProps::new(USER),
        "`operations` must be 1 to 250 in one request, got 0",
    );
    refused(
        V2,
        users::SetProps::new(USER).with_all(vec![delete(); 251]),
        "`operations` must be 1 to 250 in one request, got 251",
    );
    let recorder = canned([]);
    let most = users::SetProps::new(USER).with_all(vec![delete(); 250]);
    run(client(&recorder, V2).call(most)).expect("just fits");
    refused(
        V2,
        users::SetProps::new(USER)
            .with(delete())
            .source(json!("site")),
        "`source` must be a JSON object",
    );

    no_value(
        PropertyName::custom("$name"),
        "`property name` of a custom property must not begin with `$`, which is kept for system \
         properties",
    );
    no_value(
        PropertyOperation::delete(""),
        "`property name` must not be empty",
    );
    no_value(
        PropertyOperation::delete("$"),
        "`property name` must go on after the `$`",
    );
    no_value(
        PropertyOperation::delete("a\nb"),
        "`property name` must not contain control characters",
    );
    let long = "я".repeat(256);
    no_value(
        PropertyOperation::update_or_create("city", long.as_str()),
        "`value of city` must be at most 255 characters, got 256",
    );
    no_value(
        PropertyOperation::append("cities", long.as_str()),
        "`value of cities` must be at most 255 characters, got 256",
    );
    no_value(
        PropertyValue::list(vec!["x"; 31]),
        "`property value` must be at most 30 items, got 31",
    );
    no_value(
        PropertyValue::list([long.as_str()]),
        "`property value` has an item that must be at most 255 characters, got 256",
    );
    no_value(
        PropertyOperation::add("orders", (1 << 53) + 1),
        "`value of orders` must be an integer from -2^53 to 2^53 (-9007199254740992 to \
         9007199254740992)",
    );
    refused(
        V2,
        apps::Leads::new().sort_by(""),
        "`property name` must not be empty",
    );
    refused(
        V2,
        apps::Leads::new().filter(Filter::known("")),
        "`property name` must not be empty",
    );
}

#[test]
fn events() {
    let long = "я".repeat(256);
    no_value(EventName::new(""), "`event name` must not be empty");
    no_value(
        EventName::new(long),
        "`event name` must be at most 255 characters, got 256",
    );
    no_value(
        EventProperties::new().with("x".repeat(71), 1),
        "`event property name` must be at most 70 characters, got 71",
    );
    no_value(
        EventName::new("a\nb"),
        "`event name` must not contain control characters",
    );
}

#[test]
fn files() {
    for field in ["attachment", "file"] {
        let refuse = |file: Upload, rule: &str| {
            let rule = format!("`{field}` {rule}");
            match field {
                "file" => refused(V2, users::StartConversation::with_file(USER, file), &rule),
                _ => refused(V2, conversations::Reply::file(1, file), &rule),
            }
        };
        refuse(Upload::new("a.txt", ""), "must not be empty");
        refuse(
            Upload::new("a.txt", vec![0; 10_000_001]),
            "must be at most 10000000 bytes (10 MB), got 10000001",
        );
        refuse(
            Upload::new("", "x"),
            "must have a name of 1 to 255 characters, got 0",
        );
        let long = format!("{}.txt", "я".repeat(252));
        refuse(
            Upload::new(long, "x"),
            "must have a name of 1 to 255 characters, got 256",
        );
    }
    for name in ["a.exe", "txt", "a.txt.", "a"] {
        let kinds = "`file` must have a name that ends in one of jpg, jpeg, png, gif, pdf, rar, zip, \
                     html, csv, docx, doc, xlsx, xls, txt, sig";
        let file = Upload::new(name, "x");
        refused(
            V2,
            users::StartConversation::with_file(USER, file.clone()),
            kinds,
        );
        // No kinds are documented for a reply.
        let reply = conversations::Reply::file(1, file);
        assert!(reply.request(&ApiContext::new(V2)).is_ok(), "{name}");
    }
    refused(
        V2,
        conversations::Reply::file(1, Upload::new("a\r\nb.txt", "x")),
        "`attachment_file_name` must hold no line break and no other control character",
    );
}

#[test]
fn imports() {
    let header = "`file` must name the column `$user_id` in its first line, delimited by \"\\t\"";
    refused(V2, users::Import::new(""), header);
    refused(V2, users::Import::new("$user_id,$name\n1,a\n"), header);
    refused(
        V2,
        users::Import::new("$user_id\n").merge_field(users::MergeField::Email),
        "`file` must name the column `$email` in its first line, delimited by \"\\t\"",
    );
    refused(
        V2,
        users::Import::new(&b"$user_id\n\xff"[..]),
        "`file` must be UTF-8",
    );
    refused(
        V2,
        users::Import::new(vec![b'a'; 30_000_000]),
        "`file` must be below 30000000 bytes (30 MB), got 30000000",
    );
    refused(
        V1,
        users::Import::new("$user_id\n1\n"),
        "`version` must be 2: v1 of the API does not know this operation",
    );
}
