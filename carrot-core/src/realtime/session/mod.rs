//! A listener without I/O and without a clock: inputs and moments in, actions and events out.
//!
//! Every change of the state gives at most one event, and is made when the event is taken. So the state is
//! always that of the events returned, and a checkpoint of it is exact.

mod catch_up;
mod io;
mod recent;
#[cfg(test)]
mod tests;
mod up;

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    time::Duration,
};

use carrot_types::realtime::{RealtimeChannel, RealtimeError, RealtimeMessage, RealtimePayload};

pub(super) use self::io::{Action, Counts, Input};
use self::{recent::Recent, up::Up};
use super::{
    Checkpoint, Delivery, Disconnected, Down, Event, Gap, GapReason, Position,
    backoff::Backoff,
    book::{Book, Verdict},
    channels::Channels,
    seen::{Hole, Noticed},
};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection that lasted this long after its replay did well.
const GOOD: Duration = Duration::from_secs(60);

/// How long missing messages may still come by themselves, after messages that the service sent later.
const PATIENCE: Duration = Duration::from_secs(2);

/// After this many connections in a row that ended in their replay, one that is whole or nothing.
const CUT_REPLAYS: u32 = 3;

/// The pause between two connections that are made to get missing messages.
const REWIND_PAUSE: Duration = Duration::from_secs(60);

#[derive(Debug)]
enum Phase {
    /// Without a connection until this moment.
    Pause(Duration),
    Connecting {
        since: Duration,
    },
    Up(Up),
    Stopping(Disconnected),
    Stopped,
}

#[expect(
    clippy::large_enum_variant,
    reason = "a message is the usual case: a box would be an allocation for each"
)]
enum Entry {
    Message(Result<RealtimeMessage, RealtimeError>),
    /// The end of a response, which is whole.
    Commit(Option<Position>, Option<u64>),
    Closed(Disconnected),
}

pub(super) struct Session {
    channels: Channels,
    books: Vec<Book>,
    retention: Duration,
    backoff: Backoff,
    phase: Phase,
    inbox: VecDeque<Entry>,
    /// Messages of this input stand alone; the position does not move with each one of a response.
    in_batch: bool,
    recent: Recent,
    /// From where a connection reads on. Frozen from the start of a connection until its replay is complete.
    position: Option<Position>,
    /// The greatest position that came over this connection.
    ahead: Option<Position>,
    connection: u64,
    pings: u64,
    last_rewind: Option<Duration>,
    /// When the last connection that had caught up was heard last, on the clock of this session.
    away_since: Option<Duration>,
    /// The date at a moment of the clock, in seconds since 1970, where the session continues another one.
    date: Option<(Duration, u64)>,
    /// `position` at the start of this connection.
    started_at: Option<Position>,
    /// Why, and since when, this connection cannot bring everything.
    missed: Option<(GapReason, Option<Position>)>,
    /// A connection caught up before, or the session continues another one.
    was_live: bool,
    can_poll: bool,
    /// How many connections in a row ended in their replay.
    cut_replays: u32,
    /// The connection is a long poll in place of one that ends in its replay.
    is_poll: bool,
    settles: bool,
    owes_caught_up: bool,
    newest_ping: Option<u64>,
    /// The service's time when it was last heard over a connection that had caught up.
    last_heard: Option<u64>,
    pub(super) counts: Counts,
}

impl Session {
    pub(super) fn new(channels: Channels, retention: Duration, seed: u64) -> Self {
        let books = vec![Book::default(); channels.counted().len()];
        Self {
            channels,
            books,
            retention,
            backoff: Backoff::new(seed),
            phase: Phase::Pause(Duration::ZERO),
            inbox: VecDeque::new(),
            in_batch: false,
            recent: Recent::default(),
            position: None,
            ahead: None,
            connection: 0,
            pings: 0,
            last_rewind: None,
            away_since: None,
            date: None,
            started_at: None,
            missed: None,
            was_live: false,
            can_poll: false,
            cut_replays: 0,
            is_poll: false,
            settles: false,
            owes_caught_up: true,
            newest_ping: None,
            last_heard: None,
            counts: Counts::default(),
        }
    }

    /// It may ask for long polls.
    pub(super) fn with_polls(mut self, can_poll: bool) -> Self {
        self.can_poll = can_poll;
        self
    }

