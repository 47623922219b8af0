use crate::Error;

/// How much of the body a kept error holds, in bytes: thousands of error pages of a proxy must not fill
/// the memory.
const MAX_KEPT_BODY: usize = 4 * 1024;

/// What became of one item.
#[derive(Debug)]
#[non_exhaustive]
pub struct Item<T, O> {
    /// The item.
    pub item: T,
    /// The answer, or why there is none.
    pub result: Result<O, Error>,
}

impl<T, O> Item<T, O> {
    /// An outcome.
    pub fn new(item: T, result: Result<O, Error>) -> Self {
        Self { item, result }
    }
}

/// How far the work is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Items whose call was begun, those that are over included, and those given up unsent not.
    pub begun: usize,
    /// Items whose call succeeded.
    pub succeeded: usize,
    /// Items whose call failed.
    pub failed: usize,
}

impl Progress {
    pub(super) fn count<T, O>(&mut self, outcome: &Item<T, O>) {
        match outcome.result {
            Ok(_) => self.succeeded += 1,
            Err(_) => self.failed += 1,
        }
    }
}

/// What became of all items. Every item that was taken from the iterator stands in one of the lists,
/// in the order in which the calls ended; the others are still in [`rest`](Self::rest).
#[derive(Debug)]
#[non_exhaustive]
pub struct CallAllReport<I: Iterator, O> {
    /// The items with their answers.
    pub succeeded: Vec<(I::Item, O)>,
    /// The items that failed. Where [`Error::may_have_been_applied`] is true, find out before you
    /// try again.
    pub failed: Vec<(I::Item, Error)>,
    /// The items whose calls were on their way when [`CallAll::into_report`] gave them up; empty where
    /// the work was finished or stopped. Whether the service did what was asked is not known: where
    /// the flag, whether the operation is idempotent, is false, find out before you try again.
    ///
    /// [`CallAll::into_report`]: super::CallAll::into_report
    pub cut_off: Vec<(I::Item, bool)>,
    /// The items whose calls were given up by a stop, or by [`CallAll::into_report`], before the service
    /// saw anything of them, or when it had done nothing for them: they waited for the rate limit, or for
    /// another attempt.
    ///
    /// [`CallAll::into_report`]: super::CallAll::into_report
    pub unsent: Vec<I::Item>,
    /// The items that were not begun; `None` when all were. After a stop it may turn out to hold no
    /// more items.
    pub rest: Option<I>,
}

impl<I: Iterator, O> Default for CallAllReport<I, O> {
    fn default() -> Self {
        Self {
            succeeded: Vec::new(),
            failed: Vec::new(),
            cut_off: Vec::new(),
            unsent: Vec::new(),
            rest: None,
        }
    }
}

impl<I: Iterator, O> CallAllReport<I, O> {
    pub(super) fn new(items: I) -> Self {
        Self {
            rest: Some(items),
            ..Self::default()
        }
    }

    /// The items to be given to [`Client::call_all`](crate::Client::call_all) another time, as if they had
    /// never been: those that are [`unsent`](Self::unsent), and the [`rest`](Self::rest).
    pub fn into_rest(self) -> impl Iterator<Item = I::Item> {
        self.unsent
            .into_iter()
            .chain(self.rest.into_iter().flatten())
    }

    pub(super) fn add(&mut self, outcome: Item<I::Item, O>) {
        match outcome.result {
            Ok(output) => self.succeeded.push((outcome.item, output)),
            Err(error) => {
                let error = error.with_body_cut_to(MAX_KEPT_BODY);
                self.failed.push((outcome.item, error));
            }
        }
    }
}
