//! Where an odd value costs the record: the types, and of each the paths with the reason.
//!
//! The test of [`mutations`](crate::mutations) compares the list with what happens, type by type and path by path, so
//! that an entry that is no longer true fails too. `[]` is any place of a list.

const NAMES: &str = "names the record";
const STATUS: &str = "says whether the call succeeded";
const RECORD: &str = "is the record";
const RESULT: &str = "is the result of the call";
/// The client reads a write without it.
const NO_DATA: &str = "is part of every response; two of them contradict each other";
const LIST: &str = "is the list of records";
const ITEM: &str = "is a record: the client reports an unreadable one and reads the others";
const SENDER: &str = "proves who sent it";
const KIND: &str = "says what the webhook is";
/// Such as a text that ends in the middle.
const NO_JSON: &str = "text that starts an object and is not JSON was damaged on the way";
const TWO: &str = "two different values: nothing says which one counts";
const HAPPENED: &str = "says what happened";
/// The program's own queue, which this crate has written whole.
const STORED: &str = "is always there in what this crate has written";

type Path = (&'static str, &'static str);

pub(crate) const REQUIRED: &[(&[&str], &[Path])] = &[
    (
        &[
            "Attachment",
            "Channel",
            "Conversation",
            "ConversationPart",
            "EmailStatus",
            "Event",
            "EventType",
            "MessageSender",
            "Note",
            "Segment",
            "User",
            "UserTag",
            "payload of conversation.{app_id}",
            "payload of conversation.{app_id}.{user_id}",
            "payload of conversation_read.{app_id}",
            "payload of conversation_read.{app_id}.{user_id}",
            "payload of conversation_reply.{app_id}",
            "payload of conversation_reply.{app_id}.{user_id}",
            "payload of conversation_reply_changed.{app_id}.{user_id}",
            "payload of conversation_started_user.{app_id}",
            "payload of event.{app_id}.{user_id}",
        ],
        &[("id", NAMES)],
    ),
    (&["Vec<Author>"], &[("[]", RECORD)]),
    (
        &[
            "Envelope<ActionReceipt>",
            "Envelope<Empty>",
            "Envelope<ImportReport>",
        ],
        &[("meta", STATUS), ("meta.status", STATUS), ("data", NO_DATA)],
    ),
    (
        &[
            "Envelope<Conversation>",
            "Envelope<ConversationPart>",
            "Envelope<Event>",
            "Envelope<StartedConversation>",
            "Envelope<User>",
        ],
        &[
            ("meta", STATUS),
            ("meta.status", STATUS),
            ("data", RECORD),
            ("data.id", NAMES),
        ],
    ),
    (
        &["Envelope<SentMessage>"],
        &[
            ("meta", STATUS),
            ("meta.status", STATUS),
            ("data", RESULT),
            ("data.conversation", RESULT),
            ("data.message", RESULT),
        ],
    ),
    (
        &[
            "Envelope<Vec<Channel>>",
            "Envelope<Vec<Conversation>>",
            "Envelope<Vec<ConversationPart>>",
            "Envelope<Vec<Event>>",
            "Envelope<Vec<User>>",
        ],
        &[
            ("meta", STATUS),
            ("meta.status", STATUS),
            ("data", LIST),
            ("data[]", ITEM),
            ("data[].id", NAMES),
        ],
    ),
    (
        &["form of event"],
        &[
            ("token", SENDER),
            ("type", KIND),
            ("user", NO_JSON),
            ("event", NO_JSON),
            ("user_id", TWO),
            ("event_id", TWO),
            ("event_name", TWO),
        ],
    ),
    (
        &["form of message_webhook"],
        &[
            ("token", SENDER),
            ("type", KIND),
            ("user", NO_JSON),
            ("event", NO_JSON),
            ("user_id", TWO),
            ("event_id", TWO),
            ("sending_id", TWO),
            ("message_name", TWO),
            ("message_id", NAMES),
        ],
    ),
    (
        &["JSON of event"],
        &[("token", SENDER), ("type", KIND), ("user", NO_JSON)],
    ),
    (
        &["JSON of message_webhook"],
        &[
            ("token", SENDER),
            ("type", KIND),
            ("user", NO_JSON),
            ("message_id", NAMES),
        ],
    ),
    (
        &["form of conversation", "JSON of conversation"],
        &[
            ("token", SENDER),
            ("type", KIND),
            ("conversation", RECORD),
            ("conversation.id", NAMES),
        ],
    ),
    (
        &["stored event"],
        &[
            ("event", RECORD),
            ("event.user", STORED),
            ("event.user.id", NAMES),
            ("event.user_id", NAMES),
            ("event.event_name", HAPPENED),
        ],
    ),
    (
        &["stored message_webhook"],
        &[
            ("message", RECORD),
            ("message.user", STORED),
            ("message.user.id", NAMES),
            ("message.user_id", NAMES),
            ("message.message_id", NAMES),
        ],
    ),
    (
        &["stored conversation"],
        &[("conversation", RECORD), ("conversation.id", NAMES)],
    ),
    (
        &["RealtimeMessage"],
        &[("channel", KIND), ("message", RECORD)],
    ),
    (
        &[
            "payload of chat_bot_conversation_finished.{app_id}.{user_id}",
            "payload of conversation_assigned.{app_id}",
            "payload of conversation_closed.{app_id}",
            "payload of conversation_typing.{app_id}",
            "payload of conversation_typing.{app_id}.{user_id}",
        ],
        &[("conversation", NAMES)],
    ),
    (
        &[
            "payload of conversation_tag_added.{app_id}",
            "payload of conversation_tag_deleted.{app_id}",
        ],
        &[("conversation", NAMES), ("tag", HAPPENED)],
    ),
    (
        &["payload of user_ban.{app_id}.{user_id}"],
        &[("user_id", NAMES)],
    ),
    (
        &["payload of user_merge_finished.{app_id}.{user_id}"],
        &[("new", NAMES)],
    ),
];
