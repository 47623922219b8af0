use super::find;
use crate::sandbox::{
    answer::{Answer, Failure},
    request::Call,
    state::State,
    view::{UserFields, View},
};

/// `GET /users/{id}`
pub(in crate::sandbox) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let id = find(state, call)?;
    let user = state.users.get(&id);
    let user = user.ok_or_else(|| Failure::lookup("user"))?;
    let defaults = UserFields {
        props: true,
        ..UserFields::default()
    };
    let fields = UserFields::read(call, defaults);
    Ok(Answer::new(View::new(state, call).user(user, &fields)))
}
