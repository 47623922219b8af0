#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
pub mod endpoint;

pub mod apps;
pub mod client;
pub mod conversations;
pub mod quota;
pub mod retry;
pub mod transport;
pub mod users;

mod api;
mod auth;
mod base_url;
mod clock;
mod error;

pub use carrot_types as types;

pub use crate::{
    api::{ApiContext, ApiVersion, App},
    auth::AuthToken,
    base_url::{BaseUrl, Host},
    client::{Client, ClientBuilder},
    clock::Clock,
    endpoint::{Endpoint, Paginate},
    error::{CallPhase, Error, ErrorKind},
    quota::{LocalQuota, Quota, UnlimitedQuota},
    retry::{Retry, RetryPolicy},
    transport::{Body, HttpTransport, Sent, TransportError},
};
