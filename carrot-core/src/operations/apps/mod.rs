//! Operations on an app: its leads, conversations, channels and active users.
//!
//! The app is that of the token unless [`ClientBuilder::app`](crate::ClientBuilder::app) sets another.

mod active_users;
mod channels;
mod conversations;
mod leads;

use carrot_types::InvalidValue;

pub use self::{
    active_users::ActiveUsers,
    channels::Channels,
    conversations::{AssigneeFilter, ChannelFilter, Conversations},
    leads::{Leads, SortOrder},
};
use crate::{
    ApiContext,
    endpoint::{Path, RequestParts},
};

/// Creates a GET request below `/apps/{id}`.
fn request_parts(
    context: &ApiContext,
    listing: &'static str,
) -> Result<RequestParts, InvalidValue> {
    Ok(RequestParts::get(
        Path::new().then("apps").app(context.app)?.then(listing),
    ))
}
