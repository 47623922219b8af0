use crate::Error;

/// What became of one item.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome<T, O> {
    /// The item.
    pub item: T,
    /// The answer, or why there is none.
    pub result: Result<O, Error>,
}

impl<T, O> Outcome<T, O> {
    /// An outcome.
    pub fn new(item: T, result: Result<O, Error>) -> Self {
        Self { item, result }
    }
}

/// How far the work is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Items whose call was begun, those that are over included.
    pub begun: usize,
    /// Items whose call succeeded.
    pub succeeded: usize,
    /// Items whose call failed.
    pub failed: usize,
}

impl Progress {
    pub(super) fn count<T, O>(&mut self, outcome: &Outcome<T, O>) {
        match outcome.result {
            Ok(_) => self.succeeded += 1,
            Err(_) => self.failed += 1,
        }
    }
}

/// What became of all items, in the order in which their calls ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct EachReport<T, O> {
    /// The items with their answers.
    pub succeeded: Vec<(T, O)>,
    /// The items that failed. Where [`Error::may_have_been_applied`] is true, find out before you
    /// try again.
    pub failed: Vec<(T, Error)>,
}

impl<T, O> EachReport<T, O> {
    pub(super) fn new() -> Self {
        Self {
            succeeded: Vec::new(),
            failed: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, outcome: Outcome<T, O>) {
        match outcome.result {
            Ok(output) => self.succeeded.push((outcome.item, output)),
            Err(error) => self.failed.push((outcome.item, error)),
        }
    }
}
