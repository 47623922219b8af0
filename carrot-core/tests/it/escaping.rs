//! No id and no text changes the structure of a request.

use carrot_core::{
    ApiVersion, Endpoint, apps, conversations,
    types::{
        AdminId, ConversationId, EventName, EventProperties, Filter, Filters, Presence,
        PropertyOperation, UserId, UserRef,
    },
    users,
};
use carrot_testing::RecordedRequest;
use proptest::{prelude::*, test_runner::TestCaseError};

use crate::support::{ID, canned, client, request::Parameters as _};

fn prepare<E: Endpoint>(version: ApiVersion, endpoint: &E) -> Option<RecordedRequest> {
    let request = client(&canned([]), version).prepare(endpoint);
    request.ok().map(RecordedRequest::from)
}

/// Every operation on a user that accepts an external id.
fn of_user(version: ApiVersion, user: &UserRef) -> Vec<Option<RecordedRequest>> {
    let user = || user.clone();
    let delete = PropertyOperation::delete("p").expect("an operation");
    let name = EventName::new("e").expect("a name");
    vec![
        prepare(version, &users::Conversations::new(user())),
        prepare(version, &users::Events::new(user())),
        prepare(version, &users::Get::new(user())),
        prepare(version, &users::SendMessage::new(user(), "x")),
        prepare(version, &users::SetProps::new(user()).with(delete)),
        prepare(version, &users::StartConversation::new(user(), "x")),
        prepare(version, &users::TrackEvent::new(user(), name)),
        prepare(version, &users::UnsubscribeEmail::new(user())),
    ]
}

/// Every operation on a conversation.
fn of_conversation(version: ApiVersion, id: u64) -> Vec<Option<RecordedRequest>> {
    vec![
        prepare(
            version,
            &conversations::AddTag::new(ConversationId::new(id), "x"),
        ),
        prepare(
            version,
            &conversations::Assign::new(ConversationId::new(id), AdminId::new(1)),
        ),
        prepare(version, &conversations::Close::new(ConversationId::new(id))),
        prepare(version, &conversations::Get::new(ConversationId::new(id))),
        prepare(
            version,
            &conversations::MarkRead::new(ConversationId::new(id)),
        ),
        prepare(version, &conversations::Parts::new(ConversationId::new(id))),
        prepare(
            version,
            &conversations::RemoveTag::new(ConversationId::new(id), "x"),
        ),
        prepare(
            version,
            &conversations::Reply::new(ConversationId::new(id), "x"),
        ),
        prepare(
            version,
            &conversations::SetTyping::new(ConversationId::new(id), "x"),
        ),
        prepare(
            version,
            &conversations::Unassign::new(ConversationId::new(id)),
        ),
    ]
}

/// Asserts that two requests differ only in one segment, which is `id` in the first.
fn differ_in_the_id(
    sent: &RecordedRequest,
    plain: &RecordedRequest,
    id: &str,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(sent.method(), plain.method());
    prop_assert_eq!(sent.uri().scheme(), plain.uri().scheme());
    prop_assert_eq!(sent.uri().authority(), plain.uri().authority());
    prop_assert_eq!(sent.uri().query(), plain.uri().query());
    prop_assert_eq!(sent.body(), plain.body());
    let template =
        |request: &RecordedRequest| request.context().map(|told| told.path_template.clone());
    prop_assert_eq!(template(sent), template(plain));
    let mut expected = plain.segments();
    expected[2] = id.into();
    prop_assert_eq!(sent.segments(), expected);
    // A URL is ASCII, and a server that resolves dot segments does not change it.
    prop_assert!(sent.uri().path().is_ascii());
    prop_assert!(
        !sent
            .uri()
            .path()
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
    );
    Ok(())
}

/// Any text, and many texts that break a careless client.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[./\\\\?#%&=;+@: \"'\\[\\]{}$,a\\n\\r\\x00]{0,20}",
        Just("&type=note".to_owned()),
        Just("\r\nX-Evil: 1".to_owned()),
    ]
}

