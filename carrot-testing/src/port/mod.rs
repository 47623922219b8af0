//! What every server of this crate does: accept connections, and read requests that are meant for it.

mod accept;
mod clock;
mod request;

pub(crate) use self::{accept::accept, clock::MachineClock, request::read};

/// An error that cuts the connection.
pub(crate) type Cut = Box<dyn std::error::Error + Send + Sync>;
