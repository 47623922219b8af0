use crate::sandbox::{
    rules::call::Call, rules::parameters::digits, rules::response::Failure, store::Store,
};

/// The longest external id.
const MAX_EXTERNAL_CHARS: usize = 255;

/// The user that the path names.
pub(super) fn find(store: &Store, call: &Call) -> Result<u64, Failure> {
    if !call.parameters.is_set("by_user_id") {
        return find_by_id(store, call);
    }
    let external = external(call)?;
    let found = store.by_external.get(external).copied();
    found.ok_or_else(|| Failure::lookup("user"))
}

/// The user that the path names by the service's external id, where nothing else is allowed.
pub(super) fn find_by_id(store: &Store, call: &Call) -> Result<u64, Failure> {
    if call.target() == "$self_user" {
        let rule = "must be an id: the token of an app has no `$self_user`";
        return Err(Failure::validation("id", rule));
    }
    let id = digits(call.target()).filter(|id| *id > 0);
    let id = id.ok_or_else(|| Failure::validation("id", "must be an id from 1 to 2^64-1"))?;
    let known = store.users.contains_key(&id);
    known.then_some(id).ok_or_else(|| Failure::lookup("user"))
}

/// The user that the path names; an unknown external id makes one.
pub(super) fn find_or_create(store: &mut Store, call: &Call) -> Result<u64, Failure> {
    if !call.parameters.is_set("by_user_id") {
        return find_by_id(store, call);
    }
    let external = external(call)?;
    Ok(match store.by_external.get(external) {
        Some(id) => *id,
        None => store.add_user(Some(external.to_owned())),
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
