//! Webhooks: what the service posts to an address of yours.
//!
//! A webhook is an HTTP POST of content type `application/x-www-form-urlencoded`. Its fields are
//! `type`, `token` and what the type brings; objects are JSON inside a field. [`parse`] checks the
//! token and reads the body; [`Webhook::to_form`] writes one, for tests.
//! Source: <https://developers.dashly.io/webhooks>
//!
//! * **Authenticity** is the token and nothing else: no signature is documented. Compare with the
//!   token that the admin panel shows (Integrations, Webhooks). Serve HTTPS, since the token stands
//!   in the body.
//! * **Respond with 200 OK**, and soon. After any other status the service repeats the request several times
//!   over the next minutes; how often is not documented. A body that cannot be read will not get
//!   better, so log the error, keep the body, and respond with 200 too. But respond with 500 when the fault is
//!   yours and may pass: no expected token was configured, or the work failed.
//! * **Repetition**: the same webhook may come twice. [`Webhook::key`] is the same then: remember the
//!   keys of the last day, and those that are not [exact](Webhook::has_exact_key) for some minutes or not at all. Record a key after the work, or in one transaction with it: a program that
//!   records it first and then fails takes the repetition for done, and the message is lost.
//! * **Who wrote**: a [`ConversationWebhook`] comes for messages of operators too, and so it may come
//!   for what a program writes through the API. A bot that replies should do so where the `kind` of the
//!   part is [`PartType::ReplyUser`](crate::PartType::ReplyUser) and nowhere else, or it replies to itself.
//! * **Who calls**: `User-Agent` is one of [`USER_AGENTS`]. It proves nothing.
//! * **Size**: bound the body in your server; one megabyte is plenty for a message.
//!
//! A webhook message of the newer kind, for which the operator writes method and body in the admin
//! panel, has none of this: its body is whatever was written there.
//!
//! A handler, for any HTTP server: it takes the body and gives the status to respond with.
//!
//! ```
//! use std::collections::HashSet;
//! use carrot_types::webhook::{self, Webhook, WebhookError};
//!
//! type Work = fn(&Webhook) -> Result<(), &'static str>;
//!
//! fn handle(body: &[u8], token: &str, done: &mut HashSet<String>, work: Work) -> u16 {
//!     let webhook = match webhook::parse(body, token) {
//!         Ok(webhook) => webhook,
//!         Err(error) if error.is_unauthorized() => return 401,
//!         Err(error @ WebhookError::NoExpectedToken) => {
//!             // With 200 the service would take every webhook for done, and none would be.
//!             eprintln!("{error}");
//!             return 500;
//!         }
//!         Err(error) => {
//!             // Holds neither the token nor anybody's data.
//!             eprintln!("unreadable webhook: {error}");
//!             return 200;
//!         }
//!     };
//!     // Another key is a hash of the content, which a second, equal event has too.
//!     let key = webhook.key().filter(|_| webhook.has_exact_key());
//!     if key.as_ref().is_some_and(|key| done.contains(key)) {
//!         return 200;
//!     }
//!     if let Err(error) = work(&webhook) {
//!         // The service repeats it, and the key is not recorded: it will be worked on again.
//!         eprintln!("a webhook is not done: {error}");
//!         return 500;
//!     }
//!     done.extend(key);
//!     200
//! }
//!
//! fn work(webhook: &Webhook) -> Result<(), &'static str> {
//!     match webhook {
//!         Webhook::Event(event) => println!("{} by user {}", event.event_name, event.user_id),
//!         Webhook::Message(message) => println!("sent: message {}", message.message_id),
//!         Webhook::Conversation(message) => println!("part {}", message.part.id),
//!         other => eprintln!("a new kind of webhook: {}", other.kind()),
//!     }
//!     Ok(())
//! }
//!
//! let body = b"type=conversation&conversation=%7B%22id%22%3A%2278183798%22%7D&token=s3cret";
//! let mut done = HashSet::new();
//! assert_eq!(handle(body, "", &mut done, work), 500);
//! assert_eq!(handle(body, "another", &mut done, work), 401);
//! assert_eq!(handle(body, "s3cret", &mut done, |_| Err("no database")), 500);
//! assert!(done.is_empty());
//! assert_eq!(handle(body, "s3cret", &mut done, work), 200);
//! assert!(done.contains("conversation/78183798"));
//! ```

mod conversation;
mod error;
mod event;
mod form;
mod kind;
mod message;
mod token;

#[cfg(test)]
mod tests;

pub use self::{
    conversation::{ConversationState, ConversationWebhook},
    error::WebhookError,
    event::EventWebhook,
    kind::Webhook,
    message::MessageWebhook,
};

/// The `User-Agent` of the service: of Carrot quest, and of Dashly.
///
/// Documented for the webhook of chat messages.
/// Source: <https://help.carrotquest.io/article/187>
pub const USER_AGENTS: &[&str] = &["Carrotquest Webhook 1.0", "Dashly Webhook 1.0"];

/// Checks the token of a webhook and reads it.
///
/// `body` is the body of the request as it came, and `expected_token` the token that the admin panel
/// shows. Nothing is looked at before the token, which is compared in constant time. Fields that the
/// kind does not have are ignored.
///
/// One page of the vendor says that the body of chat messages is encoded in base64, all others show
/// a plain form. A plain form is tried first; a body without a `token` is then read as base64. A body that
/// is a JSON object, with objects as such or as text, is read as the same fields; blanks around the body and a
/// byte order mark are ignored.
///
/// # Errors
///
/// * [`NoExpectedToken`](WebhookError::NoExpectedToken): `expected_token` is empty.
/// * [`MissingToken`](WebhookError::MissingToken) and [`WrongToken`](WebhookError::WrongToken): not
///   from the service, or truncated before the token; see [`WebhookError::is_unauthorized`].
/// * [`InvalidJson`](WebhookError::InvalidJson) with the field `body`: the body starts as JSON and is not a
///   JSON object, such as a truncated one.
/// * Every other error: from the service, but not readable.
pub fn parse(body: &[u8], expected_token: &str) -> Result<Webhook, WebhookError> {
    Webhook::from_form(form::Form::open(body, expected_token)?)
}

/// Checks the token of a webhook whose form a framework parsed already, and reads it.
///
/// # Errors
///
/// As [`parse`], except of the encoding.
pub fn parse_fields<N, V>(
    fields: impl IntoIterator<Item = (N, V)>,
    expected_token: &str,
) -> Result<Webhook, WebhookError>
where
    N: Into<String>,
    V: Into<String>,
{
    let fields = fields
        .into_iter()
        .map(|(name, text)| (name.into(), text.into()));
    Webhook::from_form(form::Form::of_fields(fields, expected_token)?)
}
