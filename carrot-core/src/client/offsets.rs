//! Reads a listing by offset, which may move while it is read, so that no record is lost in silence.
//!
//! One reading cannot be trusted: a record moves from the unread part to the part already read, another one
//! leaves and a third one comes, and every page and total look as if nothing had happened. So a list longer
//! than one page is read again. The first reading returns what it finds and follows a list that becomes
//! shorter. The second one, the check, returns what the first one missed.
//!
//! A check counts the records that are known to have been in the list at one moment, and is the last one if
//! they are as many as the list had: then all of them were returned, wherever they move. A record that was
//! returned before was in the list at that moment, unless it left the list and came back. See [`Check`].
//!
//! A listing that resumes cannot count, since nobody knows how many records are behind its start. It
//! compares each reading with the one before, and accepts no page that does not continue the page before.

use std::{
    collections::{HashMap, HashSet},
    mem,
};

use crate::{
    ErrorKind, Paginate,
    endpoint::{MAX_PAGE_SIZE, Page, UnreadableRecord},
    types::{Cursor, CursorKind},
};

/// The most steps back in a row without a new record: such a list never comes to rest.
const MAX_STEPS_BACK: u32 = 20;

/// The most checks of one listing.
const MAX_CHECKS: u32 = 3;

/// The most pages in a row without a new record: the service ignores the offset.
const MAX_KNOWN_PAGES: u32 = 100;

#[derive(Default)]
pub(super) struct Offsets {
    /// All records that were returned: 8 bytes each.
    returned: HashSet<u64>,
    /// Where each reading starts.
    start: Option<Cursor>,
    /// The current reading: 0 is the first one, the others are checks.
    reading: u32,
    /// The current reading has a page.
    is_started: bool,
    check: Check,
    /// How often the current reading met each unreadable JSON.
    unreadable: HashMap<u64, u64>,
    /// The total on the last page.
    total: Option<u64>,
    /// A total was smaller than the records read.
    is_total_wrong: bool,
    /// All records were on the first page.
    is_one_page: bool,
    /// A record has no identity, so another reading could not tell which ones it missed.
    is_anonymous: bool,
    /// An anchor was not found.
    is_irregular: bool,
    /// Records may have moved to pages that were read already.
    moved: bool,
    /// The current page is a step back.
    is_step_back: bool,
    /// Steps back in a row without a new record.
    steps_back: u32,
    known_pages: u32,
}

/// The current check.
#[derive(Default)]
struct Check {
    /// The records of this reading.
    records: HashSet<u64>,
    /// How many records were returned before the check.
    known: u64,
    /// Those of them whose JSON this check had met before: unreadable ones, which one that moves looks like.
    known_again: u64,
    /// How many records no reading met before.
    new: u64,
    /// Those on the first page.
    new_on_first: u64,
    /// How many records the list had at the end of the reading before.
    length: u64,
    /// How many records the list had when the first page was read.
    total: Option<u64>,
}

impl Check {
    /// Returns true if every record that was in the list at one moment was returned.
    fn is_complete(&self, moved: bool) -> bool {
        let known = match moved {
            true => self.known - self.known_again,
            false => self.known,
        };
        // The first page and the total are of one moment. A new record on a later page may be newer.
        let at_first = known + self.new_on_first;
        known >= self.length || self.total.is_some_and(|total| at_first >= total)
    }
}

/// What to do with a page.
pub(super) struct Step {
    /// A listing that resumes here returns all of the page. `None` if the page is not returned.
    pub(super) page: Option<Option<Cursor>>,
    pub(super) then: Then,
}

pub(super) enum Then {
    Read(Cursor),
    End,
    Fail(ErrorKind),
}

/// A page as it came, before anything is taken out of it.
struct Came {
    requested: Option<Cursor>,
    offset: u64,
    limit: u32,
    records: Vec<Record>,
    /// Where the anchor stands, if one was requested: `None` inside if it is gone.
    at_anchor: Option<Option<usize>>,
    /// More records stand in front of the anchor than the totals tell.
    is_shifted: bool,
    /// The cursor of the next page.
    next: Option<Cursor>,
}

impl Came {
    fn position(&self, wanted: impl Fn(u64) -> bool) -> Option<usize> {
        let mut keys = self.records.iter().map(|record| record.key);
        keys.position(|key| key.is_some_and(&wanted))
    }

    fn end(&self) -> u64 {
        self.offset.saturating_add(self.records.len() as u64)
    }

