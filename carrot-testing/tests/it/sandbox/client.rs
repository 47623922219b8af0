//! Every operation of the client against the sandbox, in both API versions: whatever one sends, the
//! other understands.

use std::{collections::BTreeSet, time::Duration};

use carrot_core::{
    ApiVersion, AuthToken, Client, Clock, Endpoint,
    apps::{self, AssigneeFilter},
    client::CallOptions,
    conversations::{self, Operator, Sender},
    endpoint::{PageDirection, Paging, Upload},
    types::{
        AdminId, AdminType, Author, ChannelId, ConversationId, ErrorCode, EventName,
        EventProperties, Filter, PartType, Presence, PropertyOperation, UserRef,
    },
    users,
};
use carrot_testing::{Sandbox, VirtualClock, sandbox::SeedUser};

const ADA: AdminId = AdminId::new(501);

fn client(sandbox: &Sandbox, version: ApiVersion) -> Client {
    sandbox.client_builder().version(version).build().unwrap()
}

/// The output of a call that must succeed.
async fn done<E: Endpoint>(client: &Client, endpoint: E) -> E::Output {
    client.call(endpoint).await.unwrap()
}

fn customer() -> UserRef {
    UserRef::external("order/42 ц")
}

fn part_types(sandbox: &Sandbox, id: ConversationId) -> Vec<String> {
    let parts = sandbox.parts(id);
    parts
        .iter()
        .map(|part| part.kind.as_ref().unwrap().as_str().to_owned())
        .collect()
}

