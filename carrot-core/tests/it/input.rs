//! Tokens, ids and URLs: rejected before sending with the field and the rule, but without the value; or
//! encoded.

use carrot_core::{
    ApiVersion::{V1, V2},
    AuthToken, BaseUrl,
    apps::{self, AssigneeFilter},
    conversations,
    endpoint::Paging,
    types::{
        AdminId, AppId, ChannelId, ConversationId, Cursor, EventName, Filter, Filters, Presence,
        PropertyOperation, UserId, UserRef,
    },
    users,
};

use crate::support::{
    ID, builder, canned, client, rejections::Rejections, request::Parameters as _, run, watched,
};

const USER: UserId = UserId::new(1);

#[test]
fn tokens() {
    let mut rejected = Rejections::default();
    rejected.value(AuthToken::new(""));
    for token in [
        "app.1.x\n",
        "app.1.x\r\n",
        "app.1.x\r\nx",
        "\tapp.1.x",
        "app 1",
        " ",
        "app.1.ключ",
        "app.1.é",
        "app.1.\u{7f}",
        "a\0",
        "Token app.1.x",
        "bearer app.1.x",
        "\"app.1.x\"",
        "'app.1.x'",
        "app.1.\\x",
    ] {
        rejected.given(token);
        rejected.value(AuthToken::new(token));
    }
    rejected.assert("tokens");
}

#[test]
fn external_ids() {
    let mut rejected = Rejections::default();
    let long = "я".repeat(256);
    for id in ["", ".", "..", &long, "a\nb", "\0", "\u{85}"] {
        rejected.given(id);
        let user = || UserRef::external(id);
        let name = || EventName::new("e").expect("a name");
        let operation = || PropertyOperation::delete("p").expect("an operation");
        rejected.call(V2, users::Get::new(user()));
        rejected.call(V1, users::Get::new(user()));
        rejected.call(V2, users::SetProps::new(user()).with(operation()));
        rejected.call(V2, users::Events::new(user()));
        rejected.call(V2, users::TrackEvent::new(user(), name()));
        rejected.call(V2, users::Conversations::new(user()));
        rejected.call(V2, users::SendMessage::new(user(), "Hi"));
        rejected.call(V2, users::StartConversation::new(user(), "Hi"));
        rejected.call(V2, users::UnsubscribeEmail::new(user()));
    }
    rejected.assert("external_ids");
}

