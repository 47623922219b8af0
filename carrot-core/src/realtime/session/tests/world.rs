//! A session, the server model, and what went between them.

use std::{collections::HashSet, time::Duration};

use carrot_types::realtime::{RealtimeChannel, RealtimePayload};

use super::server::{START, Server, Stored, Wire, channel};
use crate::realtime::{
    Checkpoint, Disconnected, Event, Position,
    channels::Channels,
    session::{Action, Input, Session},
};

pub(super) const CHANNELS: usize = 3;
pub(super) const RETENTION: Duration = Duration::from_secs(300);

/// A gap as the check needs it.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    places: Vec<usize>,
    since: Option<i64>,
}

/// A checkpoint, and how much there was when it was taken.
pub(super) struct Taken {
    pub(super) checkpoint: Checkpoint,
    delivered: usize,
    gaps: usize,
    changes: usize,
}

pub(super) struct World {
    pub(super) server: Server,
    session: Session,
    wire: Option<Wire>,
    wait: Option<Duration>,
    pub(super) delivered: Vec<u64>,
    pub(super) gaps: Vec<Missing>,
    pub(super) connects: Vec<Duration>,
    pub(super) stopped: bool,
    pub(super) checkpoints: Vec<Taken>,
    /// This many connections end after this many messages.
    pub(super) short: (u32, usize),
    pub(super) polls: usize,
    pub(super) keeps_checkpoints: bool,
}

pub(super) fn session(seed: u64) -> Session {
    let channels = Channels::new((0..CHANNELS).map(channel)).expect("sound channels");
    Session::new(channels, RETENTION, seed)
}

impl World {
    pub(super) fn new(server: Server, session: Session) -> Self {
        Self {
            server,
            session,
            wire: None,
            wait: None,
            delivered: Vec::new(),
            gaps: Vec::new(),
            connects: Vec::new(),
            stopped: false,
            checkpoints: Vec::new(),
            short: (0, 0),
            polls: 0,
            keeps_checkpoints: false,
        }
    }

    /// Another session from a checkpoint, against the same server.
    pub(super) fn restart(server: &Server, checkpoint: &Checkpoint) -> Self {
        let mut server = server.clone();
        server.races.clear();
        server.failing = 0;
        let json = serde_json::to_string(checkpoint).expect("JSON");
        let checkpoint = serde_json::from_str(&json).expect("the same");
        let now = Duration::from_millis(server.millis);
        let date = START + server.millis / 1000;
        let session = session(7).resume(checkpoint, now, date);
        Self::new(server, session)
    }

    pub(super) fn now(&self) -> Duration {
        Duration::from_millis(self.server.millis)
    }

    pub(super) fn wire(&mut self) -> Option<&mut Wire> {
        self.wire.as_mut()
    }

    pub(super) fn publish(&mut self, place: usize) {
        self.server.publish(place, self.wire.as_mut());
    }

    /// The connection ends after this many messages.
    pub(super) fn cut(&mut self, messages: usize) {
        if let Some(wire) = &mut self.wire {
            wire.cut_after = Some(messages);
        }
    }

    /// Runs the session until it waits, giving it at most this many messages.
    pub(super) fn run(&mut self, mut messages: usize) {
        loop {
            match self.session.poll(self.now()) {
                Action::Emit(event) => self.emitted(&event),
                Action::Connect(position) => self.connect(position),
                Action::Poll(position) => self.poll(position),
                Action::Drop => self.wire = None,
                Action::Probe => {
                    if self.wire.as_ref().is_some_and(|wire| !wire.is_silent) {
                        self.session.input(self.now(), Input::Alive);
                    }
                }
                Action::Stop(_) | Action::Stopped => {
                    self.stopped = true;
                    return;
                }
                Action::Wait(due) => {
                    self.wait = due;
                    if !self.feed(&mut messages) {
                        return;
                    }
                }
            }
        }
    }

    /// Gives the session one message, or the end of its connection.
    fn feed(&mut self, messages: &mut usize) -> bool {
        let now = self.now();
        let Some(wire) = &mut self.wire else {
            return false;
        };
        if wire.cut_after == Some(0) {
            self.wire = None;
            let cut = Disconnected::new("cut");
            self.session.input(now, Input::Closed(cut));
            return true;
        }
        if *messages == 0 || wire.is_silent {
            return false;
        }
        let Some(stored) = wire.queue.pop_front() else {
            return false;
        };
        *messages -= 1;
        wire.cut_after = wire.cut_after.map(|after| after - 1);
        let message = stored.message(!self.server.is_counted(&stored));
        self.session.input(now, Input::Message(Ok(message)));
        true
    }

    fn connect(&mut self, position: Option<Position>) {
        assert!(self.wire.is_none(), "one connection at a time");
        let now = self.now();
        self.connects.push(now);
        if self.server.failing > 0 {
            self.server.failing -= 1;
            let failed = Disconnected::new("unavailable").with_status(503);
            self.session.input(now, Input::Closed(failed));
            return;
        }
        let mut wire = self.server.connect(position);
        if self.short.0 > 0 {
            self.short.0 -= 1;
            wire.cut_after = Some(self.short.1);
        }
        self.wire = Some(wire);
        self.session.input(now, Input::Open);
    }

