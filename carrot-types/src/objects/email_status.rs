use serde::Serialize;

use crate::{AppId, DateTime, EmailStatusId};

/// Whether the service may write to the e-mail address of a user.
///
/// Source: <https://developers.dashly.io/objects/emailstatus/>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EmailStatus {
    /// Its id.
    pub id: EmailStatusId,
    /// The app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// The state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<EmailSubscriptionStatus>,
    /// When the state last changed; the service writes an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<DateTime>,
}

model!(EmailStatus::new(id: EmailStatusId => with_id) {
    with_app(app: AppId),
    with_status(status: EmailSubscriptionStatus),
    with_updated(updated: DateTime),
});

open_enum! {
    /// The state of an e-mail address.
    ///
    /// Source: <https://developers.dashly.io/objects/emailstatus/>
    pub enum EmailSubscriptionStatus {
        /// Being checked; one of the next three follows.
        Validation = "validation",
        /// No valid address.
        NotValid = "not_valid",
        /// The request to confirm has been sent.
        NotConfirmed = "not_confirmed",
        /// Confirmed: the only state in which mail is sent.
        Confirmed = "confirmed",
        /// Mail came back as undeliverable for good.
        Bounced = "bounced",
        /// The user reported a mail as spam.
        Spam = "spam",
        /// The user unsubscribed.
        Unsubscribed = "unsubscribed",
        /// On the black list.
        BlackList = "black_list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_the_sample() {
        let status: EmailStatus = reads(
            r#"{
                "id": 954,
                "app": 123,
                "status": "confirmed",
                "updated": "2018-11-20T09:25:28.661001+03:00"
            }"#,
            &[],
        );
        assert_eq!(
            status,
            EmailStatus::new(EmailStatusId::new(954))
                .with_app(AppId::new(123))
                .with_status(EmailSubscriptionStatus::Confirmed)
                .with_updated(DateTime::new("2018-11-20T09:25:28.661001+03:00").expect("a date"))
        );
    }

    #[test]
    fn reads_unknown_states() {
        let status: EmailStatus = reads(r#"{"id": "954", "status": "resting"}"#, &[]);
        assert_eq!(status.status, Some("resting".into()));
    }
}
