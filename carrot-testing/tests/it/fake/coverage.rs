//! Which operations the tests call, and a fake of every operation.

use super::*;

#[tokio::test]
async fn coverage_is_collected_over_clients() {
    let coverage = Coverage::new();
    let observed = |builder: ClientBuilder| builder.observer(coverage.clone()).build().unwrap();
    for endpoint in [
        get(),
        get().include(carrot_core::endpoint::UserField::Notes),
    ] {
        let _ = observed(Fake::lenient().client_builder())
            .call(endpoint)
            .await;
    }
    let failing = RecordingTransport::new().with_default(CannedResponse::failure(
        TransportErrorKind::Connect,
        Sent::Never,
    ));
    let _ = observed(client_builder(failing)).call(reply()).await;
    // Nothing was sent.
    let invalid = conversations::Reply::new(ConversationId::new(716), "");
    let _ = observed(client_builder(RecordingTransport::new()))
        .call(invalid)
        .await;
    coverage.add("users.salute");
    assert_eq!(
        coverage.exercised(),
        ["conversations.reply", "users.get", "users.salute"]
    );
    assert_eq!(
        coverage.not_exercised().len(),
        Coverage::operations().len() - 2
    );
    assert!(!coverage.not_exercised().contains(&"users.get"));
    let text = coverage.to_string();
    assert!(text.starts_with("2 of 24 operations exercised\n"), "{text}");
    assert!(
        text.contains("  ✓ users.get\n") && text.contains("  ✗ users.import\n"),
        "{text}"
    );
}

#[test]
fn webhook_and_realtime_models_round_trip() {
    for webhook in [
        Webhook::Event(Box::new(
            fake::event_webhook().with_event_name("Order \"42\""),
        )),
        Webhook::Message(Box::new(fake::message_webhook())),
        Webhook::Conversation(Box::new(fake::conversation_webhook())),
    ] {
        let form = webhook.to_form("s3cret");
        assert_eq!(webhook::parse(form.as_bytes(), "s3cret"), Ok(webhook));
    }
    let message = fake::realtime_message();
    let json = serde_json::to_string(&message).unwrap();
    assert_eq!(RealtimeMessage::parse(&json), Ok(message));
    assert!(fake::order().completed().is_ok() && fake::cart().operations().is_ok());
    assert!(fake::product().viewed().is_ok());
}

#[test]
fn coverage_files_can_be_shared() {
    let path = std::env::temp_dir().join(format!("carrot-coverage-{}.txt", std::process::id()));
    let (one, other) = (
        Coverage::in_file(&path).unwrap(),
        Coverage::in_file(&path).unwrap(),
    );
    one.add("users.get");
    one.add("users.get");
    other.add("users.salute");
    assert_eq!(one.exercised(), ["users.get"]);
    let lines = std::fs::read_to_string(&path).unwrap();
    assert_eq!(lines, "users.get\nusers.salute\n");
    let all = Coverage::in_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(all.exercised(), ["users.get", "users.salute"]);
    assert!(Coverage::in_file(std::env::temp_dir()).is_err());
}

/// Calls an operation as it was expected, and gets the sample back.
async fn round<E>(coverage: &Coverage, version: ApiVersion, endpoint: E, sample: E::Output)
where
    E: carrot_core::endpoint::EncodeResponse + Clone + 'static,
    E::Output: Clone + PartialEq + std::fmt::Debug,
{
    let fake = Fake::new();
    fake.on_call(endpoint.clone()).reply(sample.clone());
    let builder = fake.client_builder().version(version);
    let client = builder.observer(coverage.clone()).build().unwrap();
    assert_eq!(client.call(endpoint).await.unwrap(), sample);
}

#[tokio::test]
async fn every_operation_is_faked_in_each_version() {
    const USER: UserId = UserId::new(7);
    let name = || carrot_core::types::EventName::new("Order paid").unwrap();
    let rename = || PropertyOperation::update_or_create("$name", "Ada").unwrap();
    for version in ApiVersion::ALL.iter().copied() {
        let coverage = Coverage::new();
        macro_rules! round {
            ($( $endpoint:expr => $sample:ident, )+) => {
                $( round(&coverage, version, $endpoint, fake::$sample()).await; )+
            };
        }
        round! {
            apps::ActiveUsers::new() => users_page,
            apps::Channels::new() => channels,
            apps::Conversations::new() => conversations_page,
            apps::Leads::new() => leads_page,
            conversations::AddTag::new(ConversationId::new(716), "vip") => action_receipt,
            conversations::Assign::new(ConversationId::new(716), AdminId::new(12)) => action_receipt,
            conversations::Close::new(ConversationId::new(716)) => action_receipt,
            conversations::Get::new(ConversationId::new(716)) => conversation,
            conversations::MarkRead::new(ConversationId::new(716)) => nothing,
            conversations::Parts::new(ConversationId::new(716)) => parts_page,
            conversations::RemoveTag::new(ConversationId::new(716), "vip") => action_receipt,
            reply() => reply_receipt,
            conversations::SetTyping::new(ConversationId::new(716), "On its") => nothing,
            conversations::Unassign::new(ConversationId::new(716)) => action_receipt,
            users::Conversations::new(USER) => conversations_page,
            users::Events::new(USER) => events_page,
            users::Get::new(USER) => user,
            users::SendMessage::new(USER, "On its way") => sent_message,
            users::SetPresence::new(USER, carrot_core::types::Presence::Online).session("a".repeat(32)) => nothing,
            users::SetProps::new(USER).with(rename()) => property_report,
            users::StartConversation::new(USER, "Where is it?") => started_conversation,
            users::TrackEvent::new(USER, name()) => event,
            users::UnsubscribeEmail::new(USER) => nothing,
        }
        if version == ApiVersion::V1 {
            assert_eq!(coverage.not_exercised(), ["users.import"]);
            continue;
        }
        round! { users::Import::new("$user_id\t$name\norder-42\tAda\n") => import_report, }
        assert!(coverage.not_exercised().is_empty(), "{coverage}");
    }
}
