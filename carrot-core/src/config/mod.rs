//! The configuration of a client: token, base URL, API version and app.

mod api;
mod base_url;
mod token;

pub use self::{
    api::{ApiContext, ApiVersion, App},
    base_url::BaseUrl,
    token::AuthToken,
};
pub(crate) use self::{base_url::Root, token::start_of};
