use serde::Serialize;

use crate::{Admin, AppId, NoteId, Timestamp, UserId};

/// A note of an operator on a user.
///
/// The object has no page of its own at the vendor; it is shown on the page of the user.
/// Source: <https://developers.dashly.io/objects/user/>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// The operator who wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<Admin>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// When it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The app; seen in other clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
    /// The user; seen in other clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

model!(Note::new(id: NoteId => with_id) {
    with_author(author: Admin),
    with_body(body: String),
    with_created(created: Timestamp),
    with_app(app: AppId),
    with_user(user: UserId),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AdminId;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_a_note() {
        let note: Note = reads(
            r#"{
                "id": 17,
                "author": {"id": 11846, "name": "Angel Helen"},
                "body": "Prefers to be called",
                "created": 1440415123,
                "app": 123,
                "user": "22735768"
            }"#,
            &[],
        );
        assert_eq!(
            note,
            Note::new(NoteId::new(17))
                .with_author(
                    Admin::new()
                        .with_id(AdminId::new(11846))
                        .with_name("Angel Helen")
                )
                .with_body("Prefers to be called")
                .with_created(1_440_415_123)
                .with_app(AppId::new(123))
                .with_user(UserId::new(22_735_768))
        );
    }
}
