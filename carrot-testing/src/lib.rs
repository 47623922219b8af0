#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod cookbook;
pub mod fake;
pub mod recording;
pub mod sandbox;
pub mod stub;

mod client;
mod clock;
mod coverage;
mod refusal;
mod response;
mod wire;

#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub use carrot_types::arbitrary;

pub use crate::{
    client::{client, client_builder},
    clock::VirtualClock,
    coverage::Coverage,
    fake::{Fake, RecordedCall},
    recording::{RecordedRequest, RecordingTransport},
    response::{ApiError, CannedResponse},
    sandbox::Sandbox,
};

/// Fails the test that runs.
#[track_caller]
#[expect(clippy::panic, reason = "a failed test is what a test kit is for")]
fn fail(text: &str) -> ! {
    panic!("{text}")
}

/// The page of the package, as a test of its snippets.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
