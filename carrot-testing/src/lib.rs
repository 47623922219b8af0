#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod recording;
pub mod sandbox;

mod clock;
mod wire;

pub use crate::{
    clock::VirtualClock,
    recording::{RecordedRequest, RecordingTransport},
    sandbox::Sandbox,
};
