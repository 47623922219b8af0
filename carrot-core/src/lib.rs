#![doc = include_str!("../docs/crate.md")]
//!
#![doc = include_str!("../docs/first_page.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
pub mod endpoint;

pub mod client;
pub mod jobs;
pub mod realtime;
pub mod transport;

mod config;
mod error;
mod operations;
mod policy;

/// Re-exported to implement [`HttpTransport`], [`Clock`] or [`RateLimiter`].
pub use async_trait::async_trait;
pub use carrot_types as types;
pub use {bytes, http, serde_json};

pub use crate::{
    client::{Client, ClientBuilder},
    config::{ApiContext, ApiVersion, App, AuthToken, BaseUrl},
    endpoint::{Endpoint, Paginate},
    error::{CallPhase, Error, ErrorKind},
    operations::{apps, conversations, users},
    policy::{
        Clock, rate_limit,
        rate_limit::{LocalRateLimiter, NoRateLimit, RateLimiter},
        retry,
        retry::{ExponentialBackoff, RetryPolicy},
    },
    transport::{Body, HttpTransport, Sent, TransportError},
};

/// Tests the code of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
