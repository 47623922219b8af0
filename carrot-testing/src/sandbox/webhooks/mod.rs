//! Webhooks: what the service posts to an address of the app's owner.
//!
//! Source: <https://developers.dashly.io/webhooks>

mod delivery;
#[cfg(feature = "server")]
mod post;
pub(in crate::sandbox) mod record;
mod take;

pub use self::delivery::{DeliveryState, WebhookDelivery};
