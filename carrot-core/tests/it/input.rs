//! Tokens, ids and addresses: what is refused before anything is sent, each time with the field and
//! the rule, never with the value; and what is encoded.

use carrot_core::{
    ApiVersion::{V1, V2},
    AuthToken, BaseUrl, Client,
    apps::{self, AssigneeFilter},
    conversations,
    types::{
        AdminId, AppId, ChannelId, ConversationId, EventName, Filter, Filters, Presence,
        PropertyOperation, UserId, UserRef,
    },
    users,
};
use carrot_testing::VirtualClock;

use crate::support::{
    TOKEN, builder, canned, client,
    refused::{no_value, refused, refused_by},
    request::Parameters as _,
    run, watched,
};

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
        let recorder = canned([]);
        let _ = run(client(&recorder, V2).call(users::Get::new(UserRef::external(id))));
        let sent = recorder.single();
        assert_eq!(sent.uri().path(), path);
        assert_eq!(sent.segments(), ["v2", "users", id]);
        assert_eq!(sent.uri().host(), Some("api.carrotquest.io"));
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
        list().assigned(AssigneeFilter::Admin(AdminId::new(0))),
        &zero("assigned"),
    );
    refused(
        V2,
        list().assigned(AssigneeFilter::AdminOrUnassigned(AdminId::new(0))),
        &zero("assigned"),
    );
    refused(V2, list().channel(ChannelId::new(0)), &zero("channel"));

    let recorder = canned([]);
    let client = watched(builder(&recorder).app(AppId::new(0)));
    refused_by(&client, apps::Leads::new(), &zero("app"));
    refused_by(&client, users::Get::new(USER), &zero("app"));
    assert!(recorder.requests().is_empty());
}

#[test]
fn a_request_line_that_no_server_takes() {
    let filters = (0..2_000).map(|_| Filter::text_equals("x", "я".repeat(20)));
    refused(
        V2,
        apps::Leads::new().filter(Filters::all(filters)),
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
        let builder = Client::builder(canned([]), VirtualClock::manual(), token.clone());
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
        let client = watched(builder(&canned([])).host(base));
        let conversation = ConversationId::new(1);
        let request = client.prepare(&conversations::Get::new(conversation));
        assert_eq!(request.expect("a request").uri().to_string(), address);
    }
}
