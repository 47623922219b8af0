//! The methods of the PHP package `veksa/carrot-api`, which speaks v1, and the request that
//! this crate sends for each; and what that package gets wrong.

use carrot_core::{
    ApiContext, ApiVersion, Endpoint, ErrorKind, apps,
    apps::AssigneeFilter,
    conversations::{self, Operator, Sender},
    endpoint::{Paging, Path, RequestParts},
    types::{
        AdminId, AppId, Conversation, ConversationId, ConversationRef, Cursor, Empty, EventName,
        EventProperties, Filter, InvalidValue, Presence, PropertyOperation, RandomId, Timestamp,
        UserId, UserRef,
    },
    users,
};
use carrot_testing::{RecordedRequest, RecordingTransport};

use crate::support::{
    TOKEN, Watched, builder, canned, client, ok, request::Parameters as _, request::line, respond,
    run, watched,
};

const USER: UserId = UserId::new(22_735_768);
const CONVERSATION: ConversationId = ConversationId::new(7_100_586);
const ADMIN: AdminId = AdminId::new(819);
const FROM: AdminId = AdminId::new(912);

/// The client that stands for `new Api($appId, $key, $secret)`.
fn v1(recorder: &RecordingTransport) -> Watched {
    let builder = builder(recorder).version(ApiVersion::V1);
    watched(builder.app(AppId::new(42)))
}

fn random_id(number: i64) -> RandomId {
    RandomId::new(number).expect("a sound number")
}

/// The request of a call.
fn sent<E: Endpoint>(endpoint: E) -> RecordedRequest {
    let recorder = canned([]);
    let _ = run(v1(&recorder).call(endpoint));
    recorder.single()
}

/// One method of the package: its name, the request of this crate, its method and target, and the
/// pairs of its form.
type Row = (
    &'static str,
    RecordedRequest,
    &'static str,
    &'static [(&'static str, &'static str)],
);

