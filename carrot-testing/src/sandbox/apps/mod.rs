//! `/apps/{id}/…`

mod active_users;
mod channels;
mod conversations;
mod filter;
mod leads;

pub(super) use self::{
    active_users::list as active_users,
    channels::list as channels,
    conversations::{ASSISTANTS, list as conversations},
    leads::list as leads,
};
