use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    mem,
    ops::Bound,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use carrot_types::{Conversation, ConversationId, Timestamp};

use super::{
    FollowError, FollowEvent,
    mirror::{Effect, Mirror},
    reading::{Order, Read, Reading},
};
use crate::{
    Clock, Error, ErrorKind,
    realtime::{Event, Listener, Position, backoff::Backoff},
};

/// Messages that cannot be read, and come together, ask for one list.
const UNREADABLE_PAUSE: Duration = Duration::from_secs(10);

/// How far the clock that dates the messages may be ahead of the one that dates the records.
const MARGIN_SECONDS: i64 = 60;

/// Keeps the open conversations of an app up to date. Created by
/// [`Client::follow_conversations`](crate::Client::follow_conversations).
///
/// * **No change is lost silently.** The follower reads again what changed between its list and the start of the
///   realtime service, and where that service loses messages.
/// * **A conversation never goes back in time.** An older record never replaces a newer one, and a change that a
///   record may have already is not applied to it: the conversation is read again.
/// * **All appear at once.** [`conversations`](Self::conversations) is empty until [`FollowEvent::Ready`].
///
/// Most changes cost no request: a message of the realtime service says what changed. The follower reads a
/// conversation again where it does not: one that opens again, is snoozed or moves to another channel, a message of
/// an unknown kind, and a change that may be part of the record already. After a gap, and after a message that names
/// no conversation or cannot be decoded, it lists what changed since, 50 conversations a request. Requests are calls of the client, under its rate limit.
///
/// It follows the conversations that operators see: not those that a message of the site started until the user
/// replies. No message tells that a conversation was deleted, or that its user became another one: it shows when the
/// conversation is read again. Assumed: each change moves the `last_update` of the conversation. The vendor does not say so of tags and
/// of what the user has read, so after a gap these may be old until the next change.
///
/// It spawns no task: it works only while [`next`](Self::next) is polled. Its memory is that of the open
/// conversations.
#[must_use = "nothing is read until `next` is called"]
pub struct ConversationFollower {
    listener: Listener,
    mirror: Mirror,
    events: VecDeque<FollowEvent>,
    is_ready: bool,
    /// Something may be missing since the last [`FollowEvent::UpToDate`].
    is_behind: bool,
    is_live: bool,
    was_live: bool,
    reading: Option<Reading>,
    wants_all: bool,
    wants_since: Option<Timestamp>,
    /// To be read again once the realtime service is live: what changed since then, or everything.
    unwatched: Option<Option<Timestamp>>,
    /// The last conversation that could not be read: others are read before it.
    failed: Option<ConversationId>,
    backoff: Backoff,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Messages and requests take turns, so that many of one do not stop the other.
    reads_next: bool,
}

impl ConversationFollower {
    pub(super) fn new(listener: Listener) -> Self {
        Self {
            listener,
            mirror: Mirror::default(),
            events: VecDeque::new(),
            is_ready: false,
            is_behind: true,
            is_live: false,
            was_live: false,
            reading: None,
            wants_all: true,
            wants_since: None,
            unwatched: None,
            failed: None,
            backoff: Backoff::new(fastrand::u64(..)),
            pause: None,
            reads_next: false,
        }
    }

    /// Returns the next event, or `None` after [`close`](Self::close) and after an error.
    ///
    /// Cancel-safe: dropping the future loses no event.
    ///
    /// # Errors
    ///
    /// The service rejects the token, its scopes or the channels. Any other failure is an event, and the follower
    /// continues.
    pub async fn next(&mut self) -> Result<Option<FollowEvent>, FollowError> {
        poll_fn(|context| self.poll_event(context))
            .await
            .transpose()
    }

    /// Returns the open conversations, sorted by id. Empty until [`FollowEvent::Ready`].
    #[must_use]
    pub fn conversations(&self) -> Vec<&Conversation> {
        match self.is_ready {
            true => self.mirror.open().collect(),
            false => Vec::new(),
        }
    }

    /// Returns an open conversation. `None` until [`FollowEvent::Ready`].
    #[must_use]
    pub fn get(&self, id: ConversationId) -> Option<&Conversation> {
        self.mirror.get(id).filter(|_| self.is_ready)
    }

