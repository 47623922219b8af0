#![doc = include_str!("../docs/crate.md")]
//!
#![doc = include_str!("../docs/first_page.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
mod body;
mod build_error;
mod builder;
mod clock;
mod connect;
mod connection;
mod deadline;
mod encoding;
mod environment;
mod error;
mod hyper_transport;
mod inner;
mod limits;
mod pool;
#[cfg(feature = "realtime")]
mod realtime_socket;
#[cfg(feature = "redis")]
mod redis_store;
mod runtime;
mod setup;
mod target;
mod tls;

// The crates whose types stand in the public API, so that no version has to be kept in step.
#[doc(no_inline)]
pub use {async_trait, bytes, http, serde_json};

// The paths that the compiler prints: `carrot_types::UserId` is found as it is written there.
#[doc(no_inline)]
pub use carrot_core::{self, types as carrot_types};

pub use carrot_core::{
    ApiContext, ApiVersion, App, AuthToken, BaseUrl, Body, CallPhase, Client, ClientBuilder, Clock,
    Endpoint, Error, ErrorKind, ExponentialBackoff, HttpTransport, LocalRateLimiter, NoRateLimit,
    Paginate, RateLimiter, RetryPolicy, Sent, TransportError, apps, client, conversations,
    endpoint, jobs, rate_limit, realtime, retry, transport, types, users,
};

pub use crate::{
    build_error::BuildError,
    builder::HyperTransportBuilder,
    clock::TokioClock,
    hyper_transport::HyperTransport,
    setup::{builder, builder_from_env, client, from_env},
    tls::TlsRoots,
};

#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use crate::redis_store::{RedisStore, RedisStoreError};

#[cfg(feature = "realtime")]
#[cfg_attr(docsrs, doc(cfg(feature = "realtime")))]
pub use crate::realtime_socket::WebSocket;

/// The page of the package, as a test of its snippets.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
