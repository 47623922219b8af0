//! The methods of the PHP package `veksa/carrot-api` for v1, with the request that this crate sends for
//! each; and the mistakes of that package that no snapshot of a request would show.
//!
//! Those in `tests/requests` would show that the id of an operator is sent as a user, that an assignment
//! cannot be removed, that `closed` is inverted or unassigned conversations cannot be listed, that filters are
//! many parameters, and that what is absent has a value (mistakes 1, 7, 9, 11 and 12). Those in
//! `tests/rejections` would show that a comma is deleted from a tag (8).

use std::fmt::Write as _;

use carrot_core::{
    ApiContext, ApiVersion, Endpoint, apps,
    apps::AssigneeFilter,
    conversations::{self, Operator, Sender},
    endpoint::{Paging, Path, RequestParts, ResponseError, response},
    types::{
        AdminId, AppId, Conversation, ConversationId, ConversationRef, Cursor, Empty, EventName,
        EventProperties, InvalidValue, Presence, PropertyOperation, PropertyValue, RandomId,
        Timestamp, UserId, UserRef,
    },
    users,
};
use carrot_testing::{RecordedRequest, RecordingTransport};

use crate::support::{
    ID, TOKEN, Watched, assert_snapshot, builder, canned, client, ok, request::Parameters as _,
    request::line, respond, run, watched,
};

const USER: UserId = UserId::new(22_735_768);
const CONVERSATION: ConversationId = ConversationId::new(7_100_586);
const ADMIN: AdminId = AdminId::new(819);
const FROM: AdminId = AdminId::new(912);

/// The client for `new Api($appId, $key, $secret)`.
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

