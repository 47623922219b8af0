use super::find::find;
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    store::{SUBSCRIBED, Store, UNSUBSCRIBED},
};

const AWAITING: &str = "not_confirmed";

/// `POST /users/{id}/unsubscribeemail`
pub(in crate::sandbox) fn unsubscribe(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let id = find(store, call)?;
    let now = store.now();
    let email = store
        .users
        .get_mut(&id)
        .and_then(|user| user.email.as_mut());
    let email = email.ok_or_else(|| Failure::bad_request("the user has no `$email`"))?;
    if ![SUBSCRIBED, AWAITING, UNSUBSCRIBED].contains(&&*email.status) {
        return Err(Failure::bad_request(
            "the subscription must be confirmed, awaiting confirmation or ended",
        ));
    }
    if email.status != UNSUBSCRIBED {
        email.status = UNSUBSCRIBED.into();
        email.updated = now;
    }
    Ok(Response::empty())
}
