use super::find;
use crate::sandbox::{
    request::Call,
    response::{Failure, Response},
    state::State,
    view::{UserFields, View},
};

/// `GET /users/{id}`
pub(in crate::sandbox) fn get(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let id = find(state, call)?;
    let user = state.users.get(&id);
    let user = user.ok_or_else(|| Failure::lookup("user"))?;
    let defaults = UserFields {
        props: true,
        ..UserFields::default()
    };
    let fields = UserFields::read(call, defaults);
    Ok(Response::new(View::new(state, call).user(user, &fields)))
}
