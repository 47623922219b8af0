//! A transactional outbox: see the program of this package.

pub mod abort;
mod job;
mod mistakes;
mod store;
mod worker;

pub use self::{
    job::{Found, Job},
    mistakes::Mistake,
    store::{Entry, State, Store},
    worker::Worker,
};