#[tokio::test]
async fn users_in_both_versions() {
    for version in ApiVersion::ALL.iter().copied() {
        let sandbox = Sandbox::new();
        let client = client(&sandbox, version);
        let unknown = client.call(users::Get::new(customer())).await.unwrap_err();
        assert_eq!(unknown.code(), Some(&ErrorCode::LookupError));
        assert!(unknown.is_not_found());

        let props = users::SetProps::new(customer())
            .with(PropertyOperation::update_or_create("$email", "a@example.com").unwrap())
            .with(PropertyOperation::add("orders", 2).unwrap());
        let report = done(&client, props).await;
        assert_eq!(report.affected, ["$email", "orders"]);
        assert!(report.ignored.is_empty());

        let event = EventName::new("Order Created").unwrap();
        let properties = EventProperties::new().with("sum", 10).unwrap();
        let track = users::TrackEvent::new(customer(), event.clone()).properties(properties);
        let tracked = done(&client, track.clone()).await;
        done(&client, track).await;
        let events = users::Events::new(customer()).named(event);
        let page = done(&client, events.page(Paging::new().size(1))).await;
        assert!(page.next.cursor().is_some());
        assert_ne!(page.items[0].id, tracked.id);

        let user = users::Get::new(customer())
            .include(carrot_core::endpoint::UserField::PropsCustom)
            .include(carrot_core::endpoint::UserField::EmailStatus);
        let user = done(
            &client,
            user.include(carrot_core::endpoint::UserField::Events)
                .include(carrot_core::endpoint::UserField::PropsEvents),
        )
        .await;
        assert_eq!(user.user_id.as_deref(), Some("order/42 ц"));
        assert_eq!(Some(user.id), sandbox.user_id("order/42 ц"));
        assert_eq!(Some(user.id), tracked.user);

        let mut presence = users::SetPresence::new(user.id, Presence::Online);
        if version == ApiVersion::V1 {
            presence = presence.session("0123456789abcdefghijklmnopqrstuv");
        } else {
            presence = presence.page("Cart").url("https://example.com/cart");
        }
        done(&client, presence).await;
        let active = done(&client, apps::ActiveUsers::new()).await;
        assert_eq!(active.items[0].presence, Some(Presence::Online));
        done(&client, users::UnsubscribeEmail::new(customer())).await;

        let leads = apps::Leads::new().filter(Filter::known("$email"));
        let mut leads = client.items(leads);
        assert_eq!(leads.next().await.unwrap().unwrap().id, user.id);
        assert!(leads.next().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn conversations_in_both_versions() {
    for version in ApiVersion::ALL.iter().copied() {
        let sandbox = Sandbox::new();
        let client = client(&sandbox, version);
        let start = users::StartConversation::new(customer(), "Where is it?");
        let id = done(&client, start).await.id;
        let user = sandbox.user_id("order/42 ц").unwrap();

        let reply = conversations::Reply::new(id, "On its way")
            .sender(ADA)
            .auto_assign(ADA);
        let receipt = done(&client, reply).await;
        assert_eq!(receipt.part.kind, Some(PartType::ReplyAdmin));
        assert!(matches!(&receipt.part.from, Some(Author::Admin(admin)) if admin.id == Some(ADA)));
        assert_eq!(receipt.assign_part.unwrap().kind, Some(PartType::Assigned));
        let by_user = conversations::Reply::new(id, "Thanks").sender(Sender::DefaultUser);
        let receipt = done(&client, by_user).await;
        assert!(matches!(receipt.part.from, Some(Author::User(id)) if id == user));
        done(&client, conversations::Reply::note(id, "Done")).await;

        done(&client, conversations::MarkRead::new(id)).await;
        done(&client, conversations::SetTyping::new(id, "I…")).await;
        let again = done(&client, conversations::Assign::new(id, ADA)).await;
        assert_eq!(again.part, None);
        let other = conversations::Assign::new(id, AdminId::new(502)).by(ADA);
        assert!(done(&client, other).await.part.is_some());
        done(&client, conversations::Unassign::new(id)).await;

        let tag = || conversations::AddTag::new(id, "sales");
        let first = done(&client, tag()).await;
        assert_eq!(first.changed(), version == ApiVersion::V2);
        // Work that is done is a success, and says so.
        assert!(!done(&client, tag()).await.changed());
        let gone = done(&client, conversations::RemoveTag::new(id, "vip")).await;
        assert!(!gone.changed());
        done(&client, conversations::RemoveTag::new(id, "sales")).await;
        done(&client, conversations::Close::new(id)).await;
        assert_eq!(
            done(&client, conversations::Close::new(id)).await.part,
            None
        );
        let expected = [
            "reply_user",
            "assigned",
            "reply_admin",
            "reply_user",
            "note",
            "assigned",
            "assigned",
            "tag_added",
            "tag_deleted",
            "closed",
        ];
        assert_eq!(part_types(&sandbox, id), expected);

        let mut parts = client.items(conversations::Parts::new(id).page(Paging::new().size(3)));
        let mut seen = Vec::new();
        while let Some(part) = parts.next().await.unwrap() {
            seen.push(part.kind.unwrap().as_str().to_owned());
        }
        seen.reverse();
        assert_eq!(seen, expected);

        let one = done(&client, conversations::Get::new(id)).await;
        assert_eq!((one.closed, one.parts_count), (Some(true), Some(10)));
        assert_eq!(one.user.unwrap().id, user);
    }
}

#[tokio::test]
async fn lists_of_conversations_in_both_versions() {
    for version in ApiVersion::ALL.iter().copied() {
        let sandbox = Sandbox::new();
        let client = client(&sandbox, version);
        let mut ids = Vec::new();
        for at in 0..7 {
            let user = UserRef::external(format!("user-{at}"));
            let start = users::StartConversation::new(user, "Hi");
            ids.push(done(&client, start).await.id);
        }
        sandbox.move_to_channel(ids[3], Some(ChannelId::new(5)));
        let all = || apps::Conversations::new().page(Paging::new().size(2));
        let mut listed = BTreeSet::new();
        let mut pages = client.pages(all().assigned(AssigneeFilter::Any));
        while let Some(page) = pages.next().await.unwrap() {
            listed.extend(page.items.into_iter().map(|one| one.id));
        }
        assert_eq!(listed, ids.iter().copied().collect());
        let nobody = done(
            &client,
            all().assigned(AssigneeFilter::Unassigned).closed(false),
        )
        .await;
        assert_eq!(nobody.items[0].id, ids[3]);
        let assigned = done(&client, all().assigned(AssigneeFilter::Admin(ADA))).await;
        assert!(assigned.items.is_empty());
        let channels = done(&client, apps::Channels::new()).await;
        assert_eq!(channels[0].not_assigned_count, Some(1));

        let user = sandbox.user_id("user-0").unwrap();
        let of_user = done(&client, users::Conversations::new(user)).await;
        assert_eq!(of_user.items[0].id, ids[0]);
        let sent = done(&client, users::SendMessage::new(user, "Sale!")).await;
        let of_user = done(&client, users::Conversations::new(user)).await;
        assert_eq!(Some(of_user.items[0].id), Some(sent.conversation));
    }
}

#[tokio::test]
async fn what_only_v2_knows() {
    let sandbox = Sandbox::new();
    let client = client(&sandbox, ApiVersion::V2);
    let file = || Upload::new("bill.pdf", "%PDF");
    let start = users::StartConversation::without_text(customer()).attachment(file());
    let id = done(&client, start).await.id;
    let reply = done(
        &client,
        conversations::Reply::without_text(id).attachment(file()),
    )
    .await;
    assert_eq!(
        reply.part.attachments[0].filename.as_deref(),
        Some("bill.pdf")
    );

    let csv = "$user_id,$name\norder/42 ц,Ada\nnew,Bob\n";
    let import = users::Import::new(csv)
        .delimiter(users::Delimiter::Comma)
        .tag("imported");
    assert_eq!(done(&client, import).await.updates_planned, Some(2));

    let mut newer = Paging::new().direction(PageDirection::After).size(1);
    let mut seen = Vec::new();
    loop {
        let parts = conversations::Parts::new(id).page(newer.clone());
        let page = done(&client, parts).await;
        seen.extend(page.items.iter().map(|part| part.id));
        match page.next.cursor() {
            Some(cursor) => newer = newer.starting_at(cursor.clone()),
            None => break,
        }
    }
    assert_eq!(seen.len(), 2);
    assert!(seen.is_sorted());
}

#[tokio::test]
async fn a_bot_writes_in_v1() {
    let sandbox = Sandbox::new();
    let client = client(&sandbox, ApiVersion::V1);
    let start = users::StartConversation::new(customer(), "Hi");
    let id = done(&client, start).await.id;
    let robo = || Operator::Bot("Robo".to_owned());
    let reply = conversations::Reply::new(id, "Hi").sender(robo());
    assert!(client.call(reply).await.is_ok());
    done(&client, conversations::Close::new(id).by(robo())).await;
    let parts = sandbox.parts(id);
    assert_eq!(parts[1].from.as_ref().unwrap().name(), Some("Robo"));
    assert!(matches!(&parts[2].from, Some(Author::Admin(bot)) if bot.kind == Some(AdminType::Bot)));
}

/// A sandbox with the service's limit, and clients that live by the same clock. No call has a deadline.
fn limited<const CLIENTS: usize>() -> (Sandbox, VirtualClock, [Client; CLIENTS]) {
    let clock = VirtualClock::new();
    let sandbox = Sandbox::builder().rate_limit(60).clock(clock.clone());
    let sandbox = sandbox.user(SeedUser::external("order-42")).build();
    let token = AuthToken::new(sandbox.token()).unwrap();
    let clients = std::array::from_fn(|_| {
        let client = Client::builder(sandbox.clone(), clock.clone(), token.clone());
        let options = CallOptions::new().call_timeout(None);
        client.options(options).build().unwrap()
    });
    (sandbox, clock, clients)
}

#[tokio::test]
async fn rate_limited_client_gets_no_429() {
    let (sandbox, clock, [client]) = limited();
    for _ in 0..150 {
        let get = users::Get::new(UserRef::external("order-42"));
        done(&client, get).await;
    }
    assert_eq!(sandbox.requests(), 150);
    assert!(clock.now() >= Duration::from_secs(60));
}

#[tokio::test]
async fn clients_sharing_a_key_retry() {
    let (sandbox, clock, clients) = limited::<2>();
    for _ in 0..60 {
        for client in &clients {
            let get = users::Get::new(UserRef::external("order-42"));
            done(client, get).await;
        }
    }
    assert!(sandbox.requests() > 120, "no request failed");
    assert!(clock.now() >= Duration::from_secs(60));
}