fn rows() -> Vec<Row> {
    let session = "0123456789abcdefghijklmnopqrstuv";
    let page = || Paging::new().size(20);
    let event = || EventName::new("Order placed").expect("a name");
    // What the wrapper takes for an offset is the cursor that the page before gave.
    let after = || Cursor::after("1450345019").expect("a cursor");
    let set_of = |user: UserRef, operation: Result<PropertyOperation, InvalidValue>| {
        users::SetProps::new(user).with(operation.expect("a sound operation"))
    };
    let set = |operation| set_of(USER.into(), operation);
    let set_own = |operation| set_of(UserRef::external("7"), operation);
    vec![
        (
            "getActiveUsers()",
            sent(apps::ActiveUsers::new()),
            "GET /v1/apps/42/activeusers",
            &[],
        ),
        // The number of leads is the `total` of any page; the smallest is enough.
        (
            "getCountLeads()",
            sent(apps::Leads::new().limit(1)),
            "GET /v1/apps/42/users?limit=1",
            &[],
        ),
        (
            "getLeads([], '$last_seen', 'desc', 20, 0)",
            sent(
                apps::Leads::new()
                    .sort_by("$last_seen")
                    .sort_order(apps::SortOrder::Descending)
                    .limit(20)
                    .offset(0),
            ),
            "GET /v1/apps/42/users?sort_prop=%24last_seen&sort_order=desc&offset=0&limit=20",
            &[],
        ),
        (
            "getConversations(false, 20)",
            sent(apps::Conversations::new().page(page())),
            "GET /v1/apps/42/conversations?count=20",
            &[],
        ),
        (
            "getConversations(false, 20, 0, true, 819, ['vip', 'new'])",
            sent(
                apps::Conversations::new()
                    .closed(false)
                    .assigned(AssigneeFilter::Admin(ADMIN))
                    .tag("vip")
                    .tag("new")
                    .page(page()),
            ),
            "GET /v1/apps/42/conversations?closed=false&assigned=819&include_not_assigned=false\
             &tags=%5B%22vip%22%2C%22new%22%5D&count=20",
            &[],
        ),
        (
            "getConversations(22735768, 20)",
            sent(users::Conversations::new(USER).page(page())),
            "GET /v1/users/22735768/conversations?app=42&count=20",
            &[],
        ),
        (
            "getConversations(22735768, 20, 1450345019)",
            sent(users::Conversations::new(USER).page(page().from(after()))),
            "GET /v1/users/22735768/conversations?app=42&after=1450345019&count=20",
            &[],
        ),
        (
            "getConversation(7100586)",
            sent(conversations::Get::new(CONVERSATION)),
            "GET /v1/conversations/7100586",
            &[],
        ),
        (
            "getMessages(7100586, 20)",
            sent(conversations::Parts::new(CONVERSATION).page(page())),
            "GET /v1/conversations/7100586/parts?count=20",
            &[],
        ),
        (
            "getMessages(7100586, 20, 1450345019)",
            sent(conversations::Parts::new(CONVERSATION).page(page().from(after()))),
            "GET /v1/conversations/7100586/parts?after=1450345019&count=20",
            &[],
        ),
        // A note unless another type is named.
        (
            "sendConversationMessage(7100586, 'Hi')",
            sent(conversations::Reply::note(CONVERSATION, "Hi")),
            "POST /v1/conversations/7100586/reply",
            &[
                ("body", "Hi"),
                ("from_admin", "default_admin"),
                ("type", "note"),
            ],
        ),
        (
            "sendConversationMessage(7100586, 'Hi', 'note', 'Bot')",
            sent(conversations::Reply::note(CONVERSATION, "Hi").from(Sender::Bot("Bot".into()))),
            "POST /v1/conversations/7100586/reply",
            &[("body", "Hi"), ("bot_name", "Bot"), ("type", "note")],
        ),
        (
            "sendConversationMessage(7100586, 'Hi', 'reply_admin', '', false, 912, 1, 819, 2)",
            sent(
                conversations::Reply::new(CONVERSATION, "Hi")
                    .kind(conversations::ReplyKind::Message)
                    .from(FROM)
                    .random_id(random_id(1))
                    .auto_assign(ADMIN)
                    .auto_assign_random_id(random_id(2)),
            ),
            "POST /v1/conversations/7100586/reply",
            &[
                ("body", "Hi"),
                ("from_admin", "912"),
                ("type", "reply_admin"),
                ("random_id", "1"),
                ("auto_assign", "819"),
                ("auto_assign_random_id", "2"),
            ],
        ),
        (
            "sendConversationMessage(7100586, 'Hi', 'note', '', true)",
            sent(conversations::Reply::new(CONVERSATION, "Hi").from(Sender::DefaultUser)),
            "POST /v1/conversations/7100586/reply",
            &[("body", "Hi"), ("from_user", "true")],
        ),
        (
            "readMessages(7100586)",
            sent(conversations::MarkRead::new(CONVERSATION)),
            "POST /v1/conversations/7100586/markread",
            &[],
        ),
        (
            "setTyping(7100586, 'On', null, false, 912)",
            sent(conversations::SetTyping::new(CONVERSATION, "On").from(FROM)),
            "POST /v1/conversations/7100586/settyping",
            &[("body", "On"), ("from_admin", "912")],
        ),
        (
            "setTyping(7100586, 'On', 'Bot')",
            sent(conversations::SetTyping::new(CONVERSATION, "On").from(Sender::Bot("Bot".into()))),
            "POST /v1/conversations/7100586/settyping",
            &[("body", "On"), ("bot_name", "Bot")],
        ),
        (
            "setTyping(7100586, 'On', null, true)",
            sent(conversations::SetTyping::new(CONVERSATION, "On").from(Sender::DefaultUser)),
            "POST /v1/conversations/7100586/settyping",
            &[("body", "On"), ("from_user", "true")],
        ),
        (
            "assignConversation(7100586, 819, 912, 'Bot', 1)",
            sent(
                conversations::Assign::new(CONVERSATION, ADMIN)
                    .from(FROM)
                    .random_id(random_id(1)),
            ),
            "POST /v1/conversations/7100586/assign",
            &[("admin", "819"), ("from_admin", "912"), ("random_id", "1")],
        ),
        (
            "assignConversation(7100586, 819, null, 'Bot', 1)",
            sent(
                conversations::Assign::new(CONVERSATION, ADMIN)
                    .from(Operator::Bot("Bot".into()))
                    .random_id(random_id(1)),
            ),
            "POST /v1/conversations/7100586/assign",
            &[("admin", "819"), ("bot_name", "Bot"), ("random_id", "1")],
        ),
        (
            "addTag(7100586, 'vip', null, 'Bot')",
            sent(conversations::AddTag::new(CONVERSATION, "vip").from(Operator::Bot("Bot".into()))),
            "POST /v1/conversations/7100586/tag",
            &[("action", "add"), ("tag", "vip"), ("bot_name", "Bot")],
        ),
        (
            "addTag(7100586, 'vip', 912, '', 1)",
            sent(
                conversations::AddTag::new(CONVERSATION, "vip")
                    .from(FROM)
                    .random_id(random_id(1)),
            ),
            "POST /v1/conversations/7100586/tag",
            &[
                ("action", "add"),
                ("tag", "vip"),
                ("from_admin", "912"),
                ("random_id", "1"),
            ],
        ),
        (
            "deleteTag(7100586, 'vip', 912)",
            sent(conversations::RemoveTag::new(CONVERSATION, "vip").from(FROM)),
            "POST /v1/conversations/7100586/tag",
            &[("action", "delete"), ("tag", "vip"), ("from_admin", "912")],
        ),
        (
            "deleteTag(7100586, 'vip', null, 'Bot', 1)",
            sent(
                conversations::RemoveTag::new(CONVERSATION, "vip")
                    .from(Operator::Bot("Bot".into()))
                    .random_id(random_id(1)),
            ),
            "POST /v1/conversations/7100586/tag",
            &[
                ("action", "delete"),
                ("tag", "vip"),
                ("bot_name", "Bot"),
                ("random_id", "1"),
            ],
        ),
        (
            "closeConversation(7100586, 912)",
            sent(conversations::Close::new(CONVERSATION).from(FROM)),
            "POST /v1/conversations/7100586/close",
            &[("from_admin", "912")],
        ),
        (
            "closeConversation(7100586, null, 'Bot', 1)",
            sent(
                conversations::Close::new(CONVERSATION)
                    .from(Operator::Bot("Bot".into()))
                    .random_id(random_id(1)),
            ),
            "POST /v1/conversations/7100586/close",
            &[("bot_name", "Bot"), ("random_id", "1")],
        ),
        // System properties come by themselves, and everything that is off is off by default.
        (
            "getUser(22735768)",
            sent(users::Get::new(USER).with_presence_details()),
            "GET /v1/users/22735768?app=42&presence_details=true",
            &[],
        ),
        (
            "getUser('7', false)",
            sent(users::Get::new(UserRef::external("7"))),
            "GET /v1/users/7?by_user_id=true&app=42",
            &[],
        ),
        (
            "setProps(22735768, ['$name' => 'Alex'])",
            sent(set(PropertyOperation::update_or_create("$name", "Alex"))),
            "POST /v1/users/22735768/props",
            &[
                ("app", "42"),
                (
                    "operations",
                    r#"[{"op":"update_or_create","key":"$name","value":"Alex"}]"#,
                ),
            ],
        ),
        (
            "setProps('7', ['$name' => 'Alex'], false)",
            sent(set_own(PropertyOperation::update_or_create(
                "$name", "Alex",
            ))),
            "POST /v1/users/7/props",
            &[
                ("by_user_id", "true"),
                ("app", "42"),
                (
                    "operations",
                    r#"[{"op":"update_or_create","key":"$name","value":"Alex"}]"#,
                ),
            ],
        ),
        (
            "deleteProps(22735768, ['plan' => ''])",
            sent(set(PropertyOperation::delete("plan"))),
            "POST /v1/users/22735768/props",
            &[
                ("app", "42"),
                ("operations", r#"[{"op":"delete","key":"plan","value":""}]"#),
            ],
        ),
        (
            "deleteProps('7', ['plan' => ''], false)",
            sent(set_own(PropertyOperation::delete("plan"))),
            "POST /v1/users/7/props",
            &[
                ("by_user_id", "true"),
                ("app", "42"),
                ("operations", r#"[{"op":"delete","key":"plan","value":""}]"#),
            ],
        ),
        (
            "setPresence(22735768, 'online', $session)",
            sent(users::SetPresence::new(USER, Presence::Online).session(session)),
            "POST /v1/users/22735768/setpresence",
            &[
                ("app", "42"),
                ("presence", "online"),
                ("session", "0123456789abcdefghijklmnopqrstuv"),
            ],
        ),
        (
            "sendUserMessage(22735768, 'Hi', 'popup_chat')",
            sent(users::SendMessage::new(USER, "Hi").kind(users::MessageKind::PopupChat)),
            "POST /v1/users/22735768/sendmessage",
            &[("app", "42"), ("body", "Hi"), ("type", "popup_chat")],
        ),
        (
            "startConversation(22735768, 'Hi')",
            sent(users::StartConversation::new(USER, "Hi")),
            "POST /v1/users/22735768/startconversation",
            &[("app", "42"), ("body", "Hi")],
        ),
        (
            "trackEvent(22735768, 'Order placed', ['sum' => 4990])",
            sent(
                users::TrackEvent::new(USER, event()).properties(
                    EventProperties::new()
                        .with("sum", 4_990)
                        .expect("sound properties"),
                ),
            ),
            "POST /v1/users/22735768/events",
            &[
                ("app", "42"),
                ("event", "Order placed"),
                ("params", r#"{"sum":4990}"#),
            ],
        ),
        (
            "getEvents(22735768, 'Order placed', 20)",
            sent(users::Events::new(USER).named(event()).page(page())),
            "GET /v1/users/22735768/events?app=42&filter_name=Order+placed&count=20",
            &[],
        ),
        (
            "getEvents(22735768, 'Order placed', 20, 1450345019)",
            sent(
                users::Events::new(USER)
                    .named(event())
                    .page(page().from(after())),
            ),
            "GET /v1/users/22735768/events?app=42&filter_name=Order+placed&after=1450345019&count=20",
            &[],
        ),
        (
            "call('users/22735768/salute', ['politely' => 'true'], 'post')",
            sent(Salute),
            "POST /v1/users/22735768/salute",
            &[("politely", "true")],
        ),
    ]
}

/// An operation that the crate does not know.
struct Salute;

impl Endpoint for Salute {
    type Output = Empty;
    const NAME: &'static str = "users.salute";

    const IDEMPOTENT: bool = false;

    fn request(&self, _context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let path = Path::new().then("users").id("user", USER)?.then("salute");
        let mut description = RequestParts::post(path);
        description.parameters.flag("politely", true);
        Ok(description)
    }
}

#[test]
fn every_method_has_its_request() {
    for (method, sent, expected, form) in rows() {
        assert_eq!(line(&sent), expected, "{method}");
        let expected: Vec<_> = form
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(sent.form_pairs(), expected, "{method}");
        assert_eq!(sent.uri().host(), Some("api.carrotquest.io"));
    }
}

/// Mistake 1: the id of an operator went into `from_user`.
#[test]
fn an_operator_writes_as_an_operator() {
    for version in ApiVersion::ALL {
        let recorder = canned([]);
        let reply = conversations::Reply::new(CONVERSATION, "Hi").from(FROM);
        let _ = run(client(&recorder, version).call(reply));
        assert_eq!(
            recorder.single().parameter("from_admin").as_deref(),
            Some("912")
        );
        assert_eq!(recorder.single().parameter("from_user"), None);
    }
}

/// Mistakes 2 and 3: a call without parameters went out as a GET, and a GET after a POST as a POST
/// with the old fields.
#[test]
fn no_call_depends_on_the_call_before() {
    let recorder = canned([]);
    let client = client(&recorder, ApiVersion::V1);
    let _ = run(client.call(conversations::Get::new(1)));
    let _ = run(client.call(conversations::MarkRead::new(1)));
    let _ = run(client.call(users::SendMessage::new(USER, "Hi")));
    let _ = run(client.call(conversations::Get::new(1)));
    let requests = recorder.requests();
    let lines: Vec<String> = requests.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/conversations/1",
            "POST /v1/conversations/1/markread",
            "POST /v1/users/22735768/sendmessage",
            "GET /v1/conversations/1",
        ]
    );
    assert!(requests[1].body().is_empty() && requests[3].body().is_empty());
    assert_eq!(requests[0].headers(), requests[3].headers());
}

/// Mistake 4: forms went out as multipart, where a value that begins with `@` was taken for a file,
/// and `false` as an empty text.
#[test]
fn a_form_is_a_form() {
    let sent = sent(users::SendMessage::new(USER, "@/etc/passwd"));
    let form = Some("application/x-www-form-urlencoded");
    assert_eq!(sent.header("content-type"), form);
    assert_eq!(sent.parameter("body").as_deref(), Some("@/etc/passwd"));
    let list = prepared(apps::Conversations::new().closed(false));
    assert_eq!(list.parameter("closed").as_deref(), Some("false"));
}

fn prepared<E: Endpoint>(endpoint: E) -> RecordedRequest {
    let client = client(&canned([]), ApiVersion::V2);
    RecordedRequest::from(client.prepare(&endpoint).expect("a sound request"))
}

/// Mistake 5: the token stood in the address.
#[test]
fn the_token_stands_in_a_header_and_nowhere_else() {
    for (method, sent, ..) in rows() {
        assert!(!sent.uri().to_string().contains(TOKEN), "{method}");
        assert!(
            !String::from_utf8_lossy(sent.body()).contains(TOKEN),
            "{method}"
        );
        assert!(sent.headers()["authorization"].is_sensitive());
        assert!(sent.authorization_is(TOKEN));
    }
}

/// Mistake 6: ids went into the path as they were, and external ids had to be numbers.
#[test]
fn ids_are_encoded_and_own_ids_may_be_any_text() {
    let sent = sent(users::Get::new(UserRef::external("order/42?x=1")));
    assert_eq!(sent.uri().path(), "/v1/users/order%2F42%3Fx%3D1");
    let greatest = prepared(users::Get::new(UserId::new(u64::MAX)));
    assert_eq!(greatest.uri().path(), "/v2/users/18446744073709551615");
}

/// Mistake 7: an assignment could not be taken away.
#[test]
fn an_assignment_can_be_taken_away() {
    let sent = sent(conversations::Unassign::new(CONVERSATION).from(FROM));
    assert_eq!(line(&sent), "POST /v1/conversations/7100586/assign");
    assert_eq!(
        sent.form_pairs(),
        [("from_admin".to_owned(), "912".to_owned())]
    );
}

/// Mistake 8: commas were deleted from tags.
#[test]
fn a_comma_in_a_tag_is_refused_and_not_deleted() {
    let recorder = canned([]);
    let client = v1(&recorder);
    let added = run(client.call(conversations::AddTag::new(1, "a,b"))).expect_err("refused");
    let removed = run(client.call(conversations::RemoveTag::new(1, "a,b"))).expect_err("refused");
    for error in [added, removed] {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.invalid_value().map(InvalidValue::field), Some("tag"));
    }
    assert!(recorder.requests().is_empty());
}

