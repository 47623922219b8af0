//! Every message that can be made is read back from its JSON.

use proptest::prelude::*;

use super::*;
use crate::arbitrary::{self, id, json, open_enum, text};
use crate::{AppId, Presence, UserId};

fn channels() -> impl Strategy<Value = [RealtimeChannel; 29]> {
    (id::<AppId>(), id::<UserId>()).prop_map(|(app, user)| {
        use RealtimeChannel as C;
        [
            C::Ping,
            C::UserPresenceChanged(app),
            C::Conversation(app),
            C::ConversationOfUser(app, user),
            C::ConversationStartedByUser(app),
            C::ConversationReply(app),
            C::ConversationReplyOfUser(app, user),
            C::ConversationTyping(app),
            C::ConversationTypingOfUser(app, user),
            C::ConversationRead(app),
            C::ConversationReadOfUser(app, user),
            C::ConversationAssigned(app),
            C::ConversationClosed(app),
            C::ConversationTagAdded(app),
            C::ConversationTagDeleted(app),
            C::UserPropsChanged(app, user),
            C::Event(app, user),
            C::ConversationPartsBatch(app),
            C::ConversationPartsBatchOfUser(app, user),
            C::MessageConversationStarted(app, user),
            C::ConversationReplyChanged(app, user),
            C::ConversationNotify(app, user),
            C::ChatBotConversationFinished(app, user),
            C::AppOnlineChanged(app),
            C::UserMergeFinished(app, user),
            C::UsersRemoved(app),
            C::UsersRemovedOfUser(app, user),
            C::UserBan(app, user),
            C::RunScript(app, user),
        ]
    })
}

fn channel() -> impl Strategy<Value = RealtimeChannel> {
    prop_oneof![
        4 => channels().prop_flat_map(|all| prop::sample::select(all.to_vec())),
        1 => any::<String>().prop_map(|name| RealtimeChannel::from(name.as_str())),
        1 => "[a-z_]{1,20}(\\.[0-9]{1,3}){0,3}".prop_map(|name| RealtimeChannel::from(&*name)),
    ]
}

fn payload() -> impl Strategy<Value = RealtimePayload> {
    use RealtimePayload as P;
    let change = (
        id(),
        open_enum(Presence::KNOWN),
        arbitrary::presence_details(),
    )
        .prop_map(|(user, presence, details): (_, Presence, _)| {
            let change = PresenceChange::new(user).with_presence(presence);
            change.with_presence_details(details)
        });
    let typing = (id(), arbitrary::admin(), text(), any::<bool>()).prop_map(
        |(conversation, admin, body, is_admin)| {
            let typing = ConversationTyping::new(conversation).with_body(body);
            if is_admin {
                typing.with_admin(admin)
            } else {
                typing.with_user(UserId::new(7))
            }
        },
    );
    let assignment = (
        id(),
        arbitrary::admin(),
        arbitrary::nullable(arbitrary::admin()),
    )
        .prop_map(|(conversation, admin, assignee)| {
            let mut assignment = ConversationAssignment::new(conversation).with_admin(admin);
            assignment.assignee = assignee;
            assignment
        });
    let closing = (id(), arbitrary::admin())
        .prop_map(|(conversation, admin)| ConversationClosing::new(conversation).with_admin(admin));
    let tagging = (id(), text(), arbitrary::admin())
        .prop_map(|(of, tag, admin)| ConversationTagging::new(of, tag).with_admin(admin));
    let conversation = || arbitrary::conversation().prop_map(Box::new);
    prop_oneof![
        arbitrary::timestamp().prop_map(|now| P::Ping(Ping::new().with_timestamp(now))),
        proptest::collection::vec(change, 0..3).prop_map(P::UserPresenceChanged),
        conversation().prop_map(P::Conversation),
        conversation().prop_map(P::ConversationStartedByUser),
        arbitrary::conversation_part().prop_map(|part| P::ConversationReply(part.into())),
        typing.prop_map(P::ConversationTyping),
        id().prop_map(|id| P::ConversationRead(ConversationReading::new(id))),
        parts().prop_map(P::ConversationPartsBatch),
        parts().prop_map(P::MessageConversationStarted),
        arbitrary::conversation_part().prop_map(|part| P::ConversationReplyChanged(part.into())),
        observed(),
        assignment.prop_map(P::ConversationAssigned),
        closing.prop_map(P::ConversationClosed),
        tagging.clone().prop_map(P::ConversationTagAdded),
        tagging.prop_map(P::ConversationTagDeleted),
        Just(P::UserPropsChanged),
        arbitrary::event().prop_map(|event| P::Event(event.into())),
        json().prop_map(P::Other),
    ]
}

fn parts() -> impl Strategy<Value = ConversationParts> {
    let parts = proptest::collection::vec(arbitrary::conversation_part(), 0..3);
    (parts, arbitrary::conversation_ref(), arbitrary::random_id()).prop_map(
        |(parts, conversation, random_id)| {
            ConversationParts::new()
                .with_parts(parts)
                .with_conversation(conversation)
                .with_random_id(random_id)
        },
    )
}

