//! The rules, a file for each family. What they are called and why they are there stands in the list.

pub(crate) mod cancellation;
pub(crate) mod connections;
pub(crate) mod environment;
pub(crate) mod errors;
pub(crate) mod framing;
pub(crate) mod http2;
pub(crate) mod limits;
pub(crate) mod requests;
pub(crate) mod responses;
pub(crate) mod running;
pub(crate) mod secrets;
pub(crate) mod time;
pub(crate) mod tls;
