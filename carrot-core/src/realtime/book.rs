//! What is known of one channel: which messages were delivered, and which are missing.

use serde::{Deserialize, Serialize};

use super::{
    Position,
    seen::{Hole, Noticed, Seen},
};

/// This many steps of one prove that the ids of a channel have no holes.
const PROVEN: u8 = 8;

/// This many holes, and more holes than steps of one, show that the ids of a channel are not consecutive. Once
/// proven, a step of one forgets the holes before it.
const SPARSE: u8 = 3;

/// The most holes that a channel may have at once.
const MAX_HOLES: usize = 1024;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Book {
    pub(super) seen: Seen,
    /// The greatest position of a message in this epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    greatest: Option<Position>,
    /// The greatest position of the epoch before: the ids started again behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    floor: Option<Position>,
    /// The ids of the epoch before.
    #[serde(skip)]
    old: Seen,
    steps: u8,
    #[serde(default, skip_serializing_if = "is_zero")]
    jumps: u8,
    /// Before the first message of the channel: where reading must start to get all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) start: Option<Position>,
    /// The first message did not have the first id, and a connection ended since `start`: messages may be
    /// missing in front of it.
    #[serde(skip)]
    start_doubted: Option<Noticed>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// What a message is to its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Duplicate,
    /// Its id was given before to another message.
    NewEpoch,
    New {
        /// A message with a greater id was delivered before.
        late: bool,
    },
}

impl Book {
    /// True once the ids have proved not to be consecutive: they say nothing of missing messages then.
    pub(super) fn is_sparse(&self) -> bool {
        self.jumps >= SPARSE && self.jumps > self.steps
    }

    /// True where a hole surely is of messages that came after the start.
    pub(super) fn is_certain(&self, hole: &Hole) -> bool {
        self.is_proven() && self.seen.first().is_some_and(|first| first < hole.first)
    }

    pub(super) fn is_proven(&self) -> bool {
        self.steps >= PROVEN
    }

    pub(super) fn judge(&self, id: i64, position: Position) -> Verdict {
        if self.floor.is_some_and(|floor| position <= floor) {
            return match self.old.contains(id) {
                true => Verdict::Duplicate,
                false => Verdict::New { late: true },
            };
        }
        let grows = self.greatest.is_none_or(|greatest| position > greatest);
        match self.seen.last() {
            Some(last) if id <= last && grows => Verdict::NewEpoch,
            _ if self.seen.contains(id) => Verdict::Duplicate,
            last => Verdict::New {
                late: last.is_some_and(|last| id < last),
            },
        }
    }

    /// Notes a message that is delivered. True when it shows that others are missing.
    pub(super) fn add(&mut self, id: i64, position: Position, noticed: Noticed) -> bool {
        if self.floor.is_some_and(|floor| position <= floor) {
            self.old.add(id, position, noticed);
            return false;
        }
        self.greatest = self.greatest.max(Some(position));
        let mut jumped = false;
        match self.seen.last() {
            None => {
                if self.start.is_some() && id > 1 {
                    self.start_doubted = Some(noticed);
                    jumped = true;
                } else {
                    self.start = None;
                }
            }
            Some(last) if last.checked_add(1) == Some(id) => {
                self.steps = self.steps.saturating_add(1).min(PROVEN);
                if self.is_proven() {
                    self.jumps = 0;
                }
            }
            Some(last) if id > last => {
                self.jumps = self.jumps.saturating_add(1);
                jumped = true;
            }
            Some(_) => {}
        }
        self.seen.add(id, position, noticed);
        jumped
    }

    /// The ids start again behind the messages so far. Returns the position behind which some may be missing.
    pub(super) fn start_epoch(&mut self) -> Option<Position> {
        let since = self.anchor().or(self.greatest);
        self.old = self.seen.take();
        self.floor = self.floor.max(self.greatest.take());
        self.start = None;
        self.start_doubted = None;
        since
    }

    /// From where to read again to get what is missing; `None` where nothing is.
    pub(super) fn anchor(&self) -> Option<Position> {
        if self.start_doubted.is_some() {
            return self.start;
        }
        self.seen.holes().next().map(|hole| hole.since)
    }

    /// When the newest of what is missing was noticed, as far as no connection since asked for it.
    pub(super) fn noticed_on(&self, connection: u64) -> Option<Noticed> {
        let noticed = self.seen.holes().map(|hole| hole.noticed);
        let mut noticed = noticed.chain(self.start_doubted);
        noticed.find(|noticed| noticed.connection == connection)
    }

    /// A connection that started at the anchor has replayed everything: what is missing still, and was
    /// noticed before it, stays missing. Returns one hole.
    pub(super) fn settle(&mut self, connection: u64) -> Option<Hole> {
        let doubted = |noticed: &mut Noticed| noticed.connection < connection;
        if let Some(noticed) = self.start_doubted.take_if(doubted) {
            if let (Some(since), Some(first @ 2..)) = (self.start.take(), self.seen.first()) {
                return Some(Hole {
                    first: 1,
                    last: first - 1,
                    since,
                    noticed,
                });
            }
        }
        let is_old = |hole: &Hole| hole.noticed.connection < connection;
        let hole = self.seen.holes().find(is_old)?;
        self.seen.fill(&hole);
        Some(hole)
    }

    /// A hole that is not asked for again: of too many, or of ids that are not consecutive.
    pub(super) fn overflow(&mut self) -> Option<Hole> {
        if self.seen.hole_count() <= MAX_HOLES && !self.is_sparse() {
            return None;
        }
        let hole = self.seen.holes().next()?;
        self.seen.fill(&hole);
        Some(hole)
    }

    /// Continues in another process, at this position.
    pub(super) fn restored(&mut self, position: Option<Position>) {
        if !self.seen.is_empty() && self.start.is_some() {
            self.start_doubted = Some(Noticed::default());
        }
        self.lost_connection(position);
    }

    /// A connection ends at this position, which the next one starts from.
    pub(super) fn lost_connection(&mut self, position: Option<Position>) {
        if self.seen.is_empty() && self.start.is_none() {
            self.start = position;
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.seen.is_sound()
    }
}