    /// Continues from a checkpoint. `date` is the date in seconds since 1970.
    pub(super) fn resume(mut self, checkpoint: Checkpoint, now: Duration, date: u64) -> Self {
        let mut books = checkpoint.channels;
        self.position = checkpoint.position;
        for (channel, book) in self.channels.counted().iter().zip(&mut self.books) {
            if let Some(kept) = books.remove(&channel.to_string()) {
                *book = kept;
            }
            book.restored(checkpoint.position);
        }
        self.date = Some((now, date));
        // The checkpoint promises what came since, also one that was taken before the first replay was complete.
        self.was_live = true;
        self
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        let channels = self.channels.counted().iter();
        let books: BTreeMap<String, Book> = channels
            .zip(&self.books)
            .map(|(channel, book)| (channel.to_string(), book.clone()))
            .collect();
        Checkpoint::new(self.resume_position(), books)
    }

    pub(super) fn position(&self) -> Option<Position> {
        self.position
    }

    /// In front of everything that is missing.
    fn resume_position(&self) -> Option<Position> {
        let anchors = self.books.iter().filter_map(Book::anchor);
        self.position.into_iter().chain(anchors).min()
    }

    /// How many connections failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    pub(super) fn input(&mut self, now: Duration, input: Input) {
        match (&mut self.phase, &input) {
            (Phase::Connecting { .. }, Input::Closed(_)) => {}
            (Phase::Connecting { .. }, _) => self.phase = Phase::Up(Up::new(now)),
            (Phase::Up(up), _) => up.heard(now, &input),
            _ => return,
        }
        match input {
            Input::Open | Input::Alive => {}
            Input::Message(message) => self.inbox.push_back(Entry::Message(message)),
            Input::Batch {
                messages,
                position,
                now,
            } => {
                let mut messages = messages;
                // Of several channels, one after the other.
                messages.sort_by_key(|message| message.as_ref().ok().and_then(Position::of));
                self.inbox.extend(messages.into_iter().map(Entry::Message));
                self.inbox.push_back(Entry::Commit(position, now));
                self.in_batch = true;
            }
            Input::Closed(reason) => self.inbox.push_back(Entry::Closed(reason)),
        }
    }

    /// What to do next. Must be called until it says [`Wait`](Action::Wait) before the next input.
    pub(super) fn poll(&mut self, now: Duration) -> Action {
        loop {
            if let Some(event) = self.due() {
                return Action::Emit(event);
            }
            if let Some(entry) = self.inbox.pop_front() {
                match self.process(now, entry) {
                    Some(event) => return Action::Emit(event),
                    None => continue,
                }
            }
            self.in_batch = false;
            let position = self.resume_position();
            match &mut self.phase {
                Phase::Pause(due) if *due <= now => {
                    self.connection += 1;
                    self.counts.connections += 1;
                    self.started_at = self.position;
                    self.ahead = None;
                    self.phase = Phase::Connecting { since: now };
                    let is_stuck = position.is_some() && self.cut_replays >= CUT_REPLAYS;
                    self.is_poll = self.can_poll && is_stuck;
                    return match self.is_poll {
                        true => Action::Poll(position),
                        false => Action::Connect(position),
                    };
                }
                Phase::Pause(due) => return Action::Wait(Some(*due)),
                Phase::Connecting { since } => {
                    return Action::Wait(Some(since.saturating_add(CONNECT_TIMEOUT)));
                }
                Phase::Up(up) if up.wants_probe => {
                    up.wants_probe = false;
                    return Action::Probe;
                }
                Phase::Up(up) if up.wants_drop => {
                    self.end();
                    self.phase = Phase::Pause(now);
                    return Action::Drop;
                }
                Phase::Up(up) => {
                    let alive = up.deadline(self.pings > 0);
                    let due = self.rewind_at().map_or(alive, |rewind| rewind.min(alive));
                    return Action::Wait(Some(due));
                }
                phase => {
                    return match mem::replace(phase, Phase::Stopped) {
                        Phase::Stopping(reason) => Action::Stop(reason),
                        _ => Action::Stopped,
                    };
                }
            }
        }
    }

    /// The moment of a wait is there, and no input with it.
    pub(super) fn elapsed(&mut self, now: Duration) {
        let rewind = self.rewind_at();
        match &mut self.phase {
            Phase::Connecting { since } if *since + CONNECT_TIMEOUT <= now => {
                let reason = Disconnected::new("the time ran out while connecting");
                self.inbox.push_back(Entry::Closed(reason));
            }
            Phase::Up(up) => {
                if up.deadline(self.pings > 0) <= now {
                    if up.probed.is_none() {
                        up.probed = Some(now);
                        up.wants_probe = true;
                    } else {
                        let reason = Disconnected::new("the connection is silent");
                        self.inbox.push_back(Entry::Closed(reason));
                    }
                } else if rewind.is_some_and(|rewind| rewind <= now) {
                    self.last_rewind = Some(now);
                    self.counts.rewinds += 1;
                    up.wants_drop = true;
                }
            }
            _ => {}
        }
    }

    /// When the connection is dropped to ask for missing messages; `None` while nothing is missing, or may
    /// still come.
    fn rewind_at(&self) -> Option<Duration> {
        let Phase::Up(Up {
            caught_up: Some(_), ..
        }) = &self.phase
        else {
            return None;
        };
        let books = self.books.iter();
        let missing = books.filter_map(|book| book.noticed_on(self.connection));
        let due = missing.filter(|noticed| noticed.pings < self.pings);
        let due = due
            .map(|noticed| noticed.at.saturating_add(PATIENCE))
            .min()?;
        let again = self
            .last_rewind
            .map(|last| last.saturating_add(REWIND_PAUSE));
        Some(again.map_or(due, |again| again.max(due)))
    }

    /// An event that waits for nothing.
    fn due(&mut self) -> Option<Event> {
        if let Some((reason, since)) = self.missed.take() {
            let channels = self.channels.counted().to_vec();
            return Some(self.gap(channels, since, reason));
        }
        for place in 0..self.books.len() {
            let book = &mut self.books[place];
            let mut hole = book.overflow();
            if self.settles {
                hole = hole.or_else(|| book.settle(self.connection));
            }
            if let Some(hole) = hole {
                return Some(self.lost(place, &hole));
            }
        }
        (mem::take(&mut self.settles) && mem::take(&mut self.owes_caught_up))
            .then_some(Event::CaughtUp)
    }

    fn lost(&mut self, place: usize, hole: &Hole) -> Event {
        let ids = hole.first..=hole.last;
        let reason = match self.books[place].is_certain(hole) {
            true => GapReason::Lost(ids),
            false => GapReason::Unknown(ids),
        };
        let channel = self.channels.all()[place].clone();
        self.gap(vec![channel], Some(hole.since), reason)
    }

    fn gap(
        &mut self,
        channels: Vec<RealtimeChannel>,
        since: Option<Position>,
        reason: GapReason,
    ) -> Event {
        self.counts.gaps += 1;
        Event::Gap(Gap::new(channels, since.map(Position::timestamp), reason))
    }

    fn process(&mut self, now: Duration, entry: Entry) -> Option<Event> {
        match entry {
            Entry::Message(Ok(message)) => self.message(now, message),
            Entry::Message(Err(error)) => self.unreadable(error),
            Entry::Commit(position, server_now) => {
                let seconds = server_now.or_else(|| Some(position?.seconds()));
                self.position = self.position.max(position.or(self.ahead));
                self.pings += 1;
                self.catch_up(now, seconds, server_now.is_some());
                if let (true, Phase::Up(up)) = (self.is_poll, &mut self.phase) {
                    up.wants_drop = true;
                }
                None
            }
            Entry::Closed(reason) => self.closed(now, reason),
        }
    }

    fn unreadable(&mut self, error: RealtimeError) -> Option<Event> {
        match error.rejected_with() {
            Some(status) => {
                let reason = Disconnected::new("an error of the service").with_status(status);
                self.inbox.push_front(Entry::Closed(reason));
                None
            }
            None => {
                self.counts.unreadable += 1;
                Some(Event::Unreadable(error))
            }
        }
    }

    fn message(&mut self, now: Duration, message: RealtimeMessage) -> Option<Event> {
        // A notice of the server itself: its place in the stream is not a real one.
        if message.id.is_some_and(|id| id < 0) {
            return None;
        }
        let position = Position::of(&message);
        let place = self.channels.place(&message.channel);
        if message.channel == RealtimeChannel::Ping {
            return self.ping(now, message, position);
        }
        let known = place.and_then(|place| Some((place, position?)));
        let mut late = false;
        if let Some((place, position)) = known {
            let id = message.id.filter(|id| *id < i64::MAX - 1);
            let counted = id.filter(|_| !self.books[place].is_sparse());
            let noticed = self.noticed(now);
            if let Some(id) = counted {
                let book = &mut self.books[place];
                match book.judge(id, position) {
                    Verdict::Duplicate => {
                        self.advance(position);
                        self.counts.duplicates += 1;
                        return None;
                    }
                    Verdict::NewEpoch => {
                        let since = book.start_epoch();
                        let channel = message.channel.clone();
                        self.inbox.push_front(Entry::Message(Ok(message)));
                        return Some(self.gap(vec![channel], since, GapReason::Reset));
                    }
                    Verdict::New { late: is_late } => late = is_late,
                }
                let (was_proven, holes) = (book.is_proven(), book.seen.hole_count());
                if book.add(id, position, noticed) {
                    self.counts.holes += 1;
                } else if book.seen.hole_count() < holes {
                    self.counts.repaired += 1;
                }
                if !was_proven {
                    self.recent.insert(position, place);
                }
            } else if !self.recent.insert(position, place) {
                self.advance(position);
                self.counts.duplicates += 1;
                return None;
            }
            self.advance(position);
            self.counts.lag = self
                .newest_ping
                .map(|ping| Duration::from_secs(ping.saturating_sub(position.seconds())));
        }
        let replayed = !self.is_caught_up();
        self.counts.messages += 1;
        self.counts.replayed += u64::from(replayed);
        self.counts.late += u64::from(late);
        let mut delivery = Delivery::new(message);
        delivery.late = late;
        delivery.replayed = replayed;
        Some(Event::Message(Box::new(delivery)))
    }

    /// A ping stands last in the path, so the replay is complete.
    fn ping(
        &mut self,
        now: Duration,
        message: RealtimeMessage,
        position: Option<Position>,
    ) -> Option<Event> {
        self.pings += 1;
        let is_new = match (self.channels.place(&message.channel), position) {
            (Some(place), Some(position)) => self.recent.insert(position, place),
            _ => true,
        };
        if let RealtimePayload::Ping(ping) = &message.payload {
            let seconds = (ping.timestamp).and_then(|time| u64::try_from(time.seconds()).ok());
            self.newest_ping = self.newest_ping.max(seconds);
        }
        if let Some(position) = position {
            self.advance(position);
        }
        if !self.in_batch && !self.is_caught_up() {
            self.position = self.position.max(self.ahead);
            let seconds = position.map(Position::seconds);
            self.catch_up(now, seconds.max(self.newest_ping), false);
        }
        if !is_new {
            self.counts.duplicates += 1;
            return None;
        }
        self.channels.wants_pings.then(|| Event::from(message))
    }

    fn is_caught_up(&self) -> bool {
        matches!(&self.phase, Phase::Up(up) if up.caught_up.is_some())
    }

    /// A message of this position was delivered now, or before.
    fn advance(&mut self, position: Position) {
        self.ahead = self.ahead.max(Some(position));
        // Before the first replay is complete there is no other one, and what follows must not be lost.
        self.position.get_or_insert(position);
        if !self.in_batch && self.is_caught_up() {
            self.position = self.position.max(self.ahead);
            self.forget_recent();
        }
    }

    fn forget_recent(&mut self) {
        if let Some(position) = self.resume_position_if_needed() {
            self.recent.forget_before(position);
        }
    }

    /// The position of the next connection; not looked for while there is nothing to forget.
    fn resume_position_if_needed(&self) -> Option<Position> {
        match self.recent.is_large() {
            true => self.resume_position(),
            false => None,
        }
    }

    fn noticed(&self, now: Duration) -> Noticed {
        Noticed {
            connection: self.connection,
            at: now,
            pings: self.pings,
        }
    }

    fn closed(&mut self, now: Duration, reason: Disconnected) -> Option<Event> {
        self.inbox.clear();
        self.end();
        match &self.phase {
            // The service may not have long polls.
            _ if self.is_poll => self.cut_replays = 0,
            Phase::Up(up) if up.caught_up.is_none() => self.cut_replays += 1,
            _ => {}
        }
        if reason.is_rejection() && !self.is_poll {
            self.phase = Phase::Stopping(reason);
            return None;
        }
        let retry_in = self.backoff.pause(reason.retry_after());
        self.phase = Phase::Pause(now.saturating_add(retry_in));
        self.owes_caught_up = true;
        Some(Event::Down(Down { reason, retry_in }))
    }

    /// The connection is over.
    fn end(&mut self) {
        if let Phase::Up(up) = &self.phase {
            if let Some(caught_up) = up.caught_up {
                self.away_since = Some(up.heard);
                if up.heard.saturating_sub(caught_up) >= GOOD {
                    self.backoff.reset();
                }
            }
        }
        self.settles = false;
        if self.is_caught_up() {
            let ahead = self.ahead.map(Position::seconds);
            self.last_heard = self.last_heard.max(self.newest_ping).max(ahead);
        }
        self.newest_ping = None;
        for book in &mut self.books {
            book.lost_connection(self.position);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped)
    }

    /// Ends the session.
    pub(super) fn stop(&mut self) {
        self.inbox.clear();
        self.phase = Phase::Stopped;
    }
}
