//! The app as a whole: its leads, its conversations, its channels, who is online.
//!
//! Which app it is, is a setting of the client: that of the token unless it is named.

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

/// A GET request below `/apps/{id}`.
fn request_parts(
    context: &ApiContext,
    listing: &'static str,
) -> Result<RequestParts, InvalidValue> {
    Ok(RequestParts::get(
        Path::new().then("apps").app(context.app)?.then(listing),
    ))
}
