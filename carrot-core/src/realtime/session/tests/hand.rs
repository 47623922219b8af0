//! A session by hand.

use std::time::Duration;

use carrot_types::realtime::{CloseCode, RealtimeMessage};

use super::world::session;
use crate::realtime::{
    Disconnected, Event, GapReason, Position,
    session::{Action, Input, Session},
};

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) struct Hand {
    pub(super) session: Session,
    pub(super) now: Duration,
    pub(super) events: Vec<Event>,
    pub(super) connects: Vec<(Duration, Option<Position>)>,
    pub(super) polls: Vec<Option<Position>>,
    pub(super) probes: usize,
    pub(super) drops: usize,
    pub(super) stopped: Option<Disconnected>,
}

impl Hand {
    pub(super) fn new() -> Self {
        Self::over(session(5))
    }

    pub(super) fn over(session: Session) -> Self {
        let mut hand = Self {
            session,
            now: Duration::ZERO,
            events: Vec::new(),
            connects: Vec::new(),
            polls: Vec::new(),
            probes: 0,
            drops: 0,
            stopped: None,
        };
        hand.run();
        hand
    }

    /// Runs until it waits. Returns until when.
    pub(super) fn run(&mut self) -> Option<Duration> {
        loop {
            match self.session.poll(self.now) {
                Action::Emit(event) => self.events.push(event),
                Action::Connect(position) => self.connects.push((self.now, position)),
                Action::Poll(position) => self.polls.push(position),
                Action::Probe => self.probes += 1,
                Action::Drop => self.drops += 1,
                Action::Stop(reason) => self.stopped = Some(reason),
                Action::Stopped => return None,
                Action::Wait(due) => return due,
            }
        }
    }

    pub(super) fn input(&mut self, input: Input) {
        self.session.input(self.now, input);
        self.run();
    }

    pub(super) fn text(&mut self, json: &str) {
        self.input(Input::Message(RealtimeMessage::parse(json)));
    }

    /// A message of channel `a`; without an id where that is 0.
    pub(super) fn message(&mut self, id: i64, second: u64, tag: u64) {
        let time = Position::new(second, tag).http_date();
        let id = if id == 0 {
            "null".to_owned()
        } else {
            id.to_string()
        };
        self.text(&format!(
            r#"{{"id": {id}, "channel": "a", "tag": "{tag}", "time": "{time}", "message": {id}}}"#
        ));
    }

    pub(super) fn ping(&mut self, second: u64) {
        let time = Position::new(second, 9).http_date();
        self.text(&format!(
            r#"{{"id": 1, "channel": "ping", "tag": "9", "time": "{time}", "message": {{"timestamp": {second}}}}}"#
        ));
    }

    pub(super) fn close(&mut self, code: u16, reason: &str) {
        let code = CloseCode::with_reason(code, reason);
        self.input(Input::Closed(Disconnected::new("closed").with_code(code)));
    }

    /// Waits without an input, for this long.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.run() {
            if due > end {
                break;
            }
            self.now = self.now.max(due);
            self.session.elapsed(self.now);
        }
        self.now = end;
        self.run();
    }

    pub(super) fn open(&mut self) {
        self.input(Input::Open);
    }

    /// Waits for the next connection, and opens it.
    pub(super) fn reopen(&mut self) {
        let before = self.connects.len();
        while self.connects.len() == before {
            self.pass(SECOND);
        }
        self.open();
    }

    pub(super) fn until_polls(&mut self, polls: usize) {
        while self.polls.len() < polls {
            self.pass(SECOND);
        }
    }

    pub(super) fn messages(&self) -> usize {
        let is_message = |event: &&Event| matches!(event, Event::Message(_));
        self.events.iter().filter(is_message).count()
    }

    pub(super) fn gaps(&self) -> Vec<GapReason> {
        let gaps = self.events.iter().filter_map(|event| match event {
            Event::Gap(gap) => Some(gap.reason.clone()),
            _ => None,
        });
        gaps.collect()
    }
}