    /// A response with everything that is stored, or none.
    fn poll(&mut self, position: Option<Position>) {
        assert!(self.wire.is_none(), "one connection at a time");
        let now = self.now();
        self.connects.push(now);
        self.polls += 1;
        if self.server.failing > 0 {
            self.server.failing -= 1;
            let failed = Disconnected::new("no polls").with_status(404);
            self.session.input(now, Input::Closed(failed));
            return;
        }
        let stored = self.server.connect(position).queue;
        let last = stored.iter().map(|one| one.position).max();
        let second = START + self.server.millis / 1000;
        let message = |one: &Stored| Ok(one.message(!self.server.is_counted(one)));
        let messages = stored.iter().map(message).collect();
        self.session.input(now, Input::Open);
        self.session.input(
            now,
            Input::Batch {
                messages,
                position: last.or(Some(Position::new(second, 0))),
                now: None,
            },
        );
    }

    fn emitted(&mut self, event: &Event) {
        match event {
            Event::Message(delivery) => {
                let RealtimePayload::Other(serial) = &delivery.message.payload else {
                    panic!("not one of ours: {delivery:?}");
                };
                self.delivered.push(serial.as_u64().expect("a serial"));
            }
            Event::Gap(gap) => {
                let place = |of: &RealtimeChannel| (0..CHANNELS).find(|at| channel(*at) == *of);
                self.gaps.push(Missing {
                    places: gap.channels.iter().filter_map(place).collect(),
                    since: gap.since.map(|since| since.seconds()),
                });
            }
            Event::CaughtUp => {}
            Event::Down(_) => self.wire = None,
            Event::Unreadable(_) => panic!("everything is readable here"),
        }
        if self.keeps_checkpoints {
            let checkpoint = self.session.checkpoint();
            self.checkpoints.push(Taken {
                checkpoint,
                delivered: self.delivered.len(),
                gaps: self.gaps.len(),
                changes: self.server.changes,
            });
        }
    }

    /// Time passes: pings come every ten seconds, and everything that is on its way arrives.
    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.server.millis + millis;
        loop {
            self.run(usize::MAX);
            let wait = self.wait.map_or(end, |wait| wait.as_millis() as u64 + 1);
            let ping = (self.server.millis / 10_000 + 1) * 10_000;
            let next = wait.min(ping).min(end).max(self.server.millis);
            self.server.millis = next;
            if next == ping {
                let place = self.server.ping_place();
                self.server.publish(place, self.wire.as_mut());
            }
            self.run(usize::MAX);
            if self.wait.is_some_and(|wait| wait <= self.now()) {
                self.session.elapsed(self.now());
            }
            self.run(usize::MAX);
            if self.server.millis >= end {
                return;
            }
        }
    }

    /// Lets everything that can be repaired be repaired, and makes every hole visible.
    pub(super) fn settle(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.cut_after = None;
            wire.is_silent = false;
        }
        self.server.failing = 0;
        self.short.0 = 0;
        self.server.races.clear();
        // The longest pause, and a ping.
        self.pass(70_500);
        assert!(self.session.is_caught_up(), "it catches up");
        for place in 0..CHANNELS {
            self.server.publish(place, self.wire.as_mut());
        }
        self.pass(140_000);
    }

    /// Every message was delivered or lies in a gap: here, or in another world before a checkpoint.
    pub(super) fn assert_nothing_is_lost(&self, before: Option<(&World, &Taken)>) {
        let (old, gaps) = before.map_or((&[][..], &[][..]), |(world, taken)| {
            (
                &world.delivered[..taken.delivered],
                &world.gaps[..taken.gaps],
            )
        });
        let known = before.map_or(0, |(_, taken)| taken.changes);
        let delivered: HashSet<u64> = old.iter().chain(&self.delivered).copied().collect();
        let gaps: Vec<&Missing> = gaps.iter().chain(&self.gaps).collect();
        for one in &self.server.published {
            let is_known = delivered.contains(&one.serial)
                || gaps.iter().any(|gap| gap.covers(one))
                || self.server.is_unknowable(one, known);
            let checkpoint = before.map(|(_, taken)| &taken.checkpoint);
            assert!(
                is_known,
                "lost {one:?}, gaps {gaps:?}, started from {checkpoint:?}"
            );
        }
    }

    pub(super) fn assert_nothing_comes_twice(&self) {
        let mut seen = HashSet::new();
        for serial in &self.delivered {
            assert!(seen.insert(serial), "{serial} twice");
        }
    }
}

impl Missing {
    fn covers(&self, stored: &Stored) -> bool {
        let second = i64::try_from(stored.position.seconds()).expect("a second");
        self.places.contains(&stored.place) && self.since.is_none_or(|since| since <= second)
    }
}
