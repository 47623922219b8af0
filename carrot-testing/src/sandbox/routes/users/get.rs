use super::find::find;
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    store::Store,
    view::{UserFields, View},
};

/// `GET /users/{id}`
pub(in crate::sandbox) fn get(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let id = find(store, call)?;
    let user = store.users.get(&id);
    let user = user.ok_or_else(|| Failure::lookup("user"))?;
    let defaults = UserFields {
        props: true,
        ..UserFields::default()
    };
    let fields = UserFields::read(call, defaults);
    Ok(Response::new(View::new(store, call).user(user, &fields)))
}
