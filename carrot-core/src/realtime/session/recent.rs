use std::collections::BTreeSet;

use crate::realtime::Position;

/// The most positions that are kept.
const MOST: usize = 4096;

/// Up to this number they are kept without looking which are needed.
const LARGE: usize = 256;

/// Positions of messages whose ids do not tell whether they were delivered, with the place of the channel.
#[derive(Debug, Default)]
pub(super) struct Recent(BTreeSet<(Position, usize)>);

impl Recent {
    /// False where it is there already.
    pub(super) fn insert(&mut self, position: Position, place: usize) -> bool {
        let is_new = self.0.insert((position, place));
        if self.0.len() > MOST {
            self.0.pop_first();
        }
        is_new
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_large(&self) -> bool {
        self.0.len() > LARGE
    }

    /// Forgets what no replay from this position brings again.
    pub(super) fn forget_before(&mut self, position: Position) {
        // What a second worker delivers twice comes at most this much later.
        let seconds = position.seconds().saturating_sub(2);
        self.0 = self.0.split_off(&(Position::new(seconds, 0), 0));
    }
}
