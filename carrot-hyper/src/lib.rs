#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod build_error;
mod builder;
mod clock;
mod connect;
mod connector;
mod deadline;
mod encoding;
mod error;
mod hyper_transport;
mod resolver;
mod tls;

pub use carrot_core;
pub use carrot_core::*;

pub use crate::{
    build_error::BuildError,
    builder::HyperTransportBuilder,
    clock::TokioClock,
    connect::{builder, builder_from_env, connect, from_env},
    hyper_transport::HyperTransport,
    tls::TlsRoots,
};
