//! `/conversations/{id}` and below.

pub(super) mod assign;
pub(super) mod author;
pub(super) mod close;
pub(super) mod get;
pub(super) mod reply;
pub(super) mod signals;
pub(super) mod tag;

mod common;
