//! What is refused before anything is sent: each time with the field and the rule, never with the
//! value.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use carrot_core::{
    ApiVersion::{self, V1, V2},
    AuthToken, BaseUrl, Client, Endpoint, ErrorKind, Sent,
    apps::{self, Assigned},
    conversations::{self, Operator, Sender},
    endpoint::{Paging, Upload},
    types::{
        AdminId, AppId, AssistantType, ChannelId, ConversationId, Cursor, EventName,
        EventProperties, Filter, InvalidValue, Presence, PropertyName, PropertyOperation,
        PropertyValue, RandomId, UserId, UserRef,
    },
    users,
};
use serde_json::json;
use support::{ManualClock, Recorder, TOKEN, builder, client, run};

/// Asserts that an operation is refused for this reason, and that nothing is sent.
fn refused<E: Endpoint>(version: ApiVersion, endpoint: E, rule: &str) {
    let recorder = Recorder::new();
    refused_by(&client(&recorder, version), endpoint, rule);
    assert!(recorder.requests().is_empty());
}

fn refused_by<E: Endpoint>(client: &Client, endpoint: E, rule: &str) {
    let Err(error) = run(client.call(endpoint)) else {
        panic!("was sent, in spite of: {rule}")
    };
    assert_eq!(
        error.to_string(),
        format!("{}: {rule}; nothing was sent", E::NAME)
    );
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::InvalidRequest, Sent::Never)
    );
    assert_eq!(error.attempts(), 0);
    assert!(!error.may_have_been_applied() && !error.is_not_found());
    let invalid = error.invalid_value().expect("the field");
    assert_eq!(invalid.to_string(), rule);
}

/// Asserts the text of the error of a value that cannot even be made.
fn no_value<T>(made: Result<T, InvalidValue>, text: &str) {
    match made {
        Ok(_) => panic!("was made, in spite of: {text}"),
        Err(error) => assert_eq!(error.to_string(), text),
    }
}

const USER: UserId = UserId::new(1);

#[test]
fn tokens() {
    let rule = "`token` must be visible ASCII characters only, with no space and no line break";
    no_value(AuthToken::new(""), "`token` must not be empty");
    for token in [
        "app.1.x\n",
        "app.1.x\r\n",
        "\tapp.1.x",
        "app 1",
        "app.1.ключ",
        "a\0",
    ] {
        no_value(AuthToken::new(token), rule);
    }
}

#[test]
fn own_ids() {
    let long = "я".repeat(256);
    for (id, rule) in [
        ("", "`user` must not be an empty id"),
        (
            ".",
            "`user` must not be the id `.` or `..`, which a path cannot carry",
        ),
        (
            "..",
            "`user` must not be the id `.` or `..`, which a path cannot carry",
        ),
        (
            &long,
            "`user` must be an id of at most 255 characters, got 256",
        ),
        (
            "a\nb",
            "`user` must be an id without control characters such as line breaks",
        ),
        (
            "\0",
            "`user` must be an id without control characters such as line breaks",
        ),
        (
            "\u{85}",
            "`user` must be an id without control characters such as line breaks",
        ),
    ] {
        let user = || UserRef::external(id);
        let name = || EventName::new("e").expect("a name");
        let operation = || PropertyOperation::delete("p").expect("an operation");
        refused(V2, users::Get::new(user()), rule);
        refused(V1, users::Get::new(user()), rule);
        refused(V2, users::SetProps::new(user()).with(operation()), rule);
        refused(V2, users::Events::new(user()), rule);
        refused(V2, users::TrackEvent::new(user(), name()), rule);
        refused(V2, users::Conversations::new(user()), rule);
        refused(V2, users::SendMessage::new(user(), "Hi"), rule);
        refused(V2, users::StartConversation::new(user(), "Hi"), rule);
        refused(V2, users::UnsubscribeEmail::new(user()), rule);
    }
}

#[test]
fn own_ids_that_look_like_addresses_are_one_segment() {
    let longest = "я".repeat(255);
    for (id, path) in [
        ("a/b?c#d", "/v2/users/a%2Fb%3Fc%23d"),
        ("//host", "/v2/users/%2F%2Fhost"),
        ("http://evil", "/v2/users/http%3A%2F%2Fevil"),
        ("../../apps", "/v2/users/..%2F..%2Fapps"),
        ("...", "/v2/users/..."),
        ("%2e%2e", "/v2/users/%252e%252e"),
        (" ", "/v2/users/%20"),
        ("a+b c", "/v2/users/a%2Bb%20c"),
        ("заказ", "/v2/users/%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7"),
        ("user@example.com", "/v2/users/user%40example.com"),
        ("\\..\\;a=b", "/v2/users/%5C..%5C%3Ba%3Db"),
        ("22735768", "/v2/users/22735768"),
        (&longest, &format!("/v2/users/{}", "%D1%8F".repeat(255))),
    ] {
        let recorder = Recorder::new();
        let _ = run(client(&recorder, V2).call(users::Get::new(UserRef::external(id))));
        let sent = recorder.request();
        assert_eq!(sent.uri.path(), path);
        assert_eq!(sent.segments(), ["v2", "users", id]);
        assert_eq!(sent.uri.host(), Some("api.carrotquest.io"));
        assert_eq!(
            sent.parameters(),
            [("by_user_id".to_owned(), "true".to_owned())]
        );
    }
}

