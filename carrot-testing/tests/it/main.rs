//! The integration tests, one program for the whole crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "sandbox")]
mod backend;
#[cfg(feature = "sandbox")]
mod cassette;
mod clock;
#[cfg(feature = "aws-lc-rs")]
mod conformance;
mod failures;
mod fake;
mod fake_property;
#[cfg(feature = "sandbox")]
mod gallery;
mod recording;
#[cfg(feature = "sandbox")]
mod sandbox;
mod simulation;
mod single;
mod stub_connector;
mod support;
#[cfg(feature = "sandbox")]
mod torture;
