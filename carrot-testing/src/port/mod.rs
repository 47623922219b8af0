//! What every server of this crate does: accept connections, and read requests that are meant for it.

mod accept;
mod clock;
mod listening;
mod request;

pub(crate) use self::{
    clock::MachineClock,
    listening::{Listening, Port},
    request::read,
};

/// An error that cuts the connection.
pub(crate) type Cut = Box<dyn std::error::Error + Send + Sync>;