#[test]
fn external_ids_like_urls_are_one_segment() {
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
        ("\\\\host\\", "/v2/users/%5C%5Chost%5C"),
        ("@host", "/v2/users/%40host"),
        (":80@host", "/v2/users/%3A80%40host"),
        ("..%2f..%2fid", "/v2/users/..%252f..%252fid"),
        ("%00", "/v2/users/%2500"),
        ("a?b=1", "/v2/users/a%3Fb%3D1"),
        ("a&b=1", "/v2/users/a%26b%3D1"),
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
fn id_of_zero() {
    let mut rejected = Rejections::default();
    let user = UserId::new(0);
    rejected.call(V2, users::Get::new(user));
    rejected.call(V2, users::SetPresence::new(user, Presence::Online));
    rejected.call(V2, conversations::Get::new(ConversationId::new(0)));
    rejected.call(V2, conversations::Reply::new(ConversationId::new(0), "Hi"));
    rejected.call(V1, conversations::MarkRead::new(ConversationId::new(0)));
    rejected.call(V2, conversations::Assign::new(ID, AdminId::new(0)));
    rejected.call(V2, conversations::Close::new(ID).by(AdminId::new(0)));
    let reply = || conversations::Reply::new(ID, "Hi");
    rejected.call(V2, reply().sender(AdminId::new(0)));
    rejected.call(V2, reply().sender(UserId::new(0)));
    rejected.call(V2, reply().auto_assign(AdminId::new(0)));
    let list = || apps::Conversations::new();
    rejected.call(V2, list().assigned(AssigneeFilter::Admin(AdminId::new(0))));
    rejected.call(
        V2,
        list().assigned(AssigneeFilter::AdminOrUnassigned(AdminId::new(0))),
    );
    rejected.call(V2, list().channel(ChannelId::new(0)));

    let recorder = canned([]);
    let client = watched(builder(&recorder).app(AppId::new(0)));
    rejected.by(&client, apps::Leads::new());
    rejected.by(&client, users::Get::new(USER));
    assert!(recorder.requests().is_empty());
    rejected.assert("id_of_zero");
}

#[test]
fn oversized_request_line() {
    let mut rejected = Rejections::default();
    let filters = (0..2_000).map(|_| Filter::text_equals("x", "я".repeat(20)));
    rejected.call(V2, apps::Leads::new().filter(Filters::all(filters)));
    let tagged = (0..2_000).fold(apps::Conversations::new(), |list, tag| {
        list.tag(format!("{tag:я>40}"))
    });
    rejected.call(V2, tagged);
    for version in [V1, V2] {
        let tags = (0..7).fold(apps::Conversations::new(), |list, _| {
            list.tag("я".repeat(200))
        });
        rejected.call(version, tags);
    }
    let position = Cursor::position(format!("[\"{}\"]", "9".repeat(8_000))).expect("a cursor");
    let parts = conversations::Parts::new(ID).page(Paging::new().starting_at(position));
    rejected.call(V2, parts);
    rejected.assert("oversized_request_line");
}

#[test]
fn base_urls() {
    let mut rejected = Rejections::default();
    for text in [
        "",
        "api.carrotquest.io",
        "//api.carrotquest.io",
        "https://пример.рф",
        "https://host/путь",
        "\u{feff}https://host",
        " https://host",
        "https://[fe80::1%25eth0]",
        "https://[host]",
        "ftp://example.com",
        "https://",
        "https://user@example.com",
        "https://user:pass@example.com",
        "https://:pass@example.com/path",
        "https://user:pass@[::1]:80",
        "https://example.com\r\nauthorization: x",
        "https://example.com/?a=1",
        "https://example.com#top",
        "https://exa mple.com",
        "https://example.com\n",
        "https://:443",
        "https://example.com:99999",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com/a/../b",
        "https://example.com/#a",
        "https://ex ample",
        "/path",
        "https://me@example.com",
        "https://:80",
        "https://example.com?",
        "/v2",
        "*",
        "https:// host",
        "https://api.dashly.app/v2",
        "https://host/proxy/v1/",
    ] {
        rejected.given(text);
        rejected.value(text.parse::<BaseUrl>());
    }
    let plain: BaseUrl = "http://example.com".parse().expect("a URL");
    let build = || builder(&canned([])).base_url(plain.clone());
    rejected.value(build().build());
    build().allow_plain_http().build().expect("allowed");
    rejected.value(build().allow_plain_http().user_agent("a\nb").build());
    rejected.assert("base_urls");
}

#[test]
fn base_url_prefixes_every_path() {
    for (base, prefix) in [
        ("https://api.dashly.app", "https://api.dashly.app"),
        ("https://api.dashly.app/", "https://api.dashly.app"),
        (
            "https://proxy.example/carrot/",
            "https://proxy.example/carrot",
        ),
        ("https://proxy.example:8443", "https://proxy.example:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/a/b//", "http://localhost:8080/a/b"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("http://[::1]:8080/p/q/", "http://[::1]:8080/p/q"),
    ] {
        let base: BaseUrl = base.parse().expect("a URL");
        assert_eq!(base.to_string(), prefix);
        let client = watched(builder(&canned([])).base_url(base));
        let request =
            client.prepare(&users::Get::new(USER).include(carrot_core::endpoint::UserField::Tags));
        let address = request.expect("a request").uri().to_string();
        assert_eq!(address, format!("{prefix}/v2/users/1?tags=true"));
    }
}
