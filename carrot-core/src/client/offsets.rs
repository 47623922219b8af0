//! Joins the pages of a listing by offset, which moves while it is read.
//!
//! Each page repeats the last record of the page before, the anchor. While a page has a record that was
//! returned before, everything in front of that record was returned too, unless the order changed. If it
//! has none, the list became shorter and the pages before are read again. What that does not repair is an
//! error at the end: the listing is never incomplete in silence.

use std::{collections::HashSet, mem};

use crate::{
    Paginate,
    endpoint::Page,
    types::{Cursor, CursorKind},
};

/// The most steps back in a row without a new record: such a list never comes to rest.
const MAX_STEPS_BACK: u32 = 20;

pub(super) struct Offsets {
    /// The identities of all records that were returned: 8 bytes each.
    known: HashSet<u64>,
    /// The total on the last page.
    total: Option<u64>,
    /// A page did not start with its anchor.
    is_irregular: bool,
    /// Records may have moved to pages that were read already.
    moved: bool,
    steps_back: u32,
}

/// How a page joins those before.
pub(super) enum Join {
    /// It does. A listing that resumes at the cursor returns all of the page.
    Sound(Option<Cursor>),
    /// The list became shorter: read from this offset.
    Back(u64),
    /// The list moves too fast to be read.
    Never,
}

impl Offsets {
    /// `start` is where the listing starts; its record is known from an earlier process.
    pub(super) fn new(start: Option<&Cursor>) -> Self {
        Self {
            known: start.and_then(Cursor::anchor).into_iter().collect(),
            total: None,
            is_irregular: false,
            moved: false,
            steps_back: 0,
        }
    }

    /// Checks the page that was requested from `offset` with this cursor.
    pub(super) fn join<E: Paginate>(
        &mut self,
        page: &Page<E::Item>,
        requested: Option<&Cursor>,
        offset: u64,
        size: u64,
    ) -> Join {
        let anchor = requested.and_then(Cursor::anchor);
        let before = self.total.take();
        self.total = page.total;
        let position = |wanted: &dyn Fn(u64) -> bool| {
            let mut ids = page.items.iter().map(E::identity);
            ids.position(|id| id.is_some_and(wanted))
        };
        let known = position(&|id| self.known.contains(&id));
        // Where it starts without an anchor there is nothing to check.
        let is_checked = anchor.is_some() || self.steps_back > 0;
        if is_checked && offset > 0 && known.is_none() {
            self.is_irregular = true;
            self.steps_back += 1;
            if self.steps_back > MAX_STEPS_BACK {
                return Join::Never;
            }
            let step = size << self.steps_back.min(32);
            let end = page.total.map_or(offset, |total| offset.min(total));
            return Join::Back(end.saturating_sub(step));
        }
        let at_anchor = anchor.map(|anchor| position(&|id| id == anchor));
        self.is_irregular |= at_anchor.is_some_and(|at| at != Some(0));
        // The list moves by what came and went in front of the anchor. More than the total tells are
        // records that moved forward, and one of them may be unread.
        if let (Some(Some(at)), Some(before), Some(now)) = (at_anchor, before, page.total) {
            self.moved |= at as u64 + before > now;
        }
        Join::Sound(match known.and_then(|at| Some((at, page.items.get(at)?))) {
            Some((at, item)) if offset > 0 => {
                let cursor = Cursor::offset(offset.saturating_add(at as u64 + 1));
                E::identity(item).map(|id| cursor.after_record(id))
            }
            _ if offset == 0 => None,
            _ => requested.cloned(),
        })
    }

    /// Takes the records out that were returned before. Returns whether any is left.
    pub(super) fn keep_new<E: Paginate>(&mut self, page: &mut Page<E::Item>) -> bool {
        let items = mem::take(&mut page.items).into_iter();
        let mut broken = page.unreadable.iter_mut().peekable();
        let (mut index, mut removed) = (0, 0);
        for item in items {
            // The unreadable records in front of it keep their places among those that stay.
            while let Some(record) = broken.next_if(|record| record.index == index) {
                record.index -= removed;
                index += 1;
            }
            match E::identity(&item) {
                Some(id) if !self.known.insert(id) => removed += 1,
                _ => page.items.push(item),
            }
            index += 1;
        }
        broken.for_each(|record| record.index -= removed);
        let is_new = page.records() > 0;
        if is_new {
            self.steps_back = 0;
        }
        is_new
    }

    /// Whether the listing that ends here may lack records.
    pub(super) fn is_incomplete(&self, started_at: u64) -> bool {
        let read = started_at.saturating_add(self.known.len() as u64);
        // A total that is wrong from the start does not mean that the list moved.
        self.moved || self.is_irregular && self.total.is_some_and(|total| read < total)
    }
}

/// The cursor of the next page, which repeats the last record of this one, if that can be recognized.
pub(super) fn anchored<E: Paginate>(page: &Page<E::Item>, next: Cursor) -> Cursor {
    let is_last = page
        .unreadable
        .last()
        .is_none_or(|record| record.index + 1 < page.records());
    let last = page.items.last().filter(|_| is_last);
    match last.and_then(E::identity) {
        Some(id) if next.kind() == CursorKind::Offset => next.after_record(id),
        _ => next,
    }
}
