//! The records at the start of a sandbox.

mod check;
mod error;
pub(in crate::sandbox) mod model;
pub(in crate::sandbox) mod plant;

pub use self::{
    error::SeedError,
    model::{Seed, SeedConversation, SeedEvent, SeedPart, SeedUser},
};
