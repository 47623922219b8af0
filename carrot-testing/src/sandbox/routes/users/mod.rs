//! `/users/{id}` and below.

pub(super) mod conversations;
pub(super) mod events;
pub(super) mod get;
pub(super) mod import;
pub(super) mod messages;
pub(super) mod presence;
pub(super) mod props;
pub(super) mod unsubscribe_email;

mod find;
