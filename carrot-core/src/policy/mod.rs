//! Rate limiting, retries and time.

pub mod rate_limit;
pub mod retry;

mod clock;

pub use self::clock::Clock;
pub(crate) use self::clock::timeout;
