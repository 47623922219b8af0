//! The subscription of a user's e-mail address.

use super::find;
use crate::sandbox::{
    request::Call,
    response::{Failure, Response},
    state::{EmailStatus, State},
};

const SUBSCRIBED: &str = "confirmed";
const AWAITING: &str = "not_confirmed";
const UNSUBSCRIBED: &str = "unsubscribed";

impl State {
    /// Brings the subscription in line with the address after a change of it. An unsubscribed user
    /// is subscribed again only when asked for.
    pub(in crate::sandbox) fn follow_email(&mut self, user: u64, resubscribe: bool) {
        let now = self.now();
        let has_email = |state: &Self| {
            let user = state.users.get(&user)?;
            Some(user.props.contains_key("$email"))
        };
        let id = match (has_email(self), self.users.get(&user)) {
            (Some(true), Some(user)) if user.email.is_none() => self.next_email_status(),
            _ => 0,
        };
        let Some(user) = self.users.get_mut(&user) else {
            return;
        };
        if !user.props.contains_key("$email") {
            user.email = None;
            return;
        }
        match &mut user.email {
            None => {
                user.email = Some(EmailStatus {
                    id,
                    status: SUBSCRIBED.into(),
                    updated: now,
                });
            }
            Some(email) if resubscribe && email.status == UNSUBSCRIBED => {
                email.status = SUBSCRIBED.into();
                email.updated = now;
            }
            Some(_) => {}
        }
    }
}

/// `POST /users/{id}/unsubscribeemail`
pub(in crate::sandbox) fn unsubscribe(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let id = find(state, call)?;
    let now = state.now();
    let email = state
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
