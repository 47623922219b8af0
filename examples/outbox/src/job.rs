//! What an outbox sends.

use carrot_hyper::{
    Client, Error,
    conversations::Reply,
    jobs::WriteStatus,
    types::{
        ConversationId, EventName, EventProperties, InvalidValue, PropertyOperation, RandomId,
        Timestamp, UserRef,
    },
    users::{SetProps, TrackEvent},
};

/// The property that tells an event of the outbox from every other one.
const MARK: &str = "outbox_id";

/// A write, with what it needs to be recognised in the service. `mark` is drawn when the job is made, stored with
/// it, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Job {
    /// A message to the customer of a conversation.
    Reply {
        /// The conversation.
        conversation: u64,
        /// The text.
        text: String,
        /// The `random_id` of the reply.
        mark: i64,
    },
    /// An event of a user.
    Event {
        /// The id of the user in this system.
        user: String,
        /// The name of the event.
        name: String,
        /// A property of the event.
        mark: i64,
    },
    /// A property of a user. It may be set twice, so it needs no mark.
    Property {
        /// The id of the user in this system.
        user: String,
        /// The name of the property.
        name: String,
        /// Its value.
        value: String,
    },
}

/// Whether a job was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// It was: do not send it again.
    Done,
    /// It was not: send it.
    NotDone,
    /// The service does not tell. A person has to check.
    Unclear,
}

impl Job {
    /// Jobs of one group are sent one after another, in the order in which they were made.
    pub fn group(&self) -> String {
        match self {
            Self::Reply { conversation, .. } => format!("conversation {conversation}"),
            Self::Event { user, .. } | Self::Property { user, .. } => format!("user {user}"),
        }
    }

    fn reply(conversation: u64, text: &str, mark: i64) -> Result<Reply, InvalidValue> {
        let conversation = ConversationId::new(conversation);
        Ok(Reply::new(conversation, text).random_id(RandomId::new(mark)?))
    }

    fn event(user: &str, name: &str, mark: i64) -> Result<TrackEvent, InvalidValue> {
        // As text: a number beyond 2^53 does not survive every JSON reader.
        let properties = EventProperties::new().with(MARK, mark.to_string())?;
        Ok(TrackEvent::new(UserRef::external(user), EventName::new(name)?).properties(properties))
    }

    /// Sends it once.
    pub async fn send(&self, client: &Client) -> Result<Result<(), Error>, InvalidValue> {
        Ok(match self {
            Self::Reply {
                conversation,
                text,
                mark,
            } => client
                .call(Self::reply(*conversation, text, *mark)?)
                .await
                .map(drop),
            Self::Event { user, name, mark } => {
                client.call(Self::event(user, name, *mark)?).await.map(drop)
            }
            Self::Property { user, name, value } => {
                let set = PropertyOperation::update_or_create(name.as_str(), value.as_str())?;
                client
                    .call(SetProps::new(UserRef::external(user)).with(set))
                    .await
                    .map(drop)
            }
        })
    }

    /// Looks for it in the service, back to the moment when it was sent for the first time.
    pub async fn find(
        &self,
        client: &Client,
        since: Timestamp,
    ) -> Result<Result<Found, Error>, InvalidValue> {
        Ok(match self {
            Self::Reply {
                conversation,
                text,
                mark,
            } => {
                let reply = Self::reply(*conversation, text, *mark)?;
                client
                    .reconcile_reply(&reply, since)
                    .await
                    .map(|status| found(&status))
            }
            Self::Event { user, name, mark } => {
                let event = Self::event(user, name, *mark)?;
                match client.reconcile_event(&event, MARK, since).await {
                    // The event would have created the user.
                    Err(error) if error.is_not_found() => Ok(Found::NotDone),
                    status => status.map(|status| found(&status)),
                }
            }
            Self::Property { .. } => Ok(Found::NotDone),
        })
    }
}

fn found<T>(status: &WriteStatus<T>) -> Found {
    match status {
        WriteStatus::Written(_) => Found::Done,
        WriteStatus::NotWritten => Found::NotDone,
        _ => Found::Unclear,
    }
}