proptest! {
    #[test]
    fn external_id_is_exactly_one_segment(id in text()) {
        let rejected = id.is_empty()
            || id == "."
            || id == ".."
            || id.chars().count() > 255
            || id.chars().any(char::is_control);
        for version in ApiVersion::ALL.iter().copied() {
            let all = of_user(version, &UserRef::external(id.as_str()));
            let plain = of_user(version, &UserRef::external("x"));
            for (sent, plain) in all.iter().zip(&plain) {
                prop_assert_eq!(sent.is_some(), plain.is_some() && !rejected);
                if let (Some(sent), Some(plain)) = (sent, plain) {
                    differ_in_the_id(sent, plain, &id)?;
                }
            }
        }
    }

    #[test]
    fn service_id_is_exactly_one_segment(id in prop_oneof![
        any::<u64>(), Just(0), Just(u64::MAX), Just(1 << 53),
    ]) {
        for version in ApiVersion::ALL.iter().copied() {
            let both = |id: u64| {
                let mut all = of_user(version, &UserId::new(id).into());
                let presence = users::SetPresence::new(UserId::new(id), Presence::Idle);
                all.push(prepare(version, &presence.session("0".repeat(32))));
                all.extend(of_conversation(version, id));
                all
            };
            for (sent, plain) in both(id).iter().zip(&both(1)) {
                let plain = plain.as_ref().expect("a sound request");
                prop_assert_eq!(sent.is_some(), id != 0);
                if let Some(sent) = sent {
                    differ_in_the_id(sent, plain, &id.to_string())?;
                }
            }
        }
    }

    #[test]
    fn text_is_exactly_one_parameter_value(text in text()) {
        let user = UserId::new(1);
        let name = EventName::new(text.as_str());
        for version in ApiVersion::ALL.iter().copied() {
            let texts = [
                ("body", prepare(version, &conversations::Reply::new(ID, text.as_str()))),
                ("body", prepare(version, &conversations::SetTyping::new(ID, text.as_str()))),
                ("body", prepare(version, &users::SendMessage::new(user, text.as_str()))),
                ("body", prepare(version, &users::StartConversation::new(user, text.as_str()))),
                ("tag", prepare(version, &conversations::AddTag::new(ID, text.as_str()))),
                ("tag", prepare(version, &conversations::RemoveTag::new(ID, text.as_str()))),
                (
                    "referrer",
                    prepare(version, &conversations::Reply::new(ID, "x").referrer(text.as_str())),
                ),
                (
                    "external_id",
                    prepare(version, &conversations::Reply::new(ID, "x").external_id(text.as_str())),
                ),
                (
                    "current_page",
                    prepare(version, &users::SetPresence::new(user, Presence::Idle).page(text.as_str())),
                ),
                (
                    "event",
                    name.clone().ok().and_then(|name| {
                        prepare(version, &users::TrackEvent::new(user, name))
                    }),
                ),
                (
                    "filter_name",
                    name.clone().ok().and_then(|name| {
                        prepare(version, &users::Events::new(user).named(name))
                    }),
                ),
                (
                    "sort_prop",
                    prepare(version, &apps::Leads::new().sort_by(text.as_str())),
                ),
            ];
            // The number of parameters with a plain text.
            let known = [2, 2, 1, 1, 2, 2, 3, 3, 2, 1, 1, 1];
            for ((field, sent), known) in texts.into_iter().zip(known) {
                let Some(sent) = sent else { continue };
                let action = usize::from(version == ApiVersion::V1 && field == "tag");
                prop_assert_eq!(sent.parameters().len(), known + action, "{}", field);
                prop_assert_eq!(sent.parameter(field), Some(text.clone()));
                prop_assert_eq!(&sent.segments()[0], version.segment());
                prop_assert!(sent.uri().to_string().is_ascii());
            }
        }
    }

    #[test]
    fn text_in_json_stays_one_text(text in text()) {
        let version = ApiVersion::V2;
        let filters = Filters::all([Filter::text_equals("p", text.as_str())]);
        let sent = prepare(version, &apps::Leads::new().filter(filters)).expect("a request");
        let json: serde_json::Value =
            serde_json::from_str(&sent.parameter("filters").expect("filters")).expect("JSON");
        prop_assert_eq!(&json["filters"][0]["value"]["value"], &text);
        prop_assert_eq!(sent.parameters().len(), 1);

        let Ok(operation) = PropertyOperation::append("p", text.as_str()) else {
            prop_assert!(text.chars().count() > 255);
            return Ok(());
        };
        let set = users::SetProps::new(UserId::new(1)).with(operation);
        let sent = prepare(version, &set).expect("a request");
        let json: serde_json::Value =
            serde_json::from_str(&sent.parameter("operations").expect("operations")).expect("JSON");
        prop_assert_eq!(&json[0]["value"], &text);
        prop_assert_eq!(sent.parameters().len(), 1);

        let properties = EventProperties::new().with("p", text.as_str()).expect("properties");
        let name = EventName::new("e").expect("a name");
        let track = users::TrackEvent::new(UserId::new(1), name).properties(properties);
        let sent = prepare(version, &track).expect("a request");
        let json: serde_json::Value =
            serde_json::from_str(&sent.parameter("params").expect("params")).expect("JSON");
        prop_assert_eq!(&json["p"], &text);
        prop_assert_eq!(sent.parameters().len(), 2);
    }

    #[test]
    fn list_of_tags_keeps_its_tags(tags in prop::collection::vec(text(), 1..5)) {
        let list = tags.iter().fold(apps::Conversations::new(), |list, tag| list.tag(tag.as_str()));
        let Some(sent) = prepare(ApiVersion::V2, &list) else { return Ok(()) };
        let sent_tags: Vec<String> =
            serde_json::from_str(&sent.parameter("tags").expect("tags")).expect("JSON");
        prop_assert_eq!(sent_tags, tags);
        prop_assert_eq!(sent.parameters().len(), 1);
    }
}
