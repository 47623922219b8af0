//! The subscription of a user's e-mail address.

use super::{base::Store, records::EmailStatus};

pub(in crate::sandbox) const SUBSCRIBED: &str = "confirmed";
pub(in crate::sandbox) const UNSUBSCRIBED: &str = "unsubscribed";

impl Store {
    /// Brings the subscription in line with the address after a change of it. An unsubscribed user
    /// is subscribed again only when asked for.
    pub(in crate::sandbox) fn follow_email(&mut self, user: u64, resubscribe: bool) {
        let now = self.now();
        let has_email = |store: &Self| {
            let user = store.users.get(&user)?;
            Some(user.props.contains_key("$email"))
        };
        let id = match (has_email(self), self.users.get(&user)) {
            (Some(true), Some(user)) if user.email.is_none() => self.ids.next_email_status(),
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
