//! The integration tests, one program for the whole crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ecommerce;
mod event;
mod filter;
#[cfg(feature = "jiff")]
mod jiff;
mod property;
mod realtime;
mod same_json;
mod samples;
mod system;
mod webhook;
