use serde::Serialize;

use crate::AdminId;

/// An operator of the site: a person or a bot that writes on the side of the site.
///
/// Source: <https://developers.dashly.io/objects/admin>
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Admin {
    /// Absent for [`AdminType::DefaultAdmin`], which is nobody in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<AdminId>,
    /// The name that users see in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// Person or bot; `type` in the API.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<AdminType>,
    /// The name that only the admin panel shows. Seen to hold the e-mail that the operator logs in
    /// with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_internal: Option<String>,
}

model!(Admin::new() or AdminId => with_id {
    with_id(id: AdminId),
    with_name(name: String),
    with_avatar(avatar: String),
    with_kind(kind: AdminType) = "type",
    with_name_internal(name_internal: String),
});

open_enum! {
    /// What stands behind an [`Admin`].
    ///
    /// Source: <https://developers.dashly.io/objects/admin>
    pub enum AdminType {
        /// A person.
        Admin = "admin",
        /// A bot.
        Bot = "bot",
        /// The default sender of the site; without an id.
        DefaultAdmin = "default_admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_the_sample() {
        let admin: Admin = reads(
            r#"{
                "type": "admin",
                "id": 11846,
                "name": "Angel Helen",
                "avatar": "https://files.dashly.app/avatars/1418698413468-ib1mxiqv.jpg",
                "name_internal": "helen@example.com"
            }"#,
            &[],
        );
        assert_eq!(
            admin,
            Admin::new()
                .with_id(AdminId::new(11846))
                .with_name("Angel Helen")
                .with_avatar("https://files.dashly.app/avatars/1418698413468-ib1mxiqv.jpg")
                .with_kind(AdminType::Admin)
                .with_name_internal("helen@example.com")
        );
    }

    #[test]
    fn reads_default_senders_and_unknown_types() {
        let nobody: Admin = reads(r#"{"type": "default_admin", "name": "Support"}"#, &[]);
        assert_eq!(nobody.id, None);
        let text: Admin = reads(r#"{"id": "18446744073709551615", "type": "alien"}"#, &[]);
        assert_eq!(text.id, Some(AdminId::new(u64::MAX)));
        assert_eq!(text.kind, Some(AdminType::from("alien")));
        let unreadable: Admin =
            serde_json::from_str(r#"{"id": "abc", "name": "Al"}"#).expect("kept");
        assert_eq!(unreadable, Admin::new().with_name("Al"));
    }
}