/// Mistake 9: `closed` was described the wrong way round, and unassigned conversations were left out
/// without a way to get them.
#[test]
fn open_conversations_of_anybody_can_be_listed() {
    let open = sent(
        apps::Conversations::new()
            .closed(false)
            .assigned(AssigneeFilter::Any),
    );
    assert_eq!(
        line(&open),
        "GET /v1/apps/42/conversations?closed=false&include_not_assigned=true"
    );
}

/// Mistake 10: `after` was taken for an offset, and the cursor of the next page was thrown away.
#[test]
fn the_next_page_is_where_the_answer_says() {
    let page = r#"{"meta":{"status":200,"next_after":1447339319.900966},"data":[{"id":1}]}"#;
    let last = r#"{"meta":{"status":200,"next_after":null},"data":[{"id":2}]}"#;
    let recorder = canned([ok(page), ok(last)]);
    let mut all = v1(&recorder).items(apps::Conversations::new());
    let mut ids = Vec::new();
    while let Some(conversation) = run(all.next()).expect("a conversation") {
        ids.push(conversation.id.get());
    }
    assert_eq!(ids, [1, 2]);
    let requests = recorder.requests();
    assert_eq!(requests[0].parameter("after"), None);
    assert_eq!(
        requests[1].parameter("after").as_deref(),
        Some("1447339319.900966")
    );
    assert_eq!(Cursor::after("0").expect("a cursor").as_str(), "0");
}