/// One method of the package, and the request of this crate.
type Row = (&'static str, RecordedRequest);

fn row<E: Endpoint>(method: &'static str, endpoint: E) -> Row {
    (method, sent(endpoint))
}

fn rows() -> Vec<Row> {
    let session = "0123456789abcdefghijklmnopqrstuv";
    let page = || Paging::new().size(20);
    let event = || EventName::new("Order placed").expect("a name");
    // What the package calls an offset is the cursor of the page before.
    let after = || Cursor::after("1450345019").expect("a cursor");
    let set_of = |user: UserRef, operation: Result<PropertyOperation, InvalidValue>| {
        users::SetProps::new(user).with(operation.expect("a sound operation"))
    };
    let set = |operation| set_of(USER.into(), operation);
    let set_own = |operation| set_of(UserRef::external("7"), operation);
    vec![
        row("getActiveUsers()", apps::ActiveUsers::new()),
        // The number of leads is the `total` of any page.
        row(
            "getCountLeads()",
            apps::Leads::new().page(Paging::new().size(1)),
        ),
        row(
            "getLeads([], '$last_seen', 'desc', 20, 0)",
            apps::Leads::new()
                .sort_by("$last_seen")
                .sort_order(apps::SortOrder::Descending)
                .page(Paging::new().size(20).starting_at(Cursor::offset(0))),
        ),
        row(
            "getConversations(false, 20)",
            apps::Conversations::new().page(page()),
        ),
        row(
            "getConversations(false, 20, 0, true, 819, ['vip', 'new'])",
            apps::Conversations::new()
                .closed(false)
                .assigned(AssigneeFilter::Admin(ADMIN))
                .tag("vip")
                .tag("new")
                .page(page()),
        ),
        row(
            "getConversations(22735768, 20)",
            users::Conversations::new(USER).page(page()),
        ),
        row(
            "getConversations(22735768, 20, 1450345019)",
            users::Conversations::new(USER).page(page().starting_at(after())),
        ),
        row(
            "getConversation(7100586)",
            conversations::Get::new(CONVERSATION),
        ),
        row(
            "getMessages(7100586, 20)",
            conversations::Parts::new(CONVERSATION).page(page()),
        ),
        row(
            "getMessages(7100586, 20, 1450345019)",
            conversations::Parts::new(CONVERSATION).page(page().starting_at(after())),
        ),
        // A note by default.
        row(
            "sendConversationMessage(7100586, 'Hi')",
            conversations::Reply::note(CONVERSATION, "Hi"),
        ),
        row(
            "sendConversationMessage(7100586, 'Hi', 'note', 'Bot')",
            conversations::Reply::note(CONVERSATION, "Hi").sender(Sender::Bot("Bot".into())),
        ),
        row(
            "sendConversationMessage(7100586, 'Hi', 'reply_admin', '', false, 912, 1, 819, 2)",
            conversations::Reply::new(CONVERSATION, "Hi")
                .kind(conversations::ReplyKind::Message)
                .sender(FROM)
                .random_id(random_id(1))
                .auto_assign(ADMIN)
                .auto_assign_random_id(random_id(2)),
        ),
        row(
            "sendConversationMessage(7100586, 'Hi', 'note', '', true)",
            conversations::Reply::new(CONVERSATION, "Hi").sender(Sender::DefaultUser),
        ),
        row(
            "readMessages(7100586)",
            conversations::MarkRead::new(CONVERSATION),
        ),
        row(
            "setTyping(7100586, 'On', null, false, 912)",
            conversations::SetTyping::new(CONVERSATION, "On").sender(FROM),
        ),
        row(
            "setTyping(7100586, 'On', 'Bot')",
            conversations::SetTyping::new(CONVERSATION, "On").sender(Sender::Bot("Bot".into())),
        ),
        row(
            "setTyping(7100586, 'On', null, true)",
            conversations::SetTyping::new(CONVERSATION, "On").sender(Sender::DefaultUser),
        ),
        row(
            "assignConversation(7100586, 819, 912, 'Bot', 1)",
            conversations::Assign::new(CONVERSATION, ADMIN)
                .by(FROM)
                .random_id(random_id(1)),
        ),
        row(
            "assignConversation(7100586, 819, null, 'Bot', 1)",
            conversations::Assign::new(CONVERSATION, ADMIN)
                .by(Operator::Bot("Bot".into()))
                .random_id(random_id(1)),
        ),
        row(
            "addTag(7100586, 'vip', null, 'Bot')",
            conversations::AddTag::new(CONVERSATION, "vip").by(Operator::Bot("Bot".into())),
        ),
        row(
            "addTag(7100586, 'vip', 912, '', 1)",
            conversations::AddTag::new(CONVERSATION, "vip")
                .by(FROM)
                .random_id(random_id(1)),
        ),
        row(
            "deleteTag(7100586, 'vip', 912)",
            conversations::RemoveTag::new(CONVERSATION, "vip").by(FROM),
        ),
        row(
            "deleteTag(7100586, 'vip', null, 'Bot', 1)",
            conversations::RemoveTag::new(CONVERSATION, "vip")
                .by(Operator::Bot("Bot".into()))
                .random_id(random_id(1)),
        ),
        row(
            "closeConversation(7100586, 912)",
            conversations::Close::new(CONVERSATION).by(FROM),
        ),
        row(
            "closeConversation(7100586, null, 'Bot', 1)",
            conversations::Close::new(CONVERSATION)
                .by(Operator::Bot("Bot".into()))
                .random_id(random_id(1)),
        ),
        // The service returns system properties by default, and nothing else.
        row(
            "getUser(22735768)",
            users::Get::new(USER).include(carrot_core::endpoint::UserField::PresenceDetails),
        ),
        row(
            "getUser('7', false)",
            users::Get::new(UserRef::external("7")),
        ),
        row(
            "setProps(22735768, ['$name' => 'Alex'])",
            set(PropertyOperation::update_or_create("$name", "Alex")),
        ),
        row(
            "setProps('7', ['$name' => 'Alex'], false)",
            set_own(PropertyOperation::update_or_create("$name", "Alex")),
        ),
        row(
            "deleteProps(22735768, ['plan' => ''])",
            set(PropertyOperation::delete("plan")),
        ),
        row(
            "deleteProps('7', ['plan' => ''], false)",
            set_own(PropertyOperation::delete("plan")),
        ),
        row(
            "setPresence(22735768, 'online', $session)",
            users::SetPresence::new(USER, Presence::Online).session(session),
        ),
        row(
            "sendUserMessage(22735768, 'Hi', 'popup_chat')",
            users::SendMessage::new(USER, "Hi").kind(users::MessageKind::PopupChat),
        ),
        row(
            "startConversation(22735768, 'Hi')",
            users::StartConversation::new(USER, "Hi"),
        ),
        row(
            "trackEvent(22735768, 'Order placed', ['sum' => 4990])",
            users::TrackEvent::new(USER, event()).properties(
                EventProperties::new()
                    .with("sum", 4_990)
                    .expect("sound properties"),
            ),
        ),
        row(
            "getEvents(22735768, 'Order placed', 20)",
            users::Events::new(USER).named(event()).page(page()),
        ),
        row(
            "getEvents(22735768, 'Order placed', 20, 1450345019)",
            users::Events::new(USER)
                .named(event())
                .page(page().starting_at(after())),
        ),
        row(
            "call('users/22735768/salute', ['politely' => 'true'], 'post')",
            Salute,
        ),
    ]
}

/// An operation that the crate does not have.
struct Salute;

impl Endpoint for Salute {
    type Output = Empty;
    const NAME: &'static str = "users.salute";

    const IDEMPOTENT: bool = false;

    fn request(&self, _context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let path = Path::new().then("users").id("user", USER)?.then("salute");
        let mut request = RequestParts::post(path);
        request.parameters.flag("politely", true);
        Ok(request)
    }

    fn decode(&self, _: ApiVersion, body: &[u8]) -> Result<Empty, ResponseError> {
        response::data(body)
    }
}

#[test]
fn methods_match_requests() {
    let mut text = String::new();
    for (method, sent) in rows() {
        let _ = writeln!(
            text,
            "{method}
  {}",
            line(&sent)
        );
        for (name, value) in sent.form_pairs() {
            let _ = writeln!(text, "    {name} = {value}");
        }
        assert_eq!(sent.uri().host(), Some("api.carrotquest.io"));
    }
    assert_snapshot("tests/wrapper.txt", &text);
}

/// Mistakes 2 and 3: a call without parameters was sent as a GET, and a GET after a POST as a POST with
/// the old fields.
#[test]
fn calls_are_independent() {
    let recorder = canned([]);
    let client = client(&recorder, ApiVersion::V1);
    let _ = run(client.call(conversations::Get::new(ID)));
    let _ = run(client.call(conversations::MarkRead::new(ID)));
    let _ = run(client.call(users::SendMessage::new(USER, "Hi")));
    let _ = run(client.call(conversations::Get::new(ID)));
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

/// Mistake 4: forms were sent as multipart, with a value that starts with `@` as a file and `false` as an
/// empty text.
#[test]
fn form_without_file_is_urlencoded() {
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

/// Mistake 5: the token was in the URL.
#[test]
fn token_is_only_in_a_header() {
    for (method, sent) in rows() {
        assert!(!sent.uri().to_string().contains(TOKEN), "{method}");
        assert!(
            !String::from_utf8_lossy(sent.body()).contains(TOKEN),
            "{method}"
        );
        assert!(sent.headers()["authorization"].is_sensitive());
        assert!(sent.authorization_is(TOKEN));
    }
}

/// Mistake 6: ids in the path were not encoded, and external ids had to be numbers.
#[test]
fn external_ids_may_be_any_text() {
    let sent = sent(users::Get::new(UserRef::external("order/42?x=1")));
    assert_eq!(sent.uri().path(), "/v1/users/order%2F42%3Fx%3D1");
    let greatest = prepared(users::Get::new(UserId::new(u64::MAX)));
    assert_eq!(greatest.uri().path(), "/v2/users/18446744073709551615");
}

/// The second table of the README: what the wrapper sent, by the version that takes it.
#[test]
fn rejects_what_the_table_says() {
    let recorder = canned([ok("{}"), ok("{}"), ok("{}")]);
    let v2 = client(&recorder, ApiVersion::V2);
    let v1 = client(&recorder, ApiVersion::V1);
    let field =
        |error: carrot_core::Error| error.invalid_value().map(|value| value.field().to_owned());
    let bot = || conversations::Reply::new(ID, "Hi").sender(Sender::Bot("Bot".into()));
    let error = run(v2.call(bot())).expect_err("v1 only");
    assert_eq!(field(error).as_deref(), Some("bot_name"));
    drop(run(v1.call(bot())));
    for client in [&v1, &v2] {
        let presence = |presence: Presence, session: &str| {
            let set = users::SetPresence::new(USER, presence).session(session);
            field(run(client.call(set)).expect_err("rejected"))
        };
        let session = "0".repeat(32);
        assert_eq!(
            presence(Presence::Offline, &session).as_deref(),
            Some("presence")
        );
        assert_eq!(presence(Presence::Idle, "123").as_deref(), Some("session"));
        let phone = PropertyOperation::update_or_create("$phone", "+79120000000").expect("a value");
        let error = run(client.call(users::SetProps::new(USER).with(phone))).expect_err("rejected");
        assert!(
            error.to_string().contains("`PropertyOperation::phone`"),
            "{error}"
        );
    }
    drop(run(v2.call(conversations::AddTag::new(ID, "a,b"))));
    run(v1.call(conversations::AddTag::new(ID, "a,b"))).expect_err("rejected");
    let amount = EventProperties::new().with("sum", PropertyValue::raw(199.9));
    let name = EventName::new("Order placed").expect("a name");
    let event = users::TrackEvent::new(USER, name).properties(amount.expect("a value"));
    drop(run(v2.call(event)));
    let sent: Vec<String> = recorder.requests().iter().map(line).collect();
    assert_eq!(
        sent,
        [
            "POST /v1/conversations/1/reply",
            "POST /v2/conversations/1/tag",
            "POST /v2/users/22735768/events",
        ]
    );
}

/// Mistake 10: `after` was used as an offset, and the cursor of the next page was discarded.
#[test]
fn next_page_starts_at_cursor_of_response() {
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

/// Mistake 13: ids instead of objects were lost, and decimal times, ids as text and new enum values were
/// errors.
#[test]
fn every_documented_response_form_is_decoded() {
    let body = r#"{"meta":{"status":200},"data":[
        {"id":"7936880","created":1450420434.25,"conversation":"7179725","type":"brand_new",
         "from":"16588048","sent_via":"carrier_pigeon","inbound_email":5}]}"#;
    let client = v1(&canned([ok(body)]));
    let page = run(client.call(conversations::Parts::new(ConversationId::new(7_179_725))))
        .expect("a page");
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
fn error_contains_message_of_service() {
    let rejection =
        r#"{"meta":{"status":403,"error":"PermissionDenied","error_message":"Other app"}}"#;
    let responses = [respond(403, rejection), respond(304, ""), respond(599, "")];
    let client = v1(&canned(responses));
    let call = || run(client.call(conversations::Get::new(ID)));
    let read =
        |result: Result<Conversation, _>| -> carrot_core::Error { result.expect_err("rejected") };
    let denied = read(call());
    assert!(denied.is_auth());
    assert_eq!(denied.message(), Some("Other app"));
    assert_eq!(read(call()).status(), Some(304));
    assert_eq!(read(call()).status(), Some(599));
}
