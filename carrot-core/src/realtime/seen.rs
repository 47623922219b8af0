//! Which ids of a channel were delivered.

use std::{mem, time::Duration};

use serde::{Deserialize, Serialize};

use super::Position;

/// When a hole was noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Noticed {
    /// The number of the connection.
    pub(super) connection: u64,
    pub(super) at: Duration,
    /// How many pings had come before.
    pub(super) pings: u64,
}

/// Ids without a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) first: i64,
    pub(super) last: i64,
    /// The position of the last one.
    pub(super) position: Position,
    /// When the hole in front of it was noticed.
    #[serde(skip)]
    pub(super) noticed: Noticed,
}

/// The missing ids between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) first: i64,
    pub(super) last: i64,
    /// The position of the message in front of it.
    pub(super) since: Position,
    pub(super) noticed: Noticed,
}

/// The ids delivered, as runs in their order. One run, while nothing is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Seen(Vec<Run>);

impl Seen {
    pub(super) fn contains(&self, id: i64) -> bool {
        let after = self.0.partition_point(|run| run.last < id);
        self.0.get(after).is_some_and(|run| run.first <= id)
    }

    /// The smallest id.
    pub(super) fn first(&self) -> Option<i64> {
        self.0.first().map(|run| run.first)
    }

    /// The greatest id.
    pub(super) fn last(&self) -> Option<i64> {
        self.0.last().map(|run| run.last)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = Hole> {
        self.0.windows(2).filter_map(|pair| match pair {
            [before, after] => Some(Hole {
                first: before.last + 1,
                last: after.first - 1,
                since: before.position,
                noticed: after.noticed,
            }),
            _ => None,
        })
    }

    pub(super) fn hole_count(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// Adds an id that it does not contain.
    pub(super) fn add(&mut self, id: i64, position: Position, noticed: Noticed) {
        if let Some(run) = self.0.last_mut() {
            if run.last.checked_add(1) == Some(id) {
                run.last = id;
                run.position = position;
                return;
            }
        }
        let at = self.0.partition_point(|run| run.last < id);
        // What lies in a hole leaves two, noticed when that one was.
        let noticed = match self.0.get(at) {
            Some(after) if at > 0 => after.noticed,
            _ => noticed,
        };
        if let Some(after) = self.0.get_mut(at) {
            if at == 0 {
                after.noticed = noticed;
            }
        }
        let run = Run {
            first: id,
            last: id,
            position,
            noticed,
        };
        self.0.insert(at, run);
        self.join(at);
        if at > 0 {
            self.join(at - 1);
        }
    }

    /// Joins a run with the next one where nothing is between them.
    fn join(&mut self, at: usize) {
        if let [before, after, ..] = &mut self.0[at..] {
            if before.last + 1 == after.first {
                before.last = after.last;
                before.position = after.position;
                self.0.remove(at + 1);
            }
        }
    }

    /// Takes the missing ids of a hole for delivered.
    pub(super) fn fill(&mut self, hole: &Hole) {
        let at = self.0.partition_point(|run| run.last < hole.first);
        if let Some(run) = self.0.get_mut(at) {
            run.first = hole.first;
        }
        if let Some(before) = at.checked_sub(1) {
            self.join(before);
        }
    }

    pub(super) fn take(&mut self) -> Self {
        mem::take(self)
    }

    /// False for what no session writes.
    pub(super) fn is_sound(&self) -> bool {
        let greatest = i64::MAX - 1;
        self.0
            .iter()
            .all(|run| 0 <= run.first && run.first <= run.last && run.last <= greatest)
            && self
                .0
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if a.last + 1 < b.first))
    }
}
