//! Finds out whether a write was applied after its response was lost.
//!
//! One rule for all writes: the listing is read back from its newest record until a whole page is older
//! than the write can be. A record that may be the write but cannot be identified makes the result
//! [`WriteStatus::Unknown`].

use carrot_types::{
    ConversationPart, Event, InvalidValue, PartType, PropertyValue, RandomId, Timestamp,
};
use serde_json::Value;

use crate::{
    Client, Error, Paginate,
    conversations::{Parts, Reply},
    users::{Events, TrackEvent},
};

/// How far the clock of the caller and that of the service may differ, in seconds.
const CLOCK_SKEW: i64 = 5 * 60;

/// Whether a write was applied. Returned by [`Client::reconcile_reply`] and [`Client::reconcile_event`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum WriteStatus<T> {
    /// The write was applied as this record.
    Written(Box<T>),
    /// The write was not applied: the listing, read back to the time of the write, does not contain it.
    NotWritten,
    /// The listing does not tell: a record that may be the write lacks what would identify it. Check by
    /// hand before you write again.
    Unknown,
}

impl Client {
    /// Finds out whether a reply was written although its call failed with
    /// [`may_have_been_applied`](Error::may_have_been_applied).
    ///
    /// Searches the parts of the conversation for the [`random_id`](Reply::random_id) of the reply, from
    /// the newest back to `since`: a moment before the reply was sent for the first time. Five minutes
    /// more are read, since the clocks of the caller and of the service may differ. That is one request
    /// for each 50 parts. Like [`pages`](Client::pages), they wait for the rate limit without a deadline.
    /// A part that the service has not stored yet is not found, so wait some seconds before you call this:
    /// the reply may still be in flight.
    ///
    /// [`WriteStatus::Unknown`] if a part cannot be decoded; if it may be the reply and has no `random_id`,
    /// or 0, which means none, while no part of the same side has one; or if a part that cannot be the reply
    /// has the `random_id` of the reply. Such a part is one of the other side, such as a message of the user if
    /// an operator replies, or a record of the system, such as an assignment. With another number, it is another part. A reply that was deleted may be missing in
    /// the list, as one that was never written. The vendor documents `random_id` in the realtime feed and in
    /// webhooks, but not in the list of parts.
    ///
    /// # Errors
    ///
    /// The reply has no `random_id`, in which case nothing is sent; or one of the requests fails, as in
    /// [`call`](Client::call).
    ///
    /// ```
    /// # async fn some_seconds() {}
    /// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::SystemTime;
    ///
    /// use carrot_core::{
    ///     jobs::WriteStatus,
    ///     conversations::Reply,
    ///     types::{ConversationId, RandomId},
    /// };
    ///
    /// let since = SystemTime::now(); // store it with the job, where the process may end in between
    /// let reply = Reply::new(ConversationId::new(716), "On its way").random_id(RandomId::new(77)?);
    /// match client.call(&reply).await {
    ///     Err(error) if error.may_have_been_applied() => {
    ///         some_seconds().await; // sleep with your runtime
    ///         match client.reconcile_reply(&reply, since).await? {
    ///             WriteStatus::Written(_) => {}
    ///             WriteStatus::NotWritten => drop(client.call(&reply).await?),
    ///             _ => return Err(error.into()), // unknown: a person has to check
    ///         }
    ///     }
    ///     other => drop(other?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reconcile_reply(
        &self,
        reply: &Reply,
        since: impl Into<Timestamp>,
    ) -> Result<WriteStatus<ConversationPart>, Error> {
        let Some(random_id) = reply.chosen_random_id() else {
            let rule = "must be set, since it identifies the reply";
            return Err(Error::invalid::<Reply>(InvalidValue::new(
                "random_id",
                rule,
            )));
        };
        let parts = Parts::new(reply.conversation());
        let (mut has_ids, mut has_zero) = (false, false);
        let compare = |part: &ConversationPart, is_old: bool| {
            let (found, may_be) = (part.random_id.map(RandomId::get), may_be(reply, part));
            match found {
                // Hardly by chance, if not the reply itself under another type.
                Some(found) if found == random_id.get() => match may_be {
                    true => Match::Found,
                    false => Match::Unclear,
                },
                _ if !may_be => Match::Other,
                Some(0) => {
                    has_zero |= !is_old;
                    Match::Other
                }
                Some(_) => {
                    has_ids = true;
                    Match::Other
                }
                None if is_old => Match::Other,
                None => Match::Unclear,
            }
        };
        let created = |part: &ConversationPart| part.created;
        let status = self.search(parts, since.into(), created, compare).await?;
        // 0 means none, and this listing may contain nothing else.
        Ok(match status {
            WriteStatus::NotWritten if has_zero && !has_ids => WriteStatus::Unknown,
            status => status,
        })
    }

    /// Finds out whether an event was recorded although its call failed with
    /// [`may_have_been_applied`](Error::may_have_been_applied).
    ///
    /// `property` names the property of the event that identifies it, such as the number of the order:
    /// no other event of this name and this user has the same value. Searches the user's events of this
    /// name for it, from the newest back to `since`, by the rules of
    /// [`reconcile_reply`](Self::reconcile_reply). If the event has an earlier time, the search goes back to
    /// that time.
    ///
    /// [`WriteStatus::Unknown`] if an event of this name lacks the property or cannot be decoded.
    ///
    /// # Errors
    ///
    /// The event has no such property, in which case nothing is sent; or one of the requests fails, as in
    /// [`call`](Client::call).
    ///
    /// ```
    /// # async fn some_seconds() {}
    /// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::SystemTime;
    ///
    /// use carrot_core::{
    ///     jobs::WriteStatus,
    ///     types::{EventName, EventProperties, UserRef},
    ///     users::TrackEvent,
    /// };
    ///
    /// let since = SystemTime::now();
    /// let event = TrackEvent::new(UserRef::external("ada"), EventName::new("Order placed")?)
    ///     .properties(EventProperties::new().with("order", 42)?);
    /// match client.call(&event).await {
    ///     Err(error) if error.may_have_been_applied() => {
    ///         some_seconds().await; // sleep with your runtime
    ///         match client.reconcile_event(&event, "order", since).await? {
    ///             WriteStatus::Written(_) => {}
    ///             WriteStatus::NotWritten => drop(client.call(&event).await?),
    ///             _ => return Err(error.into()), // unknown: a person has to check
    ///         }
    ///     }
    ///     other => drop(other?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reconcile_event(
        &self,
        event: &TrackEvent,
        property: &str,
        since: impl Into<Timestamp>,
    ) -> Result<WriteStatus<Event>, Error> {
        let Some(value) = event.property(property) else {
            let rule = "must have the property that identifies the event";
            return Err(Error::invalid::<TrackEvent>(InvalidValue::new(
                "params", rule,
            )));
        };
        let since = since.into();
        let since = event.time().map_or(since, |created| created.min(since));
        let name = event.name().as_str();
        let compare = |event: &Event, is_old: bool| {
            let event_type = event.event_type.as_ref();
            let found = event_type.and_then(|event_type| event_type.name.as_deref());
            match event.props.get(property) {
                _ if found.is_some_and(|found| found != name) => Match::Other,
                Some(found) if is_same(found, value) => Match::Found,
                None if !is_old => Match::Unclear,
                _ => Match::Other,
            }
        };
        let events = Events::new(event.user().clone()).named(event.name().clone());
        self.search(events, since, |event| event.created, compare)
            .await
    }

    /// Reads a listing back from its newest record until a whole page is older than `since`. `compare` takes
    /// a record and whether it is older.
    ///
    /// A whole page, since a single record may be out of order, such as an event recorded with an earlier
    /// time.
    async fn search<E: Paginate>(
        &self,
        listing: E,
        since: Timestamp,
        created: fn(&E::Item) -> Option<Timestamp>,
        mut compare: impl FnMut(&E::Item, bool) -> Match,
    ) -> Result<WriteStatus<E::Item>, Error> {
        let oldest = Timestamp::from_seconds(since.seconds().saturating_sub(CLOCK_SKEW));
        let mut pages = self.pages(listing);
        let mut is_clear = true;
        loop {
            let page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                // The record may be the write.
                Err(error) if error.record_index().is_some() => {
                    is_clear = false;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut is_past = !page.items.is_empty();
            // Their errors come after the page, which may be the last that is read.
            is_clear &= page.unreadable.is_empty();
            for item in page.items {
                let is_old = created(&item).is_some_and(|created| created < oldest);
                is_past &= is_old;
                match compare(&item, is_old) {
                    Match::Found => return Ok(WriteStatus::Written(Box::new(item))),
                    Match::Unclear => is_clear = false,
                    Match::Other => {}
                }
            }
            if is_past {
                break;
            }
        }
        Ok(match is_clear {
            true => WriteStatus::NotWritten,
            false => WriteStatus::Unknown,
        })
    }
}

/// What a record has to do with the write.
enum Match {
    /// It is the write.
    Found,
    /// It may be the write: what would identify it is missing.
    Unclear,
    /// It is another record.
    Other,
}

/// Whether the part can be the reply, by who wrote it: not one of the system, such as an assignment, and
/// not one of the other side of the conversation.
fn may_be(reply: &Reply, part: &ConversationPart) -> bool {
    match part.kind {
        None | Some(PartType::Other(_)) => true,
        Some(PartType::ReplyUser | PartType::ChatBotUser) => reply.is_from_user(),
        Some(
            PartType::ReplyAdmin
            | PartType::ReplyDjangoUser
            | PartType::ChatBotAdmin
            | PartType::Note
            | PartType::Article,
        ) => !reply.is_from_user(),
        Some(_) => false,
    }
}

/// Compares the texts: the service turns some texts into numbers, and some numbers into texts.
fn is_same(found: &Value, sent: &PropertyValue) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    serde_json::to_value(sent).is_ok_and(|sent| text(&sent) == text(found))
}
