use carrot_core::{
    conversations::{self, Operator, ReplyKind, Sender},
    endpoint::{Paging, PartField, Upload},
    types::{AdminId, AttachmentType, ConversationId, RandomId},
};
use serde_json::json;

use super::{
    ADMIN, CONVERSATION, CONVERSATION_FIELDS, NONCE, Operation, TEXT, USER, fields, operation,
    paged, position, random_id,
};

/// The options of an operation that adds a part as an operator.
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

/// The senders of a message as options.
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
        (
            "from the sender that the service chooses",
            from(base(), Sender::Omitted),
        ),
    ]
}

pub(super) fn all() -> Vec<Operation> {
    let get = || conversations::Get::new(CONVERSATION);
    let mut get_cases = vec![("no option", get())];
    get_cases.extend(fields(
        &get(),
        &CONVERSATION_FIELDS,
        conversations::Get::include,
        conversations::Get::exclude,
    ));
    get_cases.push((
        "every option",
        CONVERSATION_FIELDS
            .iter()
            .fold(get(), |all, (_, field)| all.exclude(*field)),
    ));

    let part_fields = [("field `conversation`", PartField::Conversation)];
    let parts = || conversations::Parts::new(CONVERSATION);
    let mut parts_cases = vec![("no option", parts())];
    parts_cases.extend(fields(
        &parts(),
        &part_fields,
        conversations::Parts::include,
        conversations::Parts::exclude,
    ));
    parts_cases.extend(paged(&parts(), conversations::Parts::page));
    parts_cases.push((
        "every option of v2",
        parts()
            .include(PartField::Conversation)
            .page(Paging::new().size(50).starting_at(position())),
    ));

    let typing = || conversations::SetTyping::new(CONVERSATION, "Ищу ваш заказ");
    let mut typing_cases = vec![
        ("no option", typing()),
        (
            "an empty text",
            conversations::SetTyping::new(CONVERSATION, ""),
        ),
        ("without a text", typing().without_text()),
        ("a nonce", typing().nonce(NONCE)),
    ];
    typing_cases.extend(senders(typing, |typing, sender| typing.sender(sender)));

    let add = conversations::AddTag::new(CONVERSATION, "срочно & важно");
    let remove = conversations::RemoveTag::new(CONVERSATION, "срочно & важно");
    let assign = conversations::Assign::new(ConversationId::new(716), ADMIN);
    let unassign = conversations::Unassign::new(ConversationId::new(716));
    let close = conversations::Close::new(CONVERSATION);
    vec![
        operation(&actions(
            &add,
            |tag, from| tag.by(from),
            conversations::AddTag::random_id,
        )),
        operation(&actions(
            &assign,
            |assign, from| assign.by(from),
            conversations::Assign::random_id,
        )),
        operation(&actions(
            &close,
            |close, from| close.by(from),
            conversations::Close::random_id,
        )),
        operation(&get_cases),
        operation(&[
            ("no option", conversations::MarkRead::new(CONVERSATION)),
            (
                "a nonce",
                conversations::MarkRead::new(CONVERSATION).nonce(NONCE),
            ),
        ]),
        operation(&parts_cases),
        operation(&actions(
            &remove,
            |tag, from| tag.by(from),
            conversations::RemoveTag::random_id,
        )),
        operation(&reply_cases()),
        operation(&typing_cases),
        operation(&actions(
            &unassign,
            |unassign, from| unassign.by(from),
            conversations::Unassign::random_id,
        )),
    ]
}

fn reply_cases() -> Vec<(&'static str, conversations::Reply)> {
    use conversations::Reply;
    let reply = || {
        Reply::new(
            CONVERSATION,
            format!("Уже едет\n& скоро будет = 100%+ {TEXT}"),
        )
    };
    let upload = || Upload::new("отчёт \"1\".txt", "line 1\nline 2");
    let button = || json!({"type": "button", "text": "Да"});
    let mut cases = vec![("no option", reply())];
    cases.extend(senders(reply, |reply, sender| reply.sender(sender)));
    cases.extend([
        ("type `reply_admin`", reply().kind(ReplyKind::Message)),
        ("type `note`", Reply::note(CONVERSATION, "Спросить курьера")),
        (
            "type `article`",
            Reply::article(CONVERSATION, json!({"id": 7})),
        ),
        (
            "type `note` from the user, who has no types",
            reply().kind(ReplyKind::Note).sender(Sender::DefaultUser),
        ),
        (
            "only a file",
            Reply::without_text(CONVERSATION).attachment(upload()),
        ),
        ("a text and a file", reply().attachment(upload())),
        (
            "a voice message",
            Reply::without_text(CONVERSATION)
                .attachment(Upload::new("audio_record_1.mp3", "x").kind(AttachmentType::Voice)),
        ),
        (
            "a file that says that it is one",
            reply().attachment(upload().kind(AttachmentType::File)),
        ),
        ("a nonce", reply().nonce(NONCE)),
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
            reply().include(PartField::Conversation),
        ),
        (
            "every option of v1",
            reply()
                .sender(ADMIN)
                .kind(ReplyKind::Note)
                .random_id(random_id(1))
                .auto_assign(ADMIN)
                .auto_assign_random_id(random_id(2)),
        ),
        (
            "every option of v2",
            reply()
                .sender(ADMIN)
                .kind(ReplyKind::Message)
                .attachment(upload())
                .body_json(json!({}))
                .action(button())
                .external_id("crm/42")
                .random_id(random_id(1))
                .auto_assign(ADMIN)
                .auto_assign_random_id(random_id(2))
                .referrer("https://example.com/")
                .include(PartField::Conversation),
        ),
    ]);
    cases
}
