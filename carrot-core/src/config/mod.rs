//! What a client is set up with: the token, the service's address, the API version, the app.

mod api;
mod base_url;
mod token;

pub use self::{
    api::{ApiContext, ApiVersion, App},
    base_url::BaseUrl,
    token::AuthToken,
};