/// Mistake 11: filters were spread over many parameters.
#[test]
fn filters_are_one_value_in_json() {
    let sent = sent(apps::Leads::new().filter(Filter::known("$email")));
    let filters =
        r#"{"type":"and","filters":[{"type":"known","property_name":"$email","value":{}}]}"#;
    assert_eq!(
        sent.parameters(),
        [("filters".to_owned(), filters.to_owned())]
    );
}

/// Mistake 12: an event without properties had a list for them, a deletion had a value, and a user
/// could be set offline.
#[test]
fn what_is_not_there_is_not_sent() {
    let name = EventName::new("x").expect("a name");
    let event = sent(users::TrackEvent::new(USER, name));
    // The service takes an absent `params` for `{}`.
    assert_eq!(event.parameter("params"), None);
    let delete = PropertyOperation::delete("plan").expect("an operation");
    let deletion = sent(users::SetProps::new(USER).with(delete));
    let operations = r#"[{"op":"delete","key":"plan","value":""}]"#;
    assert_eq!(
        deletion.parameter("operations").as_deref(),
        Some(operations)
    );

    let recorder = canned([]);
    let offline = users::SetPresence::new(USER, Presence::Offline).session("0".repeat(32));
    run(v1(&recorder).call(offline)).expect_err("refused");
    assert!(recorder.requests().is_empty());
    let without_session = prepared(users::SetPresence::new(USER, Presence::Online));
    assert_eq!(without_session.parameters().len(), 1);
}