    /// Where its new records start.
    fn new_offset(&self) -> u64 {
        self.offset + u64::from(self.at_anchor.flatten().is_some())
    }

    fn is_short(&self) -> bool {
        self.records.len() < self.limit as usize
    }

    /// Where a listing that resumes reads all of the page, behind the record at this place.
    fn start_behind(&self, place: Option<usize>) -> Option<Cursor> {
        if self.offset == 0 {
            return None;
        }
        let key = place.and_then(|at| Some((at, self.records.get(at)?.key?)));
        match key {
            Some((at, key)) => {
                let offset = self.offset.saturating_add(at as u64 + 1);
                Some(Cursor::offset(offset).after_record(key))
            }
            None => self.requested.clone(),
        }
    }
}

/// How a page continues those before.
struct Join {
    /// The first record that is not among those that the page repeats.
    new_from: usize,
    /// The record in front of the page, for a listing that resumes.
    behind: Option<usize>,
}

impl Offsets {
    /// `start` is where the listing starts; its anchor is known from an earlier process.
    pub(super) fn new(start: Option<&Cursor>) -> Self {
        let anchor = start.and_then(Cursor::anchor);
        Self {
            returned: anchor.into_iter().collect(),
            unreadable: anchor.map(|key| (key, 1)).into_iter().collect(),
            start: start.cloned(),
            ..Self::default()
        }
    }

    /// Takes the records out of the page that were returned before, and decides what is read next.
    pub(super) fn step<E: Paginate>(&mut self, endpoint: &mut E, page: &mut Page<E::Item>) -> Step {
        let is_single_pass = endpoint.paging().single_pass;
        let is_first = !self.is_started;
        let is_check = self.reading > 0;
        let came = self.look_at(endpoint, page);
        let join = match is_check {
            true => Some(self.join_check(&came)),
            false => self.join_first(&came),
        };
        let Some(join) = join else {
            return self.step_back(&came);
        };
        let only_new = is_check && !is_first && self.start.is_none() && self.check.known == 0;
        let (is_returned, is_new) = self.keep_new::<E>(page, &came.records, join.new_from);
        if is_new {
            self.steps_back = 0;
            self.is_one_page &= is_first;
            // What moved to the front of the page is not behind it.
            let end = came.new_offset() + (came.records.len() - join.new_from) as u64;
            self.is_total_wrong |= self.total.is_some_and(|total| total < end);
            self.total = self.total.filter(|_| !self.is_total_wrong);
        }
        // An empty page ends the listing; so does the last one, even if all of it was returned before.
        let is_returned =
            is_returned || !is_check && (came.records.is_empty() || came.next.is_none());
        let start = came.start_behind(join.behind);
        if is_first && self.start.is_some() {
            // The list may have moved since an earlier process read it: a check starts at the same record.
            self.start.clone_from(&start);
        }
        if is_check && is_first && self.start.is_none() {
            self.check.new_on_first = self.check.new;
            self.check.total = self.total;
        }
        self.is_started = true;
        // New records at the front fill more than the first page, so this check cannot become complete. The
        // next one knows them.
        let is_outrun =
            only_new && self.check.known > 0 && self.check.new > self.check.new_on_first;
        // A full page may be followed by another one, although the total ends there.
        let is_end = !is_new && self.total.is_some_and(|total| came.new_offset() >= total);
        let then = match &came.next {
            _ if is_outrun => self.check_again(u64::MAX),
            Some(next) if !is_end => self.go_on(&came, next.clone(), is_new),
            _ => self.end(&came, is_single_pass),
        };
        if is_new {
            self.known_pages = 0;
        }
        Step {
            page: is_returned.then_some(start),
            then,
        }
    }

    fn look_at<E: Paginate>(&mut self, endpoint: &mut E, page: &Page<E::Item>) -> Came {
        let paging = endpoint.paging();
        let records = Record::all::<E>(page);
        let mut came = Came {
            requested: paging.cursor.clone(),
            offset: paging.offset(),
            limit: paging.limit(paging.size.unwrap_or(MAX_PAGE_SIZE)),
            next: page.next.cursor().map(|next| anchored(next, &records)),
            records,
            at_anchor: None,
            is_shifted: false,
        };
        let anchor = came.requested.as_ref().and_then(Cursor::anchor);
        came.at_anchor = anchor.map(|anchor| came.position(|key| key == anchor));
        let total = page.total.filter(|_| !self.is_total_wrong);
        came.is_shifted = match (came.at_anchor, self.total, total) {
            // The list moves by what came and went in front of the anchor. More than the total tells are
            // records that moved forward, and one of them may be unread.
            (Some(Some(at)), Some(before), Some(now)) => (at as u64).saturating_add(before) > now,
            (Some(Some(at)), _, _) => at > 0 && self.is_started,
            _ => false,
        };
        self.total = total;
        came
    }