/// The small payloads that only the vendor's clients show.
fn observed() -> impl Strategy<Value = RealtimePayload> {
    use RealtimePayload as P;
    prop_oneof![
        (text(), id::<crate::ConversationId>()).prop_map(|(kind, conversation)| {
            let notice = ConversationNotice::new().with_kind(kind);
            P::ConversationNotify(notice.with_conversation(conversation))
        }),
        arbitrary::conversation_ref()
            .prop_map(|of| P::ChatBotConversationFinished(ConversationFinish::new(of))),
        open_enum(Presence::KNOWN).prop_map(|status: Presence| {
            P::AppOnlineChanged(AppPresence::new().with_status(status))
        }),
        (id(), text()).prop_map(|(user, token)| {
            P::UserMergeFinished(UserMerge::new(user).with_new_auth_token(token))
        }),
        proptest::collection::vec(id(), 0..3)
            .prop_map(|ids| P::UsersRemoved(UsersRemoval::new().with_ids(ids))),
        (id(), any::<bool>())
            .prop_map(|(user, flag)| P::UserBan(UserBan::new(user).with_is_banned(flag))),
        (text(), json()).prop_map(|(code, filters)| {
            P::RunScript(Script::new().with_code(code).with_sending_filters(filters))
        }),
    ]
}

proptest! {
    #[test]
    fn every_channel_survives_its_name(channel in channel()) {
        let name = channel.to_string();
        prop_assert_eq!(RealtimeChannel::from(name.as_str()), channel.clone());
        let json = serde_json::to_string(&channel)?;
        prop_assert_eq!(serde_json::from_str::<RealtimeChannel>(&json)?, channel);
    }

    #[test]
    fn every_name_is_kept(name in any::<String>()) {
        prop_assert_eq!(RealtimeChannel::from(name.as_str()).to_string(), name);
    }

    #[test]
    fn the_name_is_the_pattern_with_ids(all in channels()) {
        for channel in all {
            prop_assert!(!matches!(RealtimeChannel::from(&*channel.to_string()), RealtimeChannel::Other(_)));
            let ids = channel.ids();
            let name = match ids[..] {
                [] => channel.pattern().to_owned(),
                [app] => channel.pattern().replace("{app_id}", &app.to_string()),
                [app, user, ..] => channel
                    .pattern()
                    .replace("{app_id}", &app.to_string())
                    .replace("{user_id}", &user.to_string()),
            };
            prop_assert_eq!(channel.to_string(), name);
        }
    }

    #[test]
    fn every_message_survives_its_json(
        payload in payload(),
        all in channels(),
        other in "[A-Z]{0,5}",
        id in any::<Option<i64>>(),
        tag in proptest::option::of(text()),
    ) {
        let mut fitting = 0;
        for channel in all.into_iter().chain([RealtimeChannel::from(other.as_str())]) {
            let fits = payload.fits(&channel);
            let made = RealtimeMessage::new(channel, payload.clone());
            prop_assert_eq!(made.is_ok(), fits);
            let Ok(mut message) = made else { continue };
            fitting += 1;
            (message.id, message.tag, message.time) = (id, tag.clone(), tag.clone());
            let json = serde_json::to_string(&message)?;
            prop_assert_eq!(RealtimeMessage::parse(&json), Ok(message));
        }
        prop_assert!((1..=2).contains(&fitting));
    }

    #[test]
    fn one_pass_reads_what_two_read(
        payload in payload(),
        all in channels(),
        id in any::<Option<i64>>(),
        tag in proptest::option::of(text()),
        at in any::<prop::sample::Index>(),
        odd in prop_oneof![Just(""), Just("\""), Just("}"), Just("1"), Just(r#","channel":"ping""#), Just(r#""message":1,"#)],
    ) {
        for channel in all {
            let Ok(mut message) = RealtimeMessage::new(channel, payload.clone()) else { continue };
            (message.id, message.tag) = (id, tag.clone());
            let mut json = serde_json::to_string(&message)?;
            let places: Vec<usize> = json.char_indices().map(|(place, _)| place).collect();
            json.insert_str(*at.get(&places), odd);
            prop_assert_eq!(RealtimeMessage::parse(&json), RealtimeMessage::parse_twice(&json));
            let backwards = json.replacen("channel", "message", 1).replacen("message", "channel", 1);
            prop_assert_eq!(RealtimeMessage::parse(&backwards), RealtimeMessage::parse_twice(&backwards));
        }
    }

    #[test]
    fn any_text_is_read_or_rejected(text in any::<String>(), channel in channel()) {
        let _ = RealtimeMessage::parse(&text);
        let json = serde_json::json!({"channel": channel, "message": text}).to_string();
        let _ = RealtimeMessage::parse(&json);
    }

    #[test]
    fn every_number_survives_as_a_close_code(number: u16) {
        prop_assert_eq!(CloseCode::from(number).get(), number);
    }
}