/// Mistake 13: ids in place of objects were lost, and decimal times, ids as text and new enum values
/// were errors.
#[test]
fn answers_are_read_in_every_form_the_service_sends() {
    let body = r#"{"meta":{"status":200},"data":[
        {"id":"7936880","created":1450420434.25,"conversation":"7179725","type":"brand_new",
         "from":"16588048","sent_via":"carrier_pigeon","inbound_email":5}]}"#;
    let client = v1(&canned([ok(body)]));
    let page = run(client.call(conversations::Parts::new(7_179_725))).expect("a page");
    let part = &page.items[0];
    assert_eq!(part.id.get(), 7_936_880);
    let created = Timestamp::new(1_450_420_434, 250_000_000).expect("a moment");
    assert_eq!(part.created, Some(created));
    let conversation = ConversationRef::Id(ConversationId::new(7_179_725));
    assert_eq!(part.conversation, Some(conversation));
    assert!(part.from.is_some());
    let kind = part.kind.as_ref().map(ToString::to_string);
    assert_eq!(kind.as_deref(), Some("brand_new"));
}

/// Mistake 14: an error was a number, and 304 a success.
#[test]
fn an_error_says_what_the_service_said() {
    let refusal =
        r#"{"meta":{"status":403,"error":"PermissionDenied","error_message":"Other app"}}"#;
    let answers = [respond(403, refusal), respond(304, ""), respond(599, "")];
    let client = v1(&canned(answers));
    let call = || run(client.call(conversations::Get::new(1)));
    let read =
        |result: Result<Conversation, _>| -> carrot_core::Error { result.expect_err("refused") };
    let denied = read(call());
    assert!(denied.is_auth());
    assert_eq!(denied.message(), Some("Other app"));
    assert_eq!(read(call()).status(), Some(304));
    assert_eq!(read(call()).status(), Some(599));
}
