use carrot_core::{
    endpoint::{Paging, Upload, UserField},
    types::{
        AttachmentType, EventName, EventProperties, Presence, PropertyOperation, PropertyValue,
        RecipientType, Timestamp, UserRef,
    },
    users::{self, Delimiter, MergeField, MessageKind},
};
use serde_json::json;

use super::{
    CONVERSATION_FIELDS, E_MAIL, NONCE, Operation, USER, external_id, fields, operation, paged,
    position, random_id,
};

pub(super) fn all() -> Vec<Operation> {
    let list = || users::Conversations::new(USER);
    let mut conversations_cases = vec![
        ("no option", list()),
        ("an external id", users::Conversations::new(external_id())),
        (
            "only with replies of the user",
            list().with_user_replies_only(),
        ),
        ("on the site", list().recipient_type(RecipientType::Web)),
        (
            "in the mobile app",
            list().recipient_type(RecipientType::Sdk),
        ),
        ("anywhere", list().recipient_type(RecipientType::All)),
    ];
    conversations_cases.extend(fields(
        &list(),
        &CONVERSATION_FIELDS,
        users::Conversations::include,
        users::Conversations::exclude,
    ));
    conversations_cases.extend(paged(&list(), users::Conversations::page));
    conversations_cases.push((
        "every option of v2",
        CONVERSATION_FIELDS
            .iter()
            .fold(
                users::Conversations::new(external_id()),
                |all, (_, field)| all.include(*field),
            )
            .with_user_replies_only()
            .recipient_type(RecipientType::Sdk)
            .page(Paging::new().size(50).starting_at(position())),
    ));

    let event_name = || EventName::new("Заказ & оплата").expect("a name");
    let events = || users::Events::new(USER);
    let mut events_cases = vec![
        ("no option", events()),
        ("an external id", users::Events::new(external_id())),
        ("of one name", events().named(event_name())),
        ("properties as text", events().props_as_text()),
    ];
    events_cases.extend(paged(&events(), users::Events::page));
    events_cases.push((
        "every option of v2",
        users::Events::new(external_id())
            .named(event_name())
            .props_as_text()
            .page(Paging::new().size(50).starting_at(position())),
    ));

    let presence = || users::SetPresence::new(USER, Presence::Online);
    let session = "0123456789abcdefghijklmnopqrstuv";
    let presence_cases = vec![
        ("no option", presence()),
        ("idle", users::SetPresence::new(USER, Presence::Idle)),
        (
            "the user of the token",
            users::SetPresence::new(UserRef::SelfUser, Presence::Idle),
        ),
        ("offline", users::SetPresence::new(USER, Presence::Offline)),
        ("page", presence().page("Корзина & доставка")),
        ("address", presence().url("https://example.com/?a=1&b=2")),
        ("session", presence().session(session)),
        ("a nonce", presence().session(session).nonce(NONCE)),
        (
            "every option of v2",
            presence()
                .page("Cart")
                .url("https://example.com/")
                .session(session),
        ),
    ];

    let message = || users::SendMessage::new(USER, "Здравствуйте!\nСкидка 10%");
    let message_cases = vec![
        ("no option", message()),
        (
            "an external id",
            users::SendMessage::new(external_id(), "Здравствуйте!"),
        ),
        ("in the chat", message().kind(MessageKind::PopupChat)),
        ("in a small window", message().kind(MessageKind::PopupSmall)),
        ("in a big window", message().kind(MessageKind::PopupBig)),
        ("by e-mail", message().kind(MessageKind::Email)),
        (
            "every option of v2",
            users::SendMessage::new(external_id(), "Здравствуйте!").kind(MessageKind::PopupBig),
        ),
    ];

    vec![
        operation(&conversations_cases),
        operation(&events_cases),
        operation(&user_cases()),
        operation(&import_cases()),
        operation(&message_cases),
        operation(&presence_cases),
        operation(&props_cases()),
        operation(&start_cases()),
        operation(&track_cases()),
        operation(&[
            ("no option", users::UnsubscribeEmail::new(USER)),
            (
                "an external id",
                users::UnsubscribeEmail::new(external_id()),
            ),
        ]),
    ]
}

fn user_cases() -> Vec<(&'static str, users::Get)> {
    let get = || users::Get::new(USER);
    vec![
        ("no option", get()),
        ("an external id", users::Get::new(external_id())),
        ("without `props`", get().exclude(UserField::Props)),
        ("with `props_custom`", get().include(UserField::PropsCustom)),
        ("with `props_events`", get().include(UserField::PropsEvents)),
        (
            "with `presence_details`",
            get().include(UserField::PresenceDetails),
        ),
        ("with `events`", get().include(UserField::Events)),
        ("with `segments`", get().include(UserField::Segments)),
        ("with `notes`", get().include(UserField::Notes)),
        ("with `tags`", get().include(UserField::Tags)),
        ("with `email_status`", get().include(UserField::EmailStatus)),
        (
            "with `timezone_offset`",
            get().include(UserField::TimezoneOffset),
        ),
        ("properties as text", get().props_as_text()),
        (
            "every option",
            users::Get::new(external_id())
                .exclude(UserField::Props)
                .include(UserField::PropsCustom)
                .include(UserField::PropsEvents)
                .include(UserField::PresenceDetails)
                .include(UserField::Events)
                .include(UserField::Segments)
                .include(UserField::Notes)
                .include(UserField::Tags)
                .include(UserField::EmailStatus)
                .include(UserField::TimezoneOffset)
                .props_as_text(),
        ),
    ]
}

