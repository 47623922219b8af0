//! Every operation of the crate, with every option it has.

use std::collections::BTreeSet;

use carrot_core::{
    ApiVersion, Endpoint, Error,
    apps::{self, Assigned, ChannelFilter, SortOrder},
    conversations::{self, Operator, ReplyKind, Sender},
    endpoint::{
        ChannelField, ConversationField, PageDirection, PageOrder, Paging, PartField, RepeatSafety,
        Upload, UserField,
    },
    types::{
        AdminId, AppId, AssistantType, ChannelId, ConversationId, Cursor, EventName,
        EventProperties, Filter, Presence, PropertyOperation, RandomId, RecipientType, Timestamp,
        UserId, UserRef,
    },
    users::{self, Delimiter, MergeField, MessageKind},
};
use serde_json::json;

use super::{Recorder, Sent, builder};

/// An operation, with the requests of all its options.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) scope: Option<&'static str>,
    pub(crate) cases: Vec<Case>,
}

/// The requests of one option.
pub(crate) struct Case {
    pub(crate) option: String,
    pub(crate) repeat_safety: RepeatSafety,
    /// In the order of [`ApiVersion::ALL`].
    pub(crate) requests: [Result<Sent, Error>; 2],
}

impl Operation {
    /// Whether it may be repeated, with any option.
    pub(crate) fn repeat_safeties(&self) -> BTreeSet<&'static str> {
        let safeties = self.cases.iter().map(|case| match case.repeat_safety {
            RepeatSafety::Safe => "safe",
            RepeatSafety::Unsafe => "not safe",
            other => panic!("{other:?}"),
        });
        safeties.collect()
    }
}

/// The first case is that of no option. A case with the app named is added by itself.
fn operation<E: Endpoint>(cases: &[(&str, E)]) -> Operation {
    let prepare = |endpoint: &E, version: ApiVersion, app: Option<AppId>| {
        let mut builder = builder(&Recorder::new()).version(version);
        if let Some(app) = app {
            builder = builder.app(app);
        }
        let client = builder.build().expect("a sound client");
        client.prepare(endpoint).map(Sent::new)
    };
    let case = |option: &str, endpoint: &E, app: Option<AppId>| Case {
        option: option.to_owned(),
        repeat_safety: endpoint.repeat_safety(),
        requests: ApiVersion::ALL.map(|version| prepare(endpoint, version, app)),
    };
    let mut all: Vec<Case> = cases
        .iter()
        .map(|(option, endpoint)| case(option, endpoint, None))
        .collect();
    let app = AppId::new(65_535);
    all.push(case("an app named by its id", &cases[0].1, Some(app)));
    Operation {
        name: E::NAME,
        scope: E::SCOPE,
        cases: all,
    }
}

/// Every operation, in the order of the folders and their files.
pub(crate) fn every_operation() -> Vec<Operation> {
    let mut all = of_apps();
    all.extend(of_conversations());
    all.extend(of_users());
    all
}

/// A conversation id beyond what a 64-bit float holds exactly.
const CONVERSATION: ConversationId = ConversationId::new(2_155_668_332_815_057_076);
const USER: UserId = UserId::new(1_448_121_617_782_670_208);
const ADMIN: AdminId = AdminId::new(819);

/// An own id of which nearly every character has to be encoded.
fn own_id() -> UserRef {
    UserRef::external("заказ 42/a?b#c")
}

fn random_id(number: i64) -> RandomId {
    RandomId::new(number).expect("a sound number")
}

fn position() -> Cursor {
    Cursor::position("[1684739969.358085, 1160406004324630614]").expect("an array")
}

fn after() -> Cursor {
    Cursor::after("1447339319.900966").expect("not empty")
}

/// The settings of a page, as options.
fn paged<E: Clone>(base: &E, page: fn(E, Paging) -> E) -> Vec<(&'static str, E)> {
    [
        ("page size 50", Paging::new().size(50)),
        (
            "page from a cursor of generation 2",
            Paging::new().from(position()),
        ),
        (
            "page from a cursor of generation 1",
            Paging::new().from(after()),
        ),
        (
            "page direction `before`",
            Paging::new().direction(PageDirection::Before),
        ),
        (
            "page direction `after`",
            Paging::new().direction(PageDirection::After),
        ),
        (
            "page direction `around`",
            Paging::new().direction(PageDirection::Around),
        ),
        (
            "page with the record at the cursor",
            Paging::new().including(true),
        ),
        (
            "page in ascending order",
            Paging::new().order(PageOrder::Ascending),
        ),
        (
            "page in descending order",
            Paging::new().order(PageOrder::Descending),
        ),
        (
            "every setting of a page",
            Paging::new()
                .size(50)
                .from(position())
                .direction(PageDirection::Before)
                .including(true)
                .order(PageOrder::Ascending),
        ),
    ]
    .into_iter()
    .map(|(option, paging)| (option, page(base.clone(), paging)))
    .collect()
}

