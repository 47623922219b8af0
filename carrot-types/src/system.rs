//! The names that the service keeps for itself: they start with `$`.
//!
//! Where a name takes a [`PropertyName`](crate::PropertyName) or an [`EventName`](crate::EventName),
//! these constants can be given as they are.

#[doc(inline)]
pub use crate::{events::system as event, properties::system as property};
