//! A small model of the vendor's server software, with the races that were seen in it.

use std::collections::VecDeque;

use carrot_types::realtime::{RealtimeChannel, RealtimeMessage, RealtimePayload};
use serde_json::json;

use crate::realtime::Position;

/// The second in which a model starts.
pub(super) const START: u64 = 1_700_000_000;

#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) place: usize,
    pub(super) serial: u64,
    pub(super) position: Position,
    id: i64,
}

#[derive(Clone, Default)]
struct Queue {
    /// When the channel was deleted last, by the number of changes.
    forgotten: usize,
    last_id: i64,
    stored: VecDeque<Stored>,
}

/// Channels `a`, `b`, .. and `ping` behind them.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) millis: u64,
    queues: Vec<Queue>,
    last: Position,
    serial: u64,
    capacity: usize,
    pub(super) published: Vec<Stored>,
    pub(super) changes: usize,
    /// Published while the next connection looks for stored messages, with what becomes of each.
    pub(super) races: Vec<(usize, Race)>,
    pub(super) failing: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Race {
    /// Behind the look and in front of the subscription: neither stored nor live for this connection.
    Lost,
    /// Found by the look, and sent live too.
    Twice,
}

/// What goes over a connection.
#[derive(Clone, Default)]
pub(super) struct Wire {
    pub(super) queue: VecDeque<Stored>,
    /// After this many messages it ends.
    pub(super) cut_after: Option<usize>,
    /// Nothing comes any more, and it does not end either.
    pub(super) is_silent: bool,
}

impl Server {
    pub(super) fn new(channels: usize, capacity: usize) -> Self {
        Self {
            millis: 0,
            queues: vec![Queue::default(); channels + 1],
            last: Position::new(START, 0),
            serial: 0,
            capacity,
            published: Vec::new(),
            changes: 0,
            races: Vec::new(),
            failing: 0,
        }
    }

    pub(super) fn ping_place(&self) -> usize {
        self.queues.len() - 1
    }

    fn store(&mut self, place: usize) -> Stored {
        let second = START + self.millis / 1000;
        let tag = match self.last.seconds() == second {
            true => self.last.tag() + 1,
            false => 1,
        };
        self.last = Position::new(second, tag);
        self.serial += 1;
        self.changes += 1;
        let queue = &mut self.queues[place];
        queue.last_id += 1;
        let stored = Stored {
            place,
            serial: self.serial,
            position: self.last,
            id: queue.last_id,
        };
        queue.stored.push_back(stored.clone());
        if queue.stored.len() > self.capacity {
            queue.stored.pop_front();
        }
        if place + 1 < self.queues.len() {
            self.published.push(stored.clone());
        }
        stored
    }

    pub(super) fn publish(&mut self, place: usize, wire: Option<&mut Wire>) {
        let stored = self.store(place);
        if let Some(wire) = wire {
            wire.queue.push_back(stored);
        }
    }

    /// The channel is deleted with all that it stored; its ids start again.
    pub(super) fn forget(&mut self, place: usize) {
        self.changes += 1;
        let forgotten = self.changes;
        self.queues[place] = Queue {
            forgotten,
            ..Queue::default()
        };
    }

    /// The oldest message of each channel is no longer stored.
    pub(super) fn expire(&mut self) {
        for queue in &mut self.queues {
            queue.stored.pop_front();
        }
    }

    pub(super) fn connect(&mut self, from: Option<Position>) -> Wire {
        let mut wire = Wire::default();
        let mut live = VecDeque::new();
        let races = std::mem::take(&mut self.races);
        for place in 0..self.queues.len() {
            let of_place = |race: &&(usize, Race)| race.0 == place;
            for (_, race) in races.iter().filter(of_place) {
                if let Race::Twice = race {
                    live.push_back(self.store(place));
                }
            }
            if let Some(from) = from {
                let stored = self.queues[place].stored.iter();
                wire.queue
                    .extend(stored.filter(|one| one.position > from).cloned());
            }
            for (_, race) in races.iter().filter(of_place) {
                if let Race::Lost = race {
                    self.store(place);
                }
            }
        }
        wire.queue.extend(live);
        wire
    }

    /// A listener that knows the changes so far cannot know of a message that is gone with the ids of its
    /// channel.
    pub(super) fn is_unknowable(&self, stored: &Stored, known: usize) -> bool {
        let queue = &self.queues[stored.place];
        queue.forgotten > known && queue.stored.iter().all(|one| one.serial != stored.serial)
    }

    pub(super) fn is_counted(&self, stored: &Stored) -> bool {
        stored.place < self.ping_place()
    }
}

pub(super) fn channel(place: usize) -> RealtimeChannel {
    RealtimeChannel::from(["a", "b", "c", "d"][place])
}

impl Stored {
    pub(super) fn message(&self, is_ping: bool) -> RealtimeMessage {
        let message = if is_ping {
            let ping = format!(r#"{{"timestamp": {}}}"#, self.position.seconds());
            let payload = RealtimePayload::parse(&RealtimeChannel::Ping, &ping);
            RealtimeMessage::new(RealtimeChannel::Ping, payload.expect("a ping"))
        } else {
            let payload = RealtimePayload::Other(json!(self.serial));
            RealtimeMessage::new(channel(self.place), payload)
        };
        message
            .expect("it fits")
            .with_id(self.id)
            .with_tag(self.position.tag().to_string())
            .with_time(self.position.http_date())
    }
}
