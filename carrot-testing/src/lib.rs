#![doc = include_str!("../docs/crate.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod cassette;
#[cfg(feature = "conformance")]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
#[cfg(feature = "sandbox")]
#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}
pub mod fake;
#[cfg(feature = "server")]
#[cfg_attr(docsrs, doc(cfg(feature = "server")))]
#[doc = include_str!("../docs/program.md")]
pub mod program {}
pub mod recording;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod sandbox;
pub mod stub;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub mod torture;

#[cfg(feature = "sandbox")]
mod backend;
mod client;
mod clock;
mod coverage;
#[cfg(feature = "server")]
mod port;
mod response;
mod service_error;
mod wire;

#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub use carrot_types::arbitrary;

#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
pub use crate::{backend::Backend, sandbox::Sandbox, torture::torture};
pub use crate::{
    cassette::Cassette,
    client::{client, client_builder},
    clock::VirtualClock,
    coverage::Coverage,
    fake::{Fake, RecordedCall},
    recording::{RecordedRequest, RecordingTransport},
    response::{ApiError, CannedResponse},
};

/// Fails the test that runs.
#[track_caller]
#[expect(clippy::panic, reason = "a failed test is what a test kit is for")]
fn fail(text: &str) -> ! {
    panic!("{text}")
}

/// What a panic says.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "something that is not a text".to_owned())
}

/// The page of the package, as a test of its snippets.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
