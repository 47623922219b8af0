//! Every webhook that can be made is read back from its form.

use proptest::prelude::*;

use super::*;
use crate::arbitrary::{self, id, text};

fn event() -> impl Strategy<Value = Webhook> {
    (arbitrary::user(), text(), arbitrary::event())
        .prop_map(|(user, name, event)| EventWebhook::new(user, name, event).into())
}

fn message() -> impl Strategy<Value = Webhook> {
    let ids = (id(), id());
    (arbitrary::user(), arbitrary::event(), ids, text()).prop_map(
        |(user, event, (message, sending), name)| {
            MessageWebhook::new(user, event, message, sending, name).into()
        },
    )
}

fn conversation() -> impl Strategy<Value = Webhook> {
    let state = (
        any::<Option<bool>>(),
        proptest::collection::vec(text(), 0..3),
        proptest::option::of(arbitrary::timestamp()),
        proptest::option::of(arbitrary::moment()),
        any::<Option<u64>>(),
        proptest::option::of(id()),
    )
        .prop_map(|(flag, tags, update, reply, count, user)| {
            let mut state = ConversationState::new().with_tags(tags);
            (state.closed, state.replied) = (flag, flag.map(|flag| !flag));
            state.last_update = update;
            (state.last_user_reply_time, state.delayed_until) = (reply.clone(), reply);
            (state.admin_unread_count, state.not_answered_admin_replies) = (count, count);
            state.user = user;
            state
                .with_kind(text_kind(count))
                .with_assistant_type("lead_bot")
        });
    (arbitrary::conversation_part(), state)
        .prop_map(|(part, state)| ConversationWebhook::new(part).with_state(state).into())
}

fn text_kind(number: Option<u64>) -> &'static str {
    match number {
        Some(_) => "email",
        None => "smoke_signal",
    }
}

fn other() -> impl Strategy<Value = Webhook> {
    let field = ("[a-z_]{1,3}", text());
    (any::<String>(), proptest::collection::vec(field, 0..4)).prop_filter_map(
        "the kind is known",
        |(kind, fields)| {
            let known = [kind::EVENT, kind::MESSAGE, kind::CONVERSATION];
            (!known.contains(&kind.as_str())).then_some(Webhook::Other { kind, fields })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_webhook_survives_its_form(
        webhook in prop_oneof![event(), message(), conversation(), other()],
        token in any::<String>().prop_filter("the token is empty", |token| !token.is_empty()),
    ) {
        let body = webhook.to_form(&token);
        prop_assert_eq!(parse(body.as_bytes(), &token), Ok(webhook));
        prop_assert_eq!(
            parse(body.as_bytes(), &format!("{token}x")),
            Err(WebhookError::WrongToken)
        );
    }
}
