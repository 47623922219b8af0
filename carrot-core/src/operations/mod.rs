//! The operations of the service, one file each.

pub mod apps;
pub mod conversations;
pub mod users;
