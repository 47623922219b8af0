//! `/apps/{id}` and below.

pub(super) mod active_users;
pub(super) mod channels;
pub(super) mod conversations;
pub(super) mod leads;

mod filter;