const CONVERSATION_FIELDS: [(&str, ConversationField); 5] = [
    ("field `user`", ConversationField::User),
    ("field `channel`", ConversationField::Channel),
    ("field `part_last`", ConversationField::PartLast),
    (
        "field `important_part_last`",
        ConversationField::ImportantPartLast,
    ),
    ("field `reply_last`", ConversationField::ReplyLast),
];

/// Optional fields, as options: each switched on, and one switched on and then off.
fn fields<E: Clone, F: Copy>(
    base: &E,
    known: &[(&'static str, F)],
    field: fn(E, F, bool) -> E,
) -> Vec<(&'static str, E)> {
    let mut cases: Vec<_> = known
        .iter()
        .map(|(option, name)| (*option, field(base.clone(), *name, true)))
        .collect();
    let first = known[0].1;
    let off = field(field(base.clone(), first, true), first, false);
    cases.push(("the first field switched on, then off", off));
    cases
}

fn of_apps() -> Vec<Operation> {
    let user_fields = [
        ("field `props`", UserField::Props),
        ("field `props_custom`", UserField::PropsCustom),
        ("field `props_events`", UserField::PropsEvents),
        ("field `email_status`", UserField::EmailStatus),
        ("field `presence`", UserField::Presence),
        ("field `presence_details`", UserField::PresenceDetails),
        ("field `segments`", UserField::Segments),
        ("field `notes`", UserField::Notes),
        ("field `tags`", UserField::Tags),
        ("field `events`", UserField::Events),
        ("field `timezone_offset`", UserField::TimezoneOffset),
    ];
    let active_users = || apps::ActiveUsers::new();
    let mut active_users_cases = vec![("no option", active_users())];
    active_users_cases.extend(fields(
        &active_users(),
        &user_fields,
        apps::ActiveUsers::field,
    ));
    active_users_cases.extend(paged(&active_users(), apps::ActiveUsers::page));
    active_users_cases.push((
        "every option of generation 2",
        user_fields
            .iter()
            .fold(active_users(), |all, (_, field)| all.field(*field, true))
            .page(Paging::new().size(1).from(position())),
    ));

    let channel_fields = [
        ("field `auto_set`", ChannelField::AutoSet),
        ("field `auto_set_settings`", ChannelField::AutoSetSettings),
        ("field `droppable`", ChannelField::Droppable),
        ("field `not_assigned_count`", ChannelField::NotAssignedCount),
        ("field `not_read_count`", ChannelField::NotReadCount),
        ("field `operators`", ChannelField::Operators),
        ("field `priority`", ChannelField::Priority),
    ];
    let channels = || apps::Channels::new();
    let mut channels_cases = vec![("no option", channels())];
    channels_cases.extend(fields(&channels(), &channel_fields, apps::Channels::field));
    channels_cases.push((
        "every option",
        channel_fields
            .iter()
            .fold(channels(), |all, (_, field)| all.field(*field, false)),
    ));

    let list = || apps::Conversations::new();
    let mut conversations_cases = vec![
        ("no option", list()),
        ("closed", list().closed(true)),
        ("open", list().closed(false)),
        ("answered", list().answered(true)),
        ("not answered", list().answered(false)),
        ("delayed", list().delayed(true)),
        ("not delayed", list().delayed(false)),
        (
            "assigned to anybody or nobody",
            list().assigned(Assigned::Anybody),
        ),
        ("assigned to nobody", list().assigned(Assigned::Nobody)),
        (
            "assigned to an operator",
            list().assigned(Assigned::To(ADMIN)),
        ),
        (
            "assigned to an operator or nobody",
            list().assigned(Assigned::ToOrNobody(ADMIN)),
        ),
        ("one tag", list().tag("vip")),
        ("two tags", list().tag("vip").tag("срочно \"1\"")),
        ("without tags", list().without_tags()),
        ("without tags, and a tag", list().without_tags().tag("vip")),
        ("a channel", list().channel(ChannelId::new(5))),
        ("no channel", list().channel(ChannelFilter::None)),
        (
            "an assistant",
            list().assistant_type(AssistantType::WidgetBot),
        ),
    ];
    conversations_cases.extend(fields(
        &list(),
        &CONVERSATION_FIELDS,
        apps::Conversations::field,
    ));
    conversations_cases.extend(paged(&list(), apps::Conversations::page));
    conversations_cases.push((
        "every option of generation 2",
        CONVERSATION_FIELDS
            .iter()
            .fold(list(), |all, (_, field)| all.field(*field, true))
            .closed(false)
            .answered(false)
            .delayed(false)
            .assigned(Assigned::Anybody)
            .tag("vip")
            .channel(ChannelId::new(5))
            .assistant_type(AssistantType::LeadBot)
            .page(Paging::new().size(50).from(position())),
    ));

    let leads = || apps::Leads::new();
    let two_filters =
        || Filter::known("$email").or(Filter::text_contains("город", "Тверь & \"Ко\""));
    let mut leads_cases = vec![
        ("no option", leads()),
        ("one filter", leads().filter(Filter::known("$email"))),
        ("two filters", leads().filter(two_filters())),
        ("sorted by a property", leads().sort_by("$last_seen")),
        ("ascending", leads().sort_order(SortOrder::Ascending)),
        ("descending", leads().sort_order(SortOrder::Descending)),
        ("properties as text", leads().props_as_text()),
        ("limit 50", leads().limit(50)),
        ("offset 100", leads().offset(100)),
    ];
    leads_cases.extend(paged(&leads(), apps::Leads::page));
    leads_cases.push((
        "every option",
        leads()
            .filter(two_filters())
            .sort_by("город")
            .sort_order(SortOrder::Ascending)
            .props_as_text()
            .limit(50)
            .offset(100),
    ));

    vec![
        operation(&active_users_cases),
        operation(&channels_cases),
        operation(&conversations_cases),
        operation(&leads_cases),
    ]
}

/// The options of what is done in the name of somebody and leaves a part.
fn actions<E: Clone>(
    base: &E,
    from: fn(E, Operator) -> E,
    random: fn(E, RandomId) -> E,
) -> Vec<(&'static str, E)> {
    let base = || base.clone();
    vec![
        ("no option", base()),
        ("from the default sender", from(base(), Operator::Default)),
        (
            "from an operator",
            from(base(), Operator::Admin(AdminId::new(912))),
        ),
        ("from a bot", from(base(), Operator::Bot("Бот".to_owned()))),
        ("random id", random(base(), random_id(1_650_977_560))),
        (
            "every option",
            random(
                from(base(), Operator::Admin(AdminId::new(912))),
                random_id(1),
            ),
        ),
    ]
}

/// Whom a message can come from, as options.
fn senders<E>(base: impl Fn() -> E, from: fn(E, Sender) -> E) -> Vec<(&'static str, E)> {
    vec![
        (
            "from the default sender",
            from(base(), Sender::DefaultAdmin),
        ),
        (
            "from an operator",
            from(base(), Sender::Admin(AdminId::new(912))),
        ),
        ("from a bot", from(base(), Sender::Bot("Бот".to_owned()))),
        (
            "from the user of the conversation",
            from(base(), Sender::DefaultUser),
        ),
        ("from a user", from(base(), Sender::User(USER))),
    ]
}

fn of_conversations() -> Vec<Operation> {
    let get = || conversations::Get::new(CONVERSATION);
    let mut get_cases = vec![("no option", get())];
    get_cases.extend(fields(
        &get(),
        &CONVERSATION_FIELDS,
        conversations::Get::field,
    ));
    get_cases.push((
        "every option",
        CONVERSATION_FIELDS
            .iter()
            .fold(get(), |all, (_, field)| all.field(*field, false)),
    ));

    let part_fields = [("field `conversation`", PartField::Conversation)];
    let parts = || conversations::Parts::new(CONVERSATION);
    let mut parts_cases = vec![("no option", parts())];
    parts_cases.extend(fields(&parts(), &part_fields, conversations::Parts::field));
    parts_cases.extend(paged(&parts(), conversations::Parts::page));
    parts_cases.push((
        "every option of generation 2",
        parts()
            .field(PartField::Conversation, true)
            .page(Paging::new().size(50).from(position())),
    ));

    let typing = || conversations::SetTyping::new(CONVERSATION, "Ищу ваш заказ");
    let mut typing_cases = vec![
        ("no option", typing()),
        (
            "an empty text",
            conversations::SetTyping::new(CONVERSATION, ""),
        ),
        ("without a text", typing().without_text()),
    ];
    typing_cases.extend(senders(typing, |typing, sender| typing.from(sender)));

    let add = conversations::AddTag::new(CONVERSATION, "срочно & важно");
    let remove = conversations::RemoveTag::new(CONVERSATION, "срочно & важно");
    let assign = conversations::Assign::new(ConversationId::new(716), ADMIN);
    let unassign = conversations::Unassign::new(ConversationId::new(716));
    let close = conversations::Close::new(CONVERSATION);
    vec![
        operation(&actions(
            &add,
            |tag, from| tag.from(from),
            conversations::AddTag::random_id,
        )),
        operation(&actions(
            &assign,
            |assign, from| assign.from(from),
            conversations::Assign::random_id,
        )),
        operation(&actions(
            &close,
            |close, from| close.from(from),
            conversations::Close::random_id,
        )),
        operation(&get_cases),
        operation(&[("no option", conversations::MarkRead::new(CONVERSATION))]),
        operation(&parts_cases),
        operation(&actions(
            &remove,
            |tag, from| tag.from(from),
            conversations::RemoveTag::random_id,
        )),
        operation(&reply_cases()),
        operation(&typing_cases),
        operation(&actions(
            &unassign,
            |unassign, from| unassign.from(from),
            conversations::Unassign::random_id,
        )),
    ]
}

fn reply_cases() -> Vec<(&'static str, conversations::Reply)> {
    use conversations::Reply;
    let reply = || Reply::new(CONVERSATION, "Уже едет\n& скоро будет = 100%+");
    let upload = || Upload::new("отчёт \"1\".txt", "line 1\nline 2");
    let button = || json!({"type": "button", "text": "Да"});
    let mut cases = vec![("no option", reply())];
    cases.extend(senders(reply, |reply, sender| reply.from(sender)));
    cases.extend([
        ("type `reply_admin`", reply().kind(ReplyKind::Message)),
        ("type `note`", Reply::note(CONVERSATION, "Спросить курьера")),
        (
            "type `article`",
            Reply::article(CONVERSATION, json!({"id": 7})),
        ),
        (
            "type `note` from the user, who has no types",
            reply().kind(ReplyKind::Note).from(Sender::DefaultUser),
        ),
        ("only a file", Reply::file(CONVERSATION, upload())),
        ("a text and a file", reply().attachment(upload())),
        (
            "content beyond text",
            reply().body_json(json!({"a": [1, null]})),
        ),
        ("two actions", reply().action(button()).action(button())),
        ("an id of another system", reply().external_id("crm/42")),
        ("random id", reply().random_id(random_id(132_466_821))),
        ("assigned first", reply().auto_assign(ADMIN)),
        (
            "random id of an assignment that is not made",
            reply().auto_assign_random_id(random_id(2)),
        ),
        ("referrer", reply().referrer("https://example.com/?a=1&b=2")),
        (
            "field `conversation`",
            reply().field(PartField::Conversation, true),
        ),
        (
            "every option of generation 1",
            reply()
                .from(ADMIN)
                .kind(ReplyKind::Note)
                .random_id(random_id(1))
                .auto_assign(ADMIN)
                .auto_assign_random_id(random_id(2)),
        ),
        (
            "every option of generation 2",
            reply()
                .from(ADMIN)
                .kind(ReplyKind::Message)
                .attachment(upload())
                .body_json(json!({}))
                .action(button())
                .external_id("crm/42")
                .random_id(random_id(1))
                .auto_assign(ADMIN)
                .auto_assign_random_id(random_id(2))
                .referrer("https://example.com/")
                .field(PartField::Conversation, true),
        ),
    ]);
    cases
}

fn of_users() -> Vec<Operation> {
    let list = || users::Conversations::new(USER);
    let mut conversations_cases = vec![
        ("no option", list()),
        ("an own id", users::Conversations::new(own_id())),
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
        users::Conversations::field,
    ));
    conversations_cases.extend(paged(&list(), users::Conversations::page));
    conversations_cases.push((
        "every option of generation 2",
        CONVERSATION_FIELDS
            .iter()
            .fold(users::Conversations::new(own_id()), |all, (_, field)| {
                all.field(*field, true)
            })
            .with_user_replies_only()
            .recipient_type(RecipientType::Sdk)
            .page(Paging::new().size(50).from(position())),
    ));

    let event_name = || EventName::new("Заказ & оплата").expect("a name");
    let events = || users::Events::new(USER);
    let mut events_cases = vec![
        ("no option", events()),
        ("an own id", users::Events::new(own_id())),
        ("of one name", events().named(event_name())),
        ("properties as text", events().props_as_text()),
    ];
    events_cases.extend(paged(&events(), users::Events::page));
    events_cases.push((
        "every option of generation 2",
        users::Events::new(own_id())
            .named(event_name())
            .props_as_text()
            .page(Paging::new().size(50).from(position())),
    ));

    let presence = || users::SetPresence::new(USER, Presence::Online);
    let session = "0123456789abcdefghijklmnopqrstuv";
    let presence_cases = vec![
        ("no option", presence()),
        ("idle", users::SetPresence::new(USER, Presence::Idle)),
        ("offline", users::SetPresence::new(USER, Presence::Offline)),
        ("page", presence().page("Корзина & доставка")),
        ("address", presence().url("https://example.com/?a=1&b=2")),
        ("session", presence().session(session)),
        (
            "every option of generation 2",
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
            "an own id",
            users::SendMessage::new(own_id(), "Здравствуйте!"),
        ),
        ("in the chat", message().kind(MessageKind::PopupChat)),
        ("in a small window", message().kind(MessageKind::PopupSmall)),
        ("in a big window", message().kind(MessageKind::PopupBig)),
        ("by e-mail", message().kind(MessageKind::Email)),
        (
            "every option of generation 2",
            users::SendMessage::new(own_id(), "Здравствуйте!").kind(MessageKind::PopupBig),
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
            ("an own id", users::UnsubscribeEmail::new(own_id())),
        ]),
    ]
}

