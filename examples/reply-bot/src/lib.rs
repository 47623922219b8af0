//! A bot that replies to each message of a customer exactly once.
//!
//! The service repeats a webhook whose response it did not see, and a process may be killed at any point. So a message is
//! stored before the bot responds to the webhook, its reply has a `random_id` made from the message, and a reply that may
//! have been written is searched for before it is written again.

mod inbox;

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use carrot_examples::warn;
use carrot_hyper::{
    Client, Error,
    conversations::Reply,
    jobs::WriteStatus,
    types::{
        ConversationId, PartType, RandomId, Timestamp,
        webhook::{self, Webhook, WebhookError},
    },
};
use tokio::sync::Notify;

pub use self::inbox::{Inbox, Message};

/// The bot.
#[derive(Debug)]
pub struct Bot {
    client: Client,
    inbox: Inbox,
    token: String,
    /// After this time the service is done with a request whose response did not come.
    settle: Duration,
    arrived: Notify,
}

impl Bot {
    /// A bot over this inbox; `token` is the one that the admin panel shows for webhooks.
    pub fn new(client: Client, inbox: Inbox, token: impl Into<String>, settle: Duration) -> Self {
        Self {
            client,
            inbox,
            token: token.into(),
            settle,
            arrived: Notify::new(),
        }
    }

    /// The address for the webhooks, `POST /webhook`, without a port: tests call it as it is.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/webhook", post(receive))
            .with_state(Arc::clone(self))
    }

    /// Stores the message of a webhook and returns the status to respond with.
    fn accept(&self, body: &[u8]) -> StatusCode {
        let webhook = match webhook::parse(body, &self.token) {
            Ok(webhook) => webhook,
            Err(error) if error.is_unauthorized() => return StatusCode::UNAUTHORIZED,
            Err(WebhookError::NoExpectedToken) => return StatusCode::INTERNAL_SERVER_ERROR,
            Err(error) => {
                // It will not get better by repetition.
                warn!("unreadable webhook: {error}");
                return StatusCode::OK;
            }
        };
        let Webhook::Conversation(message) = &webhook else {
            return StatusCode::OK;
        };
        // A reply to operators would be a reply to itself.
        if message.part.kind != Some(PartType::ReplyUser) {
            return StatusCode::OK;
        }
        let Some(conversation) = message.part.conversation.as_ref().map(|found| found.id()) else {
            return StatusCode::OK;
        };
        let text = message.part.text().unwrap_or_default();
        match self
            .inbox
            .add(message.part.id.get(), conversation.get(), &text)
        {
            Ok(_) => {
                self.arrived.notify_one();
                StatusCode::OK
            }
            Err(error) => {
                // The service repeats it.
                warn!("the inbox cannot be written: {error}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// Replies to everything in the inbox, and waits for more. Ends at an error of the inbox only.
    pub async fn work(&self) -> io::Result<()> {
        loop {
            self.work_off().await?;
            self.arrived.notified().await;
        }
    }

    /// The messages that may have a reply, for a person to look.
    pub fn unclear(&self) -> Vec<Message> {
        self.inbox.unclear()
    }

    /// Replies to everything in the inbox.
    pub async fn work_off(&self) -> io::Result<()> {
        while let Some(message) = self.inbox.next() {
            match self.reply(&message).await? {
                Ok(true) => self.inbox.done(message.part)?,
                Ok(false) => {
                    let (part, conversation) = (message.part, message.conversation);
                    warn!(
                        "message {part} may have a reply: look into the conversation {conversation}"
                    );
                    self.inbox.set_unclear(part)?;
                }
                // Not applied, and it may go better later; a message is kept meanwhile.
                Err(error) if may_go_better(&error) => {
                    warn!("message {}: {error}", message.part);
                    tokio::time::sleep(error.retry_after().unwrap_or(self.settle)).await;
                }
                Err(error) => {
                    // For a person; the next message must not wait for it.
                    warn!("message {} has no reply: {error}", message.part);
                    self.inbox.done(message.part)?;
                }
            }
        }
        Ok(())
    }

    /// Replies to a message; false where nobody can tell whether the reply is there. Ends at an error of the
    /// inbox, without a reply: the next process would not know of it.
    async fn reply(&self, message: &Message) -> io::Result<Result<bool, Error>> {
        let conversation = ConversationId::new(message.conversation);
        // The same message gets the same number in every process.
        let random_id = RandomId::from_key(format!("reply-bot {}", message.part));
        let reply = Reply::new(conversation, text_of_reply(&message.text)).random_id(random_id);
        let since = match message.started {
            Some(since) => since,
            None => {
                let now = now();
                self.inbox.started(message.part, now)?;
                now
            }
        };
        let since = Timestamp::from_seconds(since);
        Ok(self
            .reply_once(&reply, message.started.is_some(), since)
            .await)
    }

    async fn reply_once(
        &self,
        reply: &Reply,
        was_started: bool,
        since: Timestamp,
    ) -> Result<bool, Error> {
        // An earlier process may have died over it.
        if was_started {
            if let Some(result) = self.find(reply, since).await? {
                return Ok(result);
            }
        }
        match self.client.call(reply).await {
            Err(error) if error.may_have_been_applied() => {}
            result => return result.map(|_| true),
        }
        match self.find(reply, since).await? {
            Some(result) => Ok(result),
            None => self.client.call(reply).await.map(|_| true),
        }
    }

    /// Looks for a reply: `None` where it has to be written, false where the service does not tell. A second one
    /// could not be taken back.
    async fn find(&self, reply: &Reply, since: Timestamp) -> Result<Option<bool>, Error> {
        tokio::time::sleep(self.settle).await;
        Ok(match self.client.reconcile_reply(reply, since).await? {
            WriteStatus::Written(_) => Some(true),
            WriteStatus::NotWritten => None,
            _ => Some(false),
        })
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// Whether the failure may pass: no connection, an outage, a rate limit, a token that was revoked.
fn may_go_better(error: &Error) -> bool {
    match error.status() {
        Some(status) => matches!(status, 401 | 403 | 408 | 429 | 500..),
        // Where it may have been applied, the next attempt searches for the reply first.
        None => error.invalid_value().is_none(),
    }
}

async fn receive(State(bot): State<Arc<Bot>>, body: Bytes) -> StatusCode {
    bot.accept(&body)
}

/// What the bot says. Yours is cleverer.
fn text_of_reply(text: &str) -> String {
    match text.to_lowercase() {
        text if text.contains("where") => "Your parcel is on its way.".to_owned(),
        text if text.contains("back") => "We are sorry! An operator will respond today.".to_owned(),
        _ => "Thank you, an operator will respond today.".to_owned(),
    }
}
