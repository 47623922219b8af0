use carrot_types::{Conversation, Timestamp};

use super::changes::Changes;
use crate::realtime::Position;

/// A conversation as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Its state now, while it is open; `None` also before it is read.
    pub(super) view: Option<Box<Conversation>>,
    /// Messages up to this position are part of `view`.
    floor: Option<Position>,
    /// The last update of the record that was read over the API.
    read_to: Option<Timestamp>,
    /// What messages said after `floor`.
    pub(super) changes: Changes,
}

impl Held {
    /// Takes a record that a message brought.
    pub(super) fn told(&mut self, record: Box<Conversation>, at: Position) {
        self.floor = Some(at);
        self.read_to = None;
        self.changes.retain(|change| change > at);
        let mut view = record;
        self.changes.apply(&mut view);
        self.view = Some(view);
    }

    /// True where a message at this position is part of the record, such as one that comes late.
    pub(super) fn has(&self, at: Position) -> bool {
        self.floor.is_some_and(|floor| at <= floor)
    }

    /// False where the record is older than the one read before.
    pub(super) fn read(&mut self, record: Box<Conversation>, floor: Option<Position>) -> bool {
        if record.last_update < self.read_to {
            return false;
        }
        self.floor = floor;
        self.read_to = record.last_update;
        // A message was sent after its change, so the request came after both; but a copy of the data may lag.
        let read_to = self.read_to;
        let is_missing = |at: Position| read_to.is_some_and(|read_to| at.timestamp() > read_to);
        self.changes.retain(|at| Some(at) > floor || is_missing(at));
        self.view = Some(record);
        true
    }

    /// Applies the changes to the record. Returns false where it is not known whether the record has one of them
    /// already, or something newer: then it must be read again.
    pub(super) fn settle(&mut self) -> bool {
        let Some(view) = &mut self.view else {
            return true;
        };
        let doubtful = match self.read_to {
            None => Changes::default(),
            Some(read_to) => self.changes.take(|at| at.timestamp() <= read_to),
        };
        self.changes.apply(view);
        let mut other = view.clone();
        doubtful.apply(&mut other);
        other == *view
    }
}
