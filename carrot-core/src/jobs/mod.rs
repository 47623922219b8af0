//! What is built on the client: many calls, and finding out what became of a write.

mod call_all;
mod reconcile;

pub use self::{
    call_all::{CallAll, CallAllReport, Item, Progress},
    reconcile::ReplyStatus,
};