    fn join_check(&mut self, came: &Came) -> Join {
        let is_lost = match came.at_anchor {
            Some(at) => at.is_none(),
            None => self.is_started && !came.records.is_empty(),
        };
        self.moved |= came.is_shifted || is_lost;
        let new_from = came.at_anchor.flatten().map_or(0, |at| at + 1);
        Join {
            new_from,
            behind: new_from.checked_sub(1),
        }
    }

    /// Returns `None` if pages before have to be read again.
    fn join_first(&mut self, came: &Came) -> Option<Join> {
        let known = came.position(|key| self.returned.contains(&key));
        // Where it starts without an anchor there is nothing to check.
        let is_joined = came.at_anchor.is_some() || mem::take(&mut self.is_step_back);
        if is_joined && came.offset > 0 && known.is_none() {
            return None;
        }
        if !self.is_started {
            let is_whole = |total| total <= came.end();
            self.is_one_page = self.total.map_or(came.is_short(), is_whole);
        }
        self.is_irregular |= came.at_anchor == Some(None);
        self.moved |= came.is_shifted;
        let mut keys = came.records.iter().map(|record| record.key);
        let last_known = keys.rposition(|key| key.is_some_and(|key| self.returned.contains(&key)));
        let at_anchor = came.at_anchor.flatten();
        let new_from = at_anchor.or(last_known).map_or(0, |at| at + 1);
        // A record that was returned before and comes again moved back.
        self.moved |= at_anchor.is_some() && last_known >= Some(new_from);
        Some(Join {
            new_from,
            behind: known,
        })
    }

    /// Returns what follows a page with a cursor.
    fn go_on(&mut self, came: &Came, next: Cursor, is_new: bool) -> Then {
        if is_new || came.records.is_empty() {
            return Then::Read(next);
        }
        // Behind as many records as there are, an offset has nothing to skip.
        let read = came.offset.saturating_sub(self.start_offset());
        self.known_pages += u32::from(read >= self.returned.len() as u64);
        if self.known_pages >= MAX_KNOWN_PAGES {
            return Then::Fail(ErrorKind::RepeatedCursor);
        }
        // A short page may be the end, which an empty one is.
        match came.is_short() {
            true => Then::Read(Cursor::offset(came.end())),
            false => Then::Read(next),
        }
    }

    /// The list became shorter: reads the pages before again.
    fn step_back(&mut self, came: &Came) -> Step {
        self.is_irregular = true;
        self.is_step_back = true;
        self.steps_back += 1;
        let step = u64::from(came.limit) << self.steps_back.min(32);
        let end = self
            .total
            .map_or(came.offset, |total| came.offset.min(total));
        let then = match self.steps_back > MAX_STEPS_BACK {
            true => Then::Fail(ErrorKind::ListMoved),
            false => Then::Read(Cursor::offset(end.saturating_sub(step))),
        };
        Step { page: None, then }
    }

    /// Ends the reading behind the last page.
    fn end(&mut self, came: &Came, is_single_pass: bool) -> Then {
        if self.is_one_page || self.is_anonymous {
            return Then::End;
        }
        if self.reading > 0 {
            let is_shifted = self.start.is_some() && self.moved;
            return match self.check.is_complete(self.moved) && !is_shifted {
                true => Then::End,
                false => self.check_again(self.length(came)),
            };
        }
        // A total that is wrong from the start does not mean that the list moved.
        let is_incomplete = self.is_irregular
            && (self.total).is_some_and(|total| (self.returned.len() as u64) < total);
        // What moved to the part before the start, no check finds.
        let is_final = is_single_pass || self.start.is_some();
        match (is_final && self.moved, is_single_pass) {
            (true, _) => Then::Fail(ErrorKind::ListMoved),
            (_, true) if is_incomplete && self.start.is_none() => Then::Fail(ErrorKind::ListMoved),
            (_, true) => Then::End,
            (_, false) => self.check_again(self.length(came)),
        }
    }

    /// Returns how many records the list has behind its start, at the end of a reading.
    fn length(&self, came: &Came) -> u64 {
        let Some(start) = &self.start else {
            return came.end();
        };
        let met = match self.reading {
            0 => self.returned.len(),
            _ => self.check.records.len(),
        };
        // The anchor of the start is in both sets and in no reading.
        met as u64 - u64::from(start.anchor().is_some())
    }

