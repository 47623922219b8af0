//! What a test may look at without a request.

use carrot_core::types::{AdminId, Author, ChannelId, ConversationId, Presence, UserId};
use carrot_testing::{Sandbox, sandbox::SeedUser};

use super::common::{get, post, start, upload};

#[test]
fn everything_that_happens_can_be_looked_at() {
    let sandbox = Sandbox::builder()
        .user(
            SeedUser::external("order-42")
                .prop("$email", "a@example.com")
                .prop("orders", 1)
                .tag("vip"),
        )
        .scopes([
            "app-basic-read",
            "as-user",
            "conversations-write",
            "messages-manual-send-one",
            "user-write",
        ])
        .rate_limit(50)
        .build();
    let id = sandbox.user_id("order-42").unwrap();
    let path = |operation: &str| format!("/v2/users/{id}/{operation}");
    post(&sandbox, &path("events"), "event=Order+placed").data();
    post(&sandbox, &path("setpresence"), "presence=online").data();
    post(&sandbox, &path("sendmessage"), "body=Welcome").data();
    let conversation = start(&sandbox, "order-42", "Where is it?");
    let typing = format!("conversations/{conversation}/settyping");
    post(&sandbox, &format!("/v1/{typing}"), "from_admin=501").data();
    post(
        &sandbox,
        &format!("/v2/{typing}"),
        "from_user=default_user&body=I+am",
    )
    .data();
    upload(
        &sandbox,
        "/v2/users/import",
        "app=$self_app&delimiter=%3B",
        &[("file", "users.csv", "$user_id;plan\nnew;pro\n;free\n")],
    )
    .data();
    let requests = sandbox.requests();
    let now = sandbox.now();

    let users = sandbox.users();
    assert_eq!(users.len(), 2);
    let user = sandbox.user(id).unwrap();
    assert_eq!(user, users[0]);
    assert_eq!(user.email(), Some("a@example.com"));
    assert_eq!(user.props_custom["orders"], 1);
    assert_eq!(user.presence, Some(Presence::Online));
    assert_eq!(user.tags, sandbox.user_tags());
    assert_eq!(user.tags[0].name.as_deref(), Some("vip"));
    assert!(user.email_status.is_some());
    assert_eq!(sandbox.user(UserId::new(1)), None);

    let types = sandbox.event_types();
    assert_eq!(types[0].name.as_deref(), Some("Order placed"));
    assert_eq!(user.events[&types[0].id].count, Some(1));
    let events = sandbox.events(id);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].user, Some(id));
    assert!(sandbox.events(UserId::new(1)).is_empty());

    let conversation = ConversationId::new(conversation);
    let all = sandbox.conversations();
    assert_eq!(all.len(), 2);
    assert_eq!(sandbox.conversation(conversation).as_ref(), Some(&all[1]));
    assert_eq!(all[1].admin_unread_count, Some(1));
    let parts = sandbox.parts(conversation);
    assert_eq!(parts[0].body.as_deref(), Some("Where is it?"));
    assert_eq!(parts[0].from, Some(Author::User(id)));
    assert!(sandbox.parts(ConversationId::new(1)).is_empty());
    let messages = sandbox.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].conversation, all[0].id);
    assert_eq!(Some(messages[0].message), all[0].message);

    let typing = sandbox.typing();
    assert_eq!(typing.len(), 2);
    assert!(typing.iter().all(|one| one.conversation == conversation));
    assert!(
        matches!(&typing[0].author, Author::Admin(admin) if admin.id == Some(AdminId::new(501)))
    );
    assert_eq!(typing[0].body, None);
    assert_eq!(typing[1].author, Author::User(id));
    assert_eq!(typing[1].body.as_deref(), Some("I am"));
    assert!(typing[0].at < typing[1].at);

    let imports = sandbox.imports();
    assert_eq!(imports.len(), 1);
    assert_eq!(imports[0].updates_planned, Some(1));
    assert!(imports[0].row_errors.contains_key(&3));
    assert_eq!(sandbox.webhooks().len(), 3);

    let admins = sandbox.admins();
    assert_eq!(admins[0].id, Some(AdminId::new(501)));
    assert_eq!(admins[1].name.as_deref(), Some("Second operator"));
    let channels = sandbox.channels();
    assert_eq!(channels[0].id, ChannelId::new(5));
    assert_eq!(channels[0].operators, admins);
    assert!(sandbox.scopes().contains("as-user"));
    assert!(!sandbox.scopes().contains("conversations-read"));

    // To look takes no time and counts for nothing.
    assert_eq!((sandbox.requests(), sandbox.now()), (requests, now));
    assert_eq!(sandbox.requests_in_minute(), 7);
    sandbox.advance(std::time::Duration::from_secs(54));
    // The first came a minute ago.
    assert_eq!(sandbox.requests_in_minute(), 6);
    assert_eq!(get(&sandbox, "/v2/apps/$self_app/channels", "").status, 200);

    let snapshot = sandbox.snapshot();
    let other = Sandbox::new();
    other.restore(&snapshot);
    assert_eq!(other.typing(), typing);
    assert_eq!(other.imports(), imports);
    sandbox.reset();
    assert!(sandbox.typing().is_empty() && sandbox.imports().is_empty());
    assert!(sandbox.conversations().is_empty() && sandbox.messages().is_empty());
}
