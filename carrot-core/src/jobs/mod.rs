//! Jobs built on the client: many calls at a time, and reconciling a reply.

mod call_all;
mod reconcile;

pub use self::{
    call_all::{CallAll, CallAllReport, CancelledItem, Item, Progress},
    reconcile::WriteStatus,
};
