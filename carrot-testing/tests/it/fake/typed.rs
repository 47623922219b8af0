//! The record in the types of the operations.

use carrot_core::types::Presence;

use super::*;

#[tokio::test]
async fn parameters_come_back_typed() {
    let fake = Fake::lenient();
    let props = users::SetProps::new(ada())
        .with(PropertyOperation::update_or_create("plan", "716").unwrap())
        .double_subscribe(true);
    let _ = call(&fake, reply().sender(AdminId::new(12))).await;
    let _ = call(&fake, props).await;
    done(
        &fake,
        users::SetPresence::new(UserId::new(7), Presence::Idle),
    )
    .await;

    let reply = fake.single::<conversations::Reply>();
    assert_eq!(reply.path_id_as(), Some(ConversationId::new(716)));
    assert_eq!(reply.param_as("from_admin"), Some(AdminId::new(12)));
    assert_eq!(reply.param_as("body"), Some("On its way".to_owned()));
    assert_eq!(reply.param_as::<AdminId>("body"), None);
    assert_eq!(reply.param_as::<String>("from_user"), None);
    let props = fake.single::<users::SetProps>();
    assert_eq!(props.path_id_as(), Some("order-42".to_owned()));
    assert_eq!(props.param_as("double_subscribe"), Some(true));
    let operations: Vec<serde_json::Map<_, _>> = props.param_as("operations").unwrap();
    assert_eq!(operations[0]["value"], "716");
    let presence = fake.single::<users::SetPresence>();
    assert_eq!(presence.param_as("presence"), Some(Presence::Idle));
}

#[tokio::test]
async fn recorded_call_is_held_against_an_operation() {
    for version in ApiVersion::ALL.iter().copied() {
        let fake = Fake::lenient();
        let _ = client(&fake, version).call(reply()).await;
        let call = fake.single::<conversations::Reply>();
        call.assert_sent_by(reply());

        let other = conversations::Reply::new(ConversationId::new(717), "On its way!");
        let text = failure(|| call.assert_sent_by(other));
        for part in [
            "✓ operation is conversations.reply",
            "expected \"On its way!\"",
            "717/reply",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let text = failure(|| call.assert_sent_by(get()));
        assert!(text.contains("it is conversations.reply"), "{text}");
    }
}