    fn start_offset(&self) -> u64 {
        let start = self.start.as_ref().map(Cursor::as_str);
        start.map_or(0, |offset| offset.parse().unwrap_or(0))
    }

    /// `length` is how many records the list has, as far as this reading knows.
    fn check_again(&mut self, length: u64) -> Then {
        if self.reading == MAX_CHECKS {
            return Then::Fail(ErrorKind::ListMoved);
        }
        let anchor = self.start.as_ref().and_then(Cursor::anchor);
        self.check = Check {
            records: anchor.into_iter().collect(),
            length,
            ..Check::default()
        };
        self.reading += 1;
        self.is_started = false;
        self.moved = false;
        self.unreadable = anchor.map(|key| (key, 1)).into_iter().collect();
        Then::Read(self.start.clone().unwrap_or_else(|| Cursor::offset(0)))
    }

    /// Keeps the records that were not returned yet. Returns whether any is left, and whether this reading
    /// met a new one.
    fn keep_new<E: Paginate>(
        &mut self,
        page: &mut Page<E::Item>,
        records: &[Record],
        new_from: usize,
    ) -> (bool, bool) {
        let mut items = mem::take(&mut page.items).into_iter();
        let mut unreadable = mem::take(&mut page.unreadable).into_iter();
        let mut is_new = false;
        for (index, record) in records.iter().enumerate() {
            let is_repeated = index < new_from;
            let (mut key, mut is_again) = (record.key, false);
            if let Some(json) = key.filter(|_| !record.is_readable) {
                let is_known = is_repeated && self.returned.contains(&json);
                if !is_known {
                    // Only the place tells records with the same JSON apart.
                    let count = self.unreadable.entry(json).or_default();
                    is_again = *count > 0;
                    key = Some(json.wrapping_add(mem::replace(count, *count + 1)) | UNREADABLE);
                }
            }
            self.is_anonymous |= key.is_none();
            let is_unknown = key.is_none_or(|key| self.returned.insert(key));
            is_new |= match self.reading {
                0 => is_unknown,
                _ => {
                    let is_first = key.is_none_or(|key| self.check.records.insert(key));
                    let is_known = is_first && !is_unknown;
                    self.check.known += u64::from(is_known);
                    self.check.known_again += u64::from(is_known && is_again);
                    self.check.new += u64::from(is_unknown);
                    self.moved |= !is_first && !is_repeated;
                    is_first
                }
            };
            if record.is_readable {
                page.items.extend(items.next().filter(|_| is_unknown));
            } else if let Some(mut record) = unreadable.next().filter(|_| is_unknown) {
                record.index = page.records();
                page.unreadable.push(record);
            }
        }
        (page.records() > 0, is_new)
    }
}

/// Tells the unreadable records from the others, whose ids are smaller.
const UNREADABLE: u64 = 1 << 63;

/// A record of a page, in its order.
struct Record {
    /// Identifies the record, if it can be: by its id, or by its JSON if it is unreadable.
    key: Option<u64>,
    is_readable: bool,
}

impl Record {
    fn all<E: Paginate>(page: &Page<E::Item>) -> Vec<Self> {
        let mut items = page.items.iter();
        let mut unreadable = page.unreadable.iter().peekable();
        let record = |index| {
            let broken = unreadable.next_if(|record| record.index == index);
            match broken.map(Self::unreadable) {
                Some(record) => Some(record),
                None => items
                    .next()
                    .map(|item| Self {
                        key: E::identity(item),
                        is_readable: true,
                    })
                    // An index beyond the page, which a custom operation may return.
                    .or_else(|| unreadable.next().map(Self::unreadable)),
            }
        };
        (0..page.records()).filter_map(record).collect()
    }

    /// By FNV-1a: the key becomes part of a cursor, which another build may read.
    fn unreadable(record: &UnreadableRecord) -> Self {
        let hash = record
            .json
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self {
            key: Some(hash | UNREADABLE),
            is_readable: false,
        }
    }
}

/// The cursor of the next page, which repeats the last record of this one, if that can be recognized.
fn anchored(next: &Cursor, records: &[Record]) -> Cursor {
    match records.last().and_then(|record| record.key) {
        Some(key) if next.kind() == CursorKind::Offset => next.clone().after_record(key),
        _ => next.clone(),
    }
}
