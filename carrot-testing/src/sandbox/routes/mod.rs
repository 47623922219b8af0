//! What each request does: it reads the parameters, changes the store and writes a response.

mod apps;
mod conversations;
mod table;
mod users;

pub(in crate::sandbox) use self::table::{dispatch, operation_name, path};