fn user_cases() -> Vec<(&'static str, users::Get)> {
    let get = || users::Get::new(USER);
    vec![
        ("no option", get()),
        ("an own id", users::Get::new(own_id())),
        ("without `props`", get().without_props()),
        ("with `props_custom`", get().with_custom_props()),
        ("with `props_events`", get().with_event_props()),
        ("with `presence_details`", get().with_presence_details()),
        ("with `events`", get().with_events()),
        ("with `segments`", get().with_segments()),
        ("with `notes`", get().with_notes()),
        ("with `tags`", get().with_tags()),
        ("with `email_status`", get().with_email_status()),
        ("with `timezone_offset`", get().with_timezone_offset()),
        ("properties as text", get().props_as_text()),
        (
            "every option",
            users::Get::new(own_id())
                .without_props()
                .with_custom_props()
                .with_event_props()
                .with_presence_details()
                .with_events()
                .with_segments()
                .with_notes()
                .with_tags()
                .with_email_status()
                .with_timezone_offset()
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
            "merged by the own id",
            import().merge_field(MergeField::UserId),
        ),
        (
            "merged by the e-mail",
            users::Import::new("$email\t$name\na@example.com\tAlex\n")
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
            "an own id",
            users::SetProps::new(own_id()).with(name().expect("a sound operation")),
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
            "an own id",
            StartConversation::new(own_id(), "Где мой заказ?"),
        ),
        ("only a file", StartConversation::with_file(USER, upload())),
        ("a text and a file", start().file(upload())),
        ("random id", start().random_id(random_id(7))),
        ("referrer", start().referrer("https://example.com/?a=1&b=2")),
        (
            "every option",
            StartConversation::new(own_id(), "Где мой заказ?")
                .file(upload())
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
    let moment = Timestamp::new(1_684_923_942, 123_456_000).expect("a moment");
    vec![
        ("no option", track()),
        ("an own id", users::TrackEvent::new(own_id(), name())),
        ("properties", track().properties(properties())),
        ("a moment", track().created(moment)),
        (
            "every option",
            users::TrackEvent::new(own_id(), name())
                .properties(properties())
                .created(Timestamp::from_seconds(1_684_923_942)),
        ),
    ]
}