    /// Returns true if nothing is known to be missing: after [`FollowEvent::UpToDate`], until the next
    /// [`FollowEvent::Gap`] or [`FollowEvent::Down`].
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        !self.is_behind
    }

    /// Closes the connection gracefully, within a second. Dropping the follower closes it at once.
    pub async fn close(&mut self) {
        self.stop();
        self.listener.close().await;
    }

    fn stop(&mut self) {
        self.reading = None;
        self.pause = None;
        self.wants_all = false;
        self.wants_since = None;
        self.mirror.stale.clear();
        self.events.clear();
        // Nobody reports what changes from now on.
        self.is_behind = true;
    }

    pub(in crate::realtime) fn poll_event(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<FollowEvent, FollowError>>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            self.reads_next = !self.reads_next;
            if self.reads_next {
                match self.poll_reading(context) {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(error) => return Poll::Ready(Some(Err(FollowError::Read(error)))),
                }
            }
            match self.listener.poll_event(context) {
                Poll::Ready(Some(Ok(event))) => self.heard(event),
                Poll::Ready(Some(Err(error))) => {
                    self.stop();
                    return Poll::Ready(Some(Err(FollowError::Listen(error))));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => match self.poll_reading(context) {
                    Ok(true) => {}
                    Ok(false) => return Poll::Pending,
                    Err(error) => return Poll::Ready(Some(Err(FollowError::Read(error)))),
                },
            }
        }
    }

    fn heard(&mut self, event: Event) {
        match event {
            Event::Message(delivery) => {
                let is_reading = self.is_reading();
                let effect = self.mirror.message(delivery.message, is_reading);
                self.took(effect);
            }
            Event::CaughtUp => {
                self.is_live = true;
                self.was_live = true;
                if let Some(since) = self.unwatched.take() {
                    self.want(since);
                }
                self.finished();
            }
            Event::Gap(gap) => {
                self.want(gap.since.map(earlier));
                self.events.push_back(FollowEvent::Gap(gap));
            }
            Event::Down(down) => {
                self.is_live = false;
                self.is_behind = true;
                self.events.push_back(FollowEvent::Down(down));
            }
            Event::Unreadable(error) => {
                // It may be a change of any conversation.
                let since = self.listener.position().map(Position::timestamp);
                self.want(since.map(earlier));
                if self.reading.is_none() && self.pause.is_none() {
                    self.pause_for(UNREADABLE_PAUSE);
                }
                self.events.push_back(FollowEvent::Unreadable(error));
            }
        }
    }

    /// Reads again what changed since then, or everything.
    fn want(&mut self, since: Option<Timestamp>) {
        self.is_behind = true;
        match since {
            Some(since) => {
                let earlier = self.wants_since.map_or(since, |other| other.min(since));
                self.wants_since = Some(earlier);
            }
            None => self.wants_all = true,
        }
    }

    fn took(&mut self, effect: Effect) {
        let event = match effect {
            Effect::None => return,
            Effect::Changed(conversation) => FollowEvent::Changed(conversation),
            Effect::Removed(id) => FollowEvent::Removed(id),
            Effect::Unnamed(at) => return self.want(at.map(earlier)),
        };
        // Until then nothing was shown that could change.
        if self.is_ready {
            self.events.push_back(event);
        }
    }

    fn is_reading(&self) -> bool {
        self.reading.is_some() || self.wants_all || self.wants_since.is_some()
    }

    /// Goes on with reading. Returns false where there is nothing to do now.
    fn poll_reading(&mut self, context: &mut Context<'_>) -> Result<bool, Error> {
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(context).is_pending() {
                return Ok(false);
            }
            self.pause = None;
        }
        let newest = self.mirror.newest;
        if self.reading.is_none() {
            let Some(order) = self.next_order() else {
                return Ok(false);
            };
            self.reading = Some(Reading::new(
                self.listener.client(),
                order,
                self.was_live,
                newest,
            ));
        }
        let Some(reading) = &mut self.reading else {
            return Ok(false);
        };
        let Poll::Ready(read) = reading.poll(self.listener.client(), newest, context) else {
            return Ok(false);
        };
        match read {
            Read::Records(records, floor) => {
                for record in records {
                    let effect = self.mirror.read(Box::new(record), floor);
                    self.took(effect);
                }
                self.recovered();
            }
            Read::Missing => {
                if let Order::One(id) = reading.order {
                    let effect = self.mirror.remove(id);
                    self.took(effect);
                }
                self.reading = None;
                self.recovered();
                self.finished();
            }
            Read::End => {
                if let Some(reading) = self.reading.take() {
                    self.ended(&reading);
                }
                self.finished();
            }
            Read::Failed(error) if error.is_auth() => {
                self.stop();
                // Ends the listener without a farewell.
                self.listener.stop();
                return Err(error);
            }
            Read::Failed(error) => {
                let is_unreadable = error.kind() == ErrorKind::Unreadable;
                match reading.order {
                    // Reading it again fails again, and the others wait.
                    Order::One(id) if is_unreadable => {
                        let floor = reading.floor;
                        self.reading = None;
                        self.mirror.was_read(id, floor);
                        self.events.push_back(FollowEvent::Failed(error));
                        self.finished();
                        return Ok(true);
                    }
                    // Lists and others come first after the pause.
                    Order::One(id) => {
                        self.failed = Some(id);
                        self.reading = None;
                        self.pause(&error);
                    }
                    // A record that cannot be read: the others follow.
                    _ if error.record_index().is_some() => {}
                    _ => self.pause(&error),
                }
                self.events.push_back(FollowEvent::Failed(error));
            }
            Read::Broken(error) => {
                let order = reading.order;
                self.reading = None;
                match order {
                    Order::Since(since) => self.want(Some(since)),
                    _ => self.want(None),
                }
                self.pause(&error);
                self.events.push_back(FollowEvent::Failed(error));
            }
        }
        Ok(true)
    }

    fn next_order(&mut self) -> Option<Order> {
        if mem::take(&mut self.wants_all) {
            return Some(Order::All);
        }
        if let Some(since) = self.wants_since.take() {
            return Some(Order::Since(since));
        }
        let stale = &self.mirror.stale;
        let after = |id| stale.range((Bound::Excluded(id), Bound::Unbounded)).next();
        let next = self.failed.and_then(after);
        let next = next.or_else(|| stale.first_key_value());
        next.map(|(id, _)| Order::One(*id))
    }

    /// A list, or one conversation, is read.
    fn ended(&mut self, reading: &Reading) {
        let moved = match reading.order {
            Order::One(id) => return self.mirror.was_read(id, reading.floor),
            Order::All => true,
            // Otherwise a list that fills more than a page in one second would be read for ever.
            Order::Since(since) => reading.newest > Some(since),
        };
        if reading.order == Order::All {
            match self.is_ready {
                true => self.mirror.listed(&reading.listed),
                false => self.events.push_back(FollowEvent::Ready),
            }
            self.is_ready = true;
        }
        // A conversation that changes while the pages are read moves to the first one.
        if !reading.is_watched || (reading.pages > 1 && moved) {
            match self.is_live {
                true => self.want(reading.newest),
                false => self.unwatched = Some(reading.newest),
            }
        }
    }

    /// Nothing is left to be read.
    fn finished(&mut self) {
        if self.is_reading() || !self.mirror.stale.is_empty() {
            return;
        }
        self.mirror.forget();
        if self.is_live && self.is_ready && mem::take(&mut self.is_behind) {
            self.events.push_back(FollowEvent::UpToDate);
        }
    }

    /// Something was read. The pauses start short again, but while a conversation that could not be read waits.
    fn recovered(&mut self) {
        let stale = &self.mirror.stale;
        if self.failed.is_none_or(|id| !stale.contains_key(&id)) {
            self.failed = None;
            self.backoff.reset();
        }
    }

    fn pause(&mut self, error: &Error) {
        let pause = self.backoff.pause(error.retry_after());
        self.pause_for(pause);
    }

    fn pause_for(&mut self, pause: Duration) {
        let clock = Arc::clone(self.listener.client().clock());
        self.pause = Some(Box::pin(async move { clock.sleep(pause).await }));
    }
}

/// The clocks may differ.
fn earlier(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.seconds().saturating_sub(MARGIN_SECONDS))
}

impl fmt::Debug for ConversationFollower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConversationFollower")
            .field("listener", &self.listener)
            .field("is_ready", &self.is_ready)
            .finish_non_exhaustive()
    }
}
