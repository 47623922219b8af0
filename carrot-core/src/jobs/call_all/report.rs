use crate::Error;

/// The part of a response body that an error keeps, in bytes, so that thousands of error pages do not
/// fill the memory.
const MAX_KEPT_BODY: usize = 4 * 1024;

/// An item and the result of its call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Item<T, O> {
    /// The item.
    pub item: T,
    /// The output or the error of the call.
    pub result: Result<O, Error>,
}

impl<T, O> Item<T, O> {
    /// Creates an item with its result.
    pub fn new(item: T, result: Result<O, Error>) -> Self {
        Self { item, result }
    }
}

/// An item whose call was cancelled in flight. The service may have applied the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CancelledItem<T> {
    /// The item.
    pub item: T,
    /// Whether the call is idempotent. If it is not, check whether the service applied it before you
    /// try again.
    pub is_idempotent: bool,
}

impl<T> CancelledItem<T> {
    /// Creates a cancelled item.
    pub fn new(item: T, is_idempotent: bool) -> Self {
        Self {
            item,
            is_idempotent,
        }
    }
}

/// Counts of the calls of a [`CallAll`](super::CallAll).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Items whose first request was sent, finished calls included, and those whose call failed before
    /// that. An item that waits for the rate limit does not count.
    pub started: usize,
    /// Items whose call succeeded.
    pub succeeded: usize,
    /// Items whose call failed.
    pub failed: usize,
}

impl Progress {
    pub(super) fn count<T, O>(&mut self, item: &Item<T, O>) {
        match item.result {
            Ok(_) => self.succeeded += 1,
            Err(_) => self.failed += 1,
        }
    }
}

/// The report of a [`CallAll`](super::CallAll). Every item taken from the iterator is in one of the
/// lists, in the order in which the calls ended; the other items are in [`rest`](Self::rest).
#[derive(Debug)]
#[non_exhaustive]
pub struct CallAllReport<I: Iterator, O> {
    /// The items whose call succeeded, with the output.
    pub succeeded: Vec<(I::Item, O)>,
    /// The items whose call failed, with the error. If [`Error::may_have_been_applied`] is true, check
    /// whether the service applied the call before you try again.
    pub failed: Vec<(I::Item, Error)>,
    /// The items whose call [`CallAll::into_report`] cancelled in flight. Empty in a report of [`CallAll::run`](super::CallAll::run).
    ///
    /// [`CallAll::into_report`]: super::CallAll::into_report
    pub cancelled: Vec<CancelledItem<I::Item>>,
    /// The items whose call [`CallAll::stop`](super::CallAll::stop) or [`CallAll::into_report`] cancelled
    /// while it waited for the rate limit or for a retry. The service did not apply these calls.
    ///
    /// [`CallAll::into_report`]: super::CallAll::into_report
    pub unsent: Vec<I::Item>,
    /// The items whose call has not started; `None` after the last item. After a stop the iterator may
    /// be empty.
    pub rest: Option<I>,
}

impl<I: Iterator, O> Default for CallAllReport<I, O> {
    fn default() -> Self {
        Self {
            succeeded: Vec::new(),
            failed: Vec::new(),
            cancelled: Vec::new(),
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

    /// Returns the items that the service has not seen: [`unsent`](Self::unsent) and
    /// [`rest`](Self::rest). Pass them to [`Client::call_all`](crate::Client::call_all) to continue later.
    pub fn into_rest(self) -> impl Iterator<Item = I::Item> {
        self.unsent
            .into_iter()
            .chain(self.rest.into_iter().flatten())
    }

    pub(super) fn add(&mut self, item: Item<I::Item, O>) {
        match item.result {
            Ok(output) => self.succeeded.push((item.item, output)),
            Err(error) => {
                let error = error.cut_to(MAX_KEPT_BODY);
                self.failed.push((item.item, error));
            }
        }
    }
}
