use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    mem,
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
    retries::Retries,
};
use crate::{
    Clock, Error, ErrorKind,
    realtime::{Event, Listener, Position, backoff::Backoff},
};

/// Messages that do not say what changed, and come together, ask for one list; and many of them for a list in this
/// time at most.
const LIST_PAUSE: Duration = Duration::from_secs(10);

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
/// no conversation or cannot be decoded, it lists what changed since, 50 conversations a request; for such messages it starts a list no sooner
/// than 10 seconds after the last one. Requests are calls of the client, under its rate limit.
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
    /// Messages ask for the next list, not before this; `None` for at once.
    list_from: Option<Duration>,
    /// The earliest start of a list that messages ask for, after the last one.
    next_list: Duration,
    retries: Retries,
    /// Nothing was read since a conversation failed for the first time.
    may_be_out: bool,
    backoff: Backoff,
    /// Nothing is read until then.
    paused_until: Duration,
    alarm: Option<Alarm>,
    /// Messages and requests take turns, so that many of one do not stop the other.
    reads_next: bool,
}

/// A wait, and the time at which it ends.
type Alarm = (Duration, Pin<Box<dyn Future<Output = ()> + Send>>);

impl ConversationFollower {
    pub(super) fn new(listener: Listener, seed: u64) -> Self {
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
            list_from: None,
            next_list: Duration::ZERO,
            retries: Retries::default(),
            may_be_out: false,
            backoff: Backoff::new(seed),
            paused_until: Duration::ZERO,
            alarm: None,
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
    /// [`FollowEvent::Gap`], [`FollowEvent::Down`] or [`FollowEvent::Unreadable`], and until a message that names no
    /// conversation, for which there is no event. It stays true while single conversations are read again, also after
    /// [`FollowEvent::Failed`].
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
        self.alarm = None;
        self.retries.clear();
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
                    self.list_from = None;
                }
                self.finished();
            }
            Event::Gap(gap) => {
                self.want(gap.since.map(earlier));
                self.list_from = None;
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
                self.ask(since.map(earlier), LIST_PAUSE);
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

    /// Reads again what changed since then, for a message that does not say what. Such messages may come often.
    fn ask(&mut self, since: Option<Timestamp>, pause: Duration) {
        let from = self.now().saturating_add(pause).max(self.next_list);
        self.list_from = match (self.wants_list(), self.list_from) {
            (false, _) => Some(from),
            // At once, or earlier.
            (true, other) => other.map(|other| other.min(from)),
        };
        self.want(since);
    }

    fn took(&mut self, effect: Effect) {
        let event = match effect {
            Effect::None => return,
            Effect::Changed(conversation) => FollowEvent::Changed(conversation),
            Effect::Removed(id) => FollowEvent::Removed(id),
            Effect::Unnamed(at) => return self.ask(at.map(earlier), Duration::ZERO),
        };
        // Until then nothing was shown that could change.
        if self.is_ready {
            self.events.push_back(event);
        }
    }

    fn is_reading(&self) -> bool {
        self.reading.is_some() || self.wants_list()
    }

    fn wants_list(&self) -> bool {
        self.wants_all || self.wants_since.is_some()
    }

    /// Goes on with reading. Returns false where there is nothing to do now.
    fn poll_reading(&mut self, context: &mut Context<'_>) -> Result<bool, Error> {
        let now = self.now();
        if now < self.paused_until {
            return Ok(self.poll_alarm(self.paused_until, context));
        }
        let newest = self.mirror.newest;
        if self.reading.is_none() {
            let order = match self.next_order(now) {
                Ok(order) => order,
                Err(Some(due)) => return Ok(self.poll_alarm(due, context)),
                Err(None) => {
                    self.alarm = None;
                    return Ok(false);
                }
            };
            self.reading = Some(Reading::new(
                self.listener.client(),
                order,
                self.was_live,
                newest,
            ));
        }
        self.alarm = None;
        let Some(reading) = &mut self.reading else {
            return Ok(false);
        };
        let Poll::Ready(read) = reading.poll(self.listener.client(), newest, context) else {
            return Ok(false);
        };
        let order = reading.order;
        match read {
            Read::Records(records, floor) => {
                for record in records {
                    let effect = self.mirror.read(Box::new(record), floor);
                    self.took(effect);
                }
                self.recovered(order);
            }
            Read::Missing => {
                if let Order::One(id) = order {
                    let effect = self.mirror.remove(id);
                    self.took(effect);
                }
                self.reading = None;
                self.recovered(order);
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
            Read::Failed(error) => match order {
                Order::One(id) => {
                    let floor = reading.floor;
                    self.reading = None;
                    self.one_failed(id, floor, error);
                }
                Order::All | Order::Since(_) => {
                    // Without the pause for a record that cannot be read: the others follow.
                    if error.record_index().is_none() {
                        self.pause(error.retry_after());
                    }
                    self.events.push_back(FollowEvent::Failed(error));
                }
            },
            Read::Broken(error) => {
                self.reading = None;
                match order {
                    Order::Since(since) => self.want(Some(since)),
                    _ => self.want(None),
                }
                self.pause(error.retry_after());
                self.events.push_back(FollowEvent::Failed(error));
            }
        }
        Ok(true)
    }

    /// Returns what to read now, or when there is something to read, if that is known.
    fn next_order(&mut self, now: Duration) -> Result<Order, Option<Duration>> {
        let mut list_from = None;
        if self.wants_list() {
            list_from = self.list_from.filter(|from| now < *from);
            if list_from.is_none() {
                return self.next_list().ok_or(None);
            }
        }
        let next = self.retries.next(&self.mirror.stale, now);
        next.map(Order::One)
            .map_err(|due| due.into_iter().chain(list_from).min())
    }

    fn next_list(&mut self) -> Option<Order> {
        let list = match mem::take(&mut self.wants_all) {
            true => Some(Order::All),
            false => self.wants_since.take().map(Order::Since),
        };
        if !self.wants_list() {
            self.list_from = None;
        }
        list
    }

    /// A list, or one conversation, is read.
    fn ended(&mut self, reading: &Reading) {
        let moved = match reading.order {
            Order::One(id) => return self.mirror.was_read(id, reading.floor),
            Order::All => true,
            // Otherwise a list that fills more than a page in one second would be read for ever.
            Order::Since(since) => reading.newest > Some(since),
        };
        self.next_list = self.now().saturating_add(LIST_PAUSE);
        // Asked for while the list was read.
        self.list_from = self.list_from.map(|from| from.max(self.next_list));
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

    /// Something was read. The pauses start short again, but those of conversations that could not be read.
    fn recovered(&mut self, order: Order) {
        if let Order::One(id) = order {
            self.retries.was_read(id);
        }
        self.retries.retain(&self.mirror.stale);
        self.may_be_out = false;
        self.backoff.reset();
    }

    fn one_failed(&mut self, id: ConversationId, floor: Option<Position>, error: Error) {
        let is_unreadable = error.kind() == ErrorKind::Unreadable;
        let is_limit = error.is_rate_limited() || error.kind() == ErrorKind::RateLimit;
        if is_unreadable {
            // Reading it again fails again.
            self.mirror.was_read(id, floor);
            self.retries.was_read(id);
        } else if is_limit {
            self.pause(error.retry_after());
        } else {
            self.put_off(id, &error);
        }
        self.events.push_back(FollowEvent::Failed(error));
        if is_unreadable {
            self.finished();
        }
    }

    /// A conversation could not be read. It waits, the others do not.
    fn put_off(&mut self, id: ConversationId, error: &Error) {
        let now = self.now();
        let retry_after = error.retry_after();
        let is_first = self.retries.failed(id, now, retry_after, &mut self.backoff);
        // Where one after the other fails, the next would fail too.
        if is_first && mem::replace(&mut self.may_be_out, true) {
            self.pause(None);
        }
    }

    /// Nothing is read for a while.
    fn pause(&mut self, retry_after: Option<Duration>) {
        let pause = self.backoff.pause(retry_after);
        self.paused_until = self.now().saturating_add(pause);
    }

    fn now(&self) -> Duration {
        self.listener.client().clock().now()
    }

    /// Waits for a time. Returns true once it has come.
    fn poll_alarm(&mut self, due: Duration, context: &mut Context<'_>) -> bool {
        let (_, sleep) = match self.alarm.take() {
            Some(alarm) if alarm.0 == due => self.alarm.insert(alarm),
            _ => {
                let clock = Arc::clone(self.listener.client().clock());
                let pause = due.saturating_sub(clock.now());
                let sleep = Box::pin(async move { clock.sleep(pause).await });
                self.alarm.insert((due, sleep))
            }
        };
        let has_come = sleep.as_mut().poll(context).is_ready();
        if has_come {
            self.alarm = None;
        }
        has_come
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
