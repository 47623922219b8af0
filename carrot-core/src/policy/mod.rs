//! What decides when an attempt may start and whether another one follows.

pub mod rate_limit;
pub mod retry;

mod clock;

pub use self::clock::Clock;
pub(crate) use self::clock::timeout;
