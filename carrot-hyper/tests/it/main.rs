//! The integration tests, one program for the whole crate. A test that needs a process of its own runs
//! itself as a child.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// What the features decide is a constant.
#![allow(clippy::assertions_on_constants)]

#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod canary;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod cancellation;
mod clock;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod conformance;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod connections;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod dead_connections;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod deadlines;
#[cfg(all(
    any(feature = "aws-lc-rs", feature = "ring"),
    any(feature = "platform-verifier", feature = "webpki-roots")
))]
mod environment;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod faults;
mod features;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod gzip;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod hardening;
#[cfg(all(feature = "http2", any(feature = "aws-lc-rs", feature = "ring")))]
mod http2;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod limits;
mod permits;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod proxy;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod realtime;
#[cfg(feature = "redis")]
mod redis_store;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod runtimes;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod support;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod tls;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod wire;