#[test]
fn an_id_of_zero() {
    let zero = |field: &str| format!("`{field}` must be an id of 1 or more, got 0");
    let user = UserId::new(0);
    refused(V2, users::Get::new(user), &zero("user"));
    refused(
        V2,
        users::SetPresence::new(user, Presence::Online),
        &zero("user"),
    );
    refused(V2, conversations::Get::new(0), &zero("conversation"));
    refused(
        V2,
        conversations::Reply::new(0, "Hi"),
        &zero("conversation"),
    );
    refused(V1, conversations::MarkRead::new(0), &zero("conversation"));
    refused(V2, conversations::Assign::new(1, 0), &zero("admin"));
    refused(
        V2,
        conversations::Close::new(1).from(AdminId::new(0)),
        &zero("from_admin"),
    );
    let reply = || conversations::Reply::new(1, "Hi");
    refused(V2, reply().from(AdminId::new(0)), &zero("from_admin"));
    refused(V2, reply().from(UserId::new(0)), &zero("from_user"));
    refused(V2, reply().auto_assign(0), &zero("auto_assign"));
    let list = || apps::Conversations::new();
    refused(
        V2,
        list().assigned(Assigned::To(AdminId::new(0))),
        &zero("assigned"),
    );
    refused(
        V2,
        list().assigned(Assigned::ToOrNobody(AdminId::new(0))),
        &zero("assigned"),
    );
    refused(V2, list().channel(ChannelId::new(0)), &zero("channel"));

    let recorder = Recorder::new();
    let client = builder(&recorder)
        .app(AppId::new(0))
        .build()
        .expect("a client");
    refused_by(&client, apps::Leads::new(), &zero("app"));
    refused_by(&client, users::Get::new(USER), &zero("app"));
    assert!(recorder.requests().is_empty());
}

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
        "`body` is required in generation 1 of the API",
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
    let after = (
        "of generation 1 (`after`)",
        Cursor::after("1").expect("a cursor"),
    );
    let position = (
        "of generation 2 (`paginate_position`)",
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
    let recorder = Recorder::new();
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
    let name = || EventName::new("a\nb").expect("a name");
    let rule =
        |field: &str| format!("`{field}` must hold no line break and no other control character");
    refused(V2, users::TrackEvent::new(USER, name()), &rule("event"));
    refused(
        V2,
        users::Events::new(USER).named(name()),
        &rule("filter_name"),
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
        for name in ["a.exe", "txt", "a.txt.", "a"] {
            refuse(
                Upload::new(name, "x"),
                "must have a name that ends in one of jpg, jpeg, png, gif, pdf, rar, zip, html, csv, \
                 docx, doc, xlsx, xls, txt, sig",
            );
        }
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
        "`version` must be 2: generation 1 of the API does not know this operation",
    );
}

#[test]
fn a_request_line_that_no_server_takes() {
    let filters = (0..2_000).map(|_| Filter::text_equals("x", "я".repeat(20)));
    refused(
        V2,
        apps::Leads::new().filter(carrot_core::types::Filters::all(filters)),
        "`parameters` must fit into an address of at most 64 KiB together",
    );
}

#[test]
fn base_urls() {
    let begins = "`base URL` must begin with `https://` and a host";
    let address = "`base URL` must be an address such as `https://api.carrotquest.io`";
    for (text, rule) in [
        ("", address),
        ("api.carrotquest.io", begins),
        ("//api.carrotquest.io", begins),
        (
            "ftp://example.com",
            "`base URL` must begin with `https://` or `http://`",
        ),
        ("https://", address),
        (
            "https://user@example.com",
            "`base URL` must hold no user name and no password",
        ),
        (
            "https://user:pass@example.com",
            "`base URL` must hold no user name and no password",
        ),
        (
            "https://example.com/?a=1",
            "`base URL` must have no query (`?…`)",
        ),
        (
            "https://example.com#top",
            "`base URL` must have no fragment (`#…`)",
        ),
        ("https://exa mple.com", address),
        ("https://example.com\n", address),
        ("https://:443", "`base URL` must name a host"),
        (
            "https://example.com:99999",
            "`base URL` must have a port from 1 to 65535",
        ),
        (
            "https://example.com:",
            "`base URL` must have a port from 1 to 65535",
        ),
        (
            "https://example.com:0",
            "`base URL` must have a port from 1 to 65535",
        ),
        (
            "https://example.com/a/../b",
            "`base URL` must have a path without `.` and `..`",
        ),
    ] {
        no_value(text.parse::<BaseUrl>(), rule);
    }
    let plain: BaseUrl = "http://example.com".parse().expect("an address");
    let token = AuthToken::new(TOKEN).expect("a sound token");
    let build = || {
        let builder = Client::builder(Recorder::new(), ManualClock::new(), token.clone());
        builder.host(plain.clone())
    };
    no_value(
        build().build(),
        "`base URL` must be `https`, since plain `http` shows the token to everybody on the way; \
         call `allow_plain_http` if that is what you want",
    );
    build().allow_plain_http().build().expect("allowed");
    no_value(
        build().allow_plain_http().user_agent("a\nb").build(),
        "`user agent` must be visible ASCII characters",
    );
}

#[test]
fn a_base_url_stands_in_front_of_every_path() {
    for (base, address) in [
        (
            "https://proxy.example/carrot/",
            "https://proxy.example/carrot/v2/conversations/1",
        ),
        (
            "https://proxy.example:8443",
            "https://proxy.example:8443/v2/conversations/1",
        ),
        (
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/v2/conversations/1",
        ),
        (
            "http://[::1]:8080/a",
            "http://[::1]:8080/a/v2/conversations/1",
        ),
    ] {
        let base: BaseUrl = base.parse().expect("an address");
        let client = builder(&Recorder::new())
            .host(base)
            .build()
            .expect("a client");
        let conversation = ConversationId::new(1);
        let request = client.prepare(&conversations::Get::new(conversation));
        assert_eq!(request.expect("a request").uri().to_string(), address);
    }
}
