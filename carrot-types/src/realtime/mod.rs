//! The realtime service: what it sends over a WebSocket, as it happens.
//!
//! Nothing here connects. With a WebSocket client of your choice:
//!
//! 1. Open `wss://` + host + [`websocket_path`] + `?auth_token=` + your token, percent-encoded. The
//!    hosts are [`HOST_CARROT_QUEST`] and [`HOST_DASHLY`]. Success is HTTP 101. The token stands in
//!    the address here, so keep the address out of logs.
//! 2. Read each text message with [`RealtimeMessage::parse`]. With [`RealtimeChannel::Ping`] as the last
//!    channel a message comes every ten seconds; after a minute without one the connection is lost.
//! 3. When the service closes the connection, [`CloseCode`] says whether to connect again. The older server
//!    software rejects a token after HTTP 101, so a connection that opened proves nothing: keep the pauses
//!    between attempts growing until a connection has lived for a while after its first ping.
//!
//! Long polls bring the same messages: [`longpoll_path`], and [`RealtimeMessage::parse_all`] for the body.
//!
//! To resume after a lost connection, add the query parameters `time` and `tag` of a message that was read
//! before: the service then sends the messages that it stored after it. Neither the last message read nor
//! the greatest time seen is a safe position. The service replays one channel after the other, in the order
//! of the path, so a connection that ends during a replay has not delivered the later channels. Their
//! messages are lost when the position has moved on. Therefore:
//!
//! * put [`RealtimeChannel::Ping`] **last** in the path;
//! * keep the stored position unchanged from connecting until the first ping arrives, which proves that the
//!   replay is complete; after it, advance the position with each message to the greatest `(time, tag)`;
//! * send both parameters: without `tag` the rest of the same second is skipped. Take neither from a message
//!   whose `id` is below 0, which is a notice of the server itself;
//! * expect duplicates, and drop them by channel and `id`;
//! * treat a jump of `id` within a channel as a loss: connect again from the message before the jump, and
//!   read the objects again over the Web API where that does not help. How long the service keeps messages
//!   is not documented.
//!
//! All of this is observed on the server software that the vendor names, and assumed of the service.
//!
//! Source: <https://developers.carrotquest.io/rts/>
//!
//! ```
//! use carrot_types::{AppId, realtime::{self, RealtimeChannel, RealtimeMessage, RealtimePayload}};
//!
//! let app = AppId::new(100);
//! let channels = [RealtimeChannel::ConversationReply(app), RealtimeChannel::Ping];
//! let path = realtime::websocket_path(&channels)?;
//! assert_eq!(path, "/websocket/conversation_reply.100/ping");
//!
//! let received = r#"{"id": 1, "channel": "conversation_reply.100", "tag": "21",
//!     "time": "Sat, 14 Nov 2015 15:51:54 GMT",
//!     "message": {"id": 7498329, "body": "Hello", "from": 3181982, "random_id": 1650977560}}"#;
//! let message = RealtimeMessage::parse(received)?;
//! match message.payload {
//!     RealtimePayload::ConversationReply(part) => assert_eq!(part.body.as_deref(), Some("Hello")),
//!     other => panic!("no reply: {other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod channel;
mod close_code;
mod lenient_payload;
mod message;
mod observed;
mod path;
mod payload;
mod payload_debug;
mod payloads;

#[cfg(test)]
mod tests;

pub use self::{
    channel::RealtimeChannel,
    close_code::{CloseCode, CloseNumber},
    message::{RealtimeError, RealtimeMessage},
    observed::{
        AppPresence, ConversationFinish, ConversationNotice, ConversationParts,
        ConversationReading, Script, UserBan, UserMerge, UsersRemoval,
    },
    path::{HOST_CARROT_QUEST, HOST_DASHLY, MAX_CHANNELS, longpoll_path, websocket_path},
    payload::RealtimePayload,
    payloads::{
        ConversationAssignment, ConversationClosing, ConversationTagging, ConversationTyping, Ping,
        PresenceChange,
    },
};