fn import_cases() -> Vec<(&'static str, users::Import)> {
    let tabs = "$user_id\t$name\norder-42\tАлексей\n";
    let import = || users::Import::new(tabs);
    let delimited = |delimiter: &str| users::Import::new(tabs.replace('\t', delimiter));
    vec![
        ("no option", import()),
        (
            "merged by the external id",
            import().merge_field(MergeField::UserId),
        ),
        (
            "merged by the e-mail",
            users::Import::new(format!("$email\t$name\n{E_MAIL}\tAlex\n"))
                .merge_field(MergeField::Email),
        ),
        ("delimited by tabs", import().delimiter(Delimiter::Tab)),
        (
            "delimited by commas",
            delimited(",").delimiter(Delimiter::Comma),
        ),
        (
            "delimited by semicolons",
            delimited(";").delimiter(Delimiter::Semicolon),
        ),
        (
            "delimited by pipes",
            delimited("|").delimiter(Delimiter::Pipe),
        ),
        (
            "delimited by spaces",
            delimited(" ").delimiter(Delimiter::Space),
        ),
        ("one tag", import().tag("super_tag")),
        ("two tags", import().tag("super_tag").tag("импорт, \"2\"")),
        (
            "every option",
            delimited(",")
                .merge_field(MergeField::UserId)
                .delimiter(Delimiter::Comma)
                .tag("super_tag"),
        ),
    ]
}

fn props_cases() -> Vec<(&'static str, users::SetProps)> {
    let name = || PropertyOperation::update_or_create("$name", "Алексей & Ко");
    let changed = |operation: Result<PropertyOperation, _>| {
        users::SetProps::new(USER).with(operation.expect("a sound operation"))
    };
    let set = || changed(name());
    vec![
        ("no option", set()),
        (
            "an external id",
            users::SetProps::new(external_id()).with(name().expect("a sound operation")),
        ),
        (
            "`set_once`",
            changed(PropertyOperation::set_once("first", true)),
        ),
        ("`add`", changed(PropertyOperation::add("orders", -1))),
        ("`delete`", changed(PropertyOperation::delete("plan"))),
        (
            "`append`",
            changed(PropertyOperation::append("cities", "Тверь")),
        ),
        (
            "`union`",
            changed(PropertyOperation::union("cities", "Тверь")),
        ),
        (
            "`exclude`",
            changed(PropertyOperation::exclude("cities", "Тверь")),
        ),
        (
            "digits of a phone",
            changed(PropertyOperation::phone("+7 912 000-00-00")),
        ),
        ("a nonce", set().nonce(NONCE)),
        ("subscribed again", set().double_subscribe(true)),
        ("types as they are", set().parse_custom_props_type(false)),
        (
            "source of a contact",
            set().source(json!({"id": "123123", "type": "run_script"})),
        ),
        (
            "every option",
            set()
                .with(PropertyOperation::add("orders", 1).expect("a sound operation"))
                .double_subscribe(false)
                .parse_custom_props_type(true)
                .source(json!({})),
        ),
    ]
}

fn start_cases() -> Vec<(&'static str, users::StartConversation)> {
    use users::StartConversation;
    let start = || StartConversation::new(USER, "Где мой заказ?");
    let upload = || Upload::new("чек.txt", "total 1 & 2");
    vec![
        ("no option", start()),
        (
            "an external id",
            StartConversation::new(external_id(), "Где мой заказ?"),
        ),
        (
            "only a file",
            StartConversation::without_text(USER).attachment(upload()),
        ),
        ("a text and a file", start().attachment(upload())),
        (
            "a voice message",
            StartConversation::without_text(USER)
                .attachment(Upload::new("audio_record_1.mp3", "x").kind(AttachmentType::Voice)),
        ),
        (
            "a file that says that it is one",
            start().attachment(upload().kind(AttachmentType::File)),
        ),
        ("a nonce", start().nonce(NONCE)),
        ("random id", start().random_id(random_id(7))),
        ("referrer", start().referrer("https://example.com/?a=1&b=2")),
        (
            "every option",
            StartConversation::new(external_id(), "Где мой заказ?")
                .attachment(upload())
                .random_id(random_id(7))
                .referrer("https://example.com/"),
        ),
    ]
}

fn track_cases() -> Vec<(&'static str, users::TrackEvent)> {
    let name = || EventName::new("Заказ & оплата").expect("a name");
    let track = || users::TrackEvent::new(USER, name());
    let properties = || {
        let properties = EventProperties::new().with("sum", 4_990);
        let properties = properties.and_then(|properties| properties.with("город", "Тверь"));
        properties.expect("sound properties")
    };
    let raw = || {
        let amounts = EventProperties::new().with("$amount", PropertyValue::raw(json!([398])));
        let decimal = amounts.and_then(|all| all.with("$order_amount", PropertyValue::raw(199.9)));
        let all = decimal.and_then(|all| all.with("цвет", PropertyValue::raw(json!({"a": "b"}))));
        all.expect("sound properties")
    };
    let moment = Timestamp::new(1_684_923_942, 123_456_000).expect("a moment");
    vec![
        ("no option", track()),
        (
            "an external id",
            users::TrackEvent::new(external_id(), name()),
        ),
        ("properties", track().properties(properties())),
        (
            "properties that no page documents",
            users::TrackEvent::new(UserRef::SelfUser, name()).properties(raw()),
        ),
        ("a nonce", track().nonce(NONCE)),
        ("a moment", track().created(moment)),
        (
            "every option",
            users::TrackEvent::new(external_id(), name())
                .properties(properties())
                .created(Timestamp::from_seconds(1_684_923_942)),
        ),
    ]
}
