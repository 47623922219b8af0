//! `/users/{id}` and below.

mod conversations;
mod email;
mod events;
mod get;
mod import;
mod messages;
mod operation;
mod presence;
mod props;
mod record;
mod values;

pub(super) use self::{
    conversations::list as conversations,
    email::unsubscribe,
    events::{list as events, record as record_event},
    get::get,
    import::import,
    messages::{send, start},
    presence::set as set_presence,
    props::set as set_props,
};
use super::{parameters::digits, request::Call, response::Failure, state::State};

/// The longest external id.
const MAX_EXTERNAL_CHARS: usize = 255;

/// The user that the path names.
fn find(state: &State, call: &Call) -> Result<u64, Failure> {
    if !call.parameters.is_set("by_user_id") {
        return find_by_id(state, call);
    }
    let external = external(call)?;
    let found = state.by_external.get(external).copied();
    found.ok_or_else(|| Failure::lookup("user"))
}

/// The user that the path names by the service's external id, where nothing else is allowed.
fn find_by_id(state: &State, call: &Call) -> Result<u64, Failure> {
    let id = digits(call.target()).filter(|id| *id > 0);
    let id = id.ok_or_else(|| Failure::validation("id", "must be an id from 1 to 2^64-1"))?;
    let known = state.users.contains_key(&id);
    known.then_some(id).ok_or_else(|| Failure::lookup("user"))
}

/// The user that the path names; an unknown external id makes one.
fn find_or_create(state: &mut State, call: &Call) -> Result<u64, Failure> {
    if !call.parameters.is_set("by_user_id") {
        return find_by_id(state, call);
    }
    let external = external(call)?;
    Ok(match state.by_external.get(external) {
        Some(id) => *id,
        None => state.add_user(Some(external.to_owned())),
    })
}

fn external(call: &Call) -> Result<&str, Failure> {
    let external = call.target();
    if (1..=MAX_EXTERNAL_CHARS).contains(&external.chars().count()) {
        Ok(external)
    } else {
        let rule = "must be an external id of 1 to 255 characters";
        Err(Failure::validation("id", rule))
    }
}
