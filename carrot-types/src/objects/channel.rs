use serde::Serialize;

use crate::{Admin, ChannelId, PropertyMap};

/// A channel: a mailbox, a messenger or a team inbox that conversations belong to.
///
/// The service leaves out what was not asked for.
/// Source: <https://developers.dashly.io/objects/channel>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of the picture file; may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// What the channel is connected to; `type` in the API.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChannelType>,
    /// True when conversations can be moved here by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub droppable: Option<bool>,
    /// The operators who may read it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<Admin>,
    /// How many conversations nobody is assigned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_assigned_count: Option<u64>,
    /// How many conversations end with a reply of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_read_count: Option<u64>,
    /// True when the present operator may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_permission: Option<bool>,
    /// Its place among the channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// True when conversations are put here by a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_set: Option<bool>,
    /// The rule; its shape depends on the type of the channel and is not documented.
    #[serde(skip_serializing_if = "PropertyMap::is_empty")]
    pub auto_set_settings: PropertyMap,
}

model!(Channel::new(id: ChannelId => with_id) {
    with_name(name: String),
    with_avatar(avatar: String),
    with_kind(kind: ChannelType) = "type",
    with_droppable(droppable: bool),
    with_operators(operators: Vec<Admin>),
    with_not_assigned_count(not_assigned_count: u64),
    with_not_read_count(not_read_count: u64),
    with_read_permission(read_permission: bool),
    with_priority(priority: i64),
    with_auto_set(auto_set: bool),
    with_auto_set_settings(auto_set_settings: PropertyMap),
});

open_enum! {
    /// What a [`Channel`] is connected to.
    ///
    /// `yandex_dialogs` is seen in other clients of Carrot quest.
    /// Source: <https://developers.dashly.io/objects/channel>
    pub enum ChannelType {
        /// A mailbox.
        Email = "email",
        /// A mobile app.
        Mobile = "mobile",
        /// An inbox that operators sort by hand.
        Manual = "manual",
        /// VK.
        Vk = "vk",
        /// Facebook.
        Facebook = "facebook",
        /// Instagram.
        Instagram = "instagram",
        /// Telegram.
        Telegram = "telegram",
        /// Viber.
        Viber = "viber",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// Yandex Dialogs.
        YandexDialogs = "yandex_dialogs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AdminId, AdminType, serde_util::check::reads};

    #[test]
    fn reads_the_sample() {
        let channel: Channel = reads(
            r#"{
                "id": 5,
                "name": "Test channel",
                "avatar": "",
                "droppable": true,
                "type": "manual",
                "operators": [{
                    "id": 564,
                    "name": "Support",
                    "avatar": "https://files.dashly.app/avatars/default-v2.png",
                    "type": "admin"
                }],
                "not_assigned_count": 0,
                "not_read_count": 0,
                "read_permission": true
            }"#,
            &[],
        );
        let operator = Admin::new()
            .with_id(AdminId::new(564))
            .with_name("Support")
            .with_avatar("https://files.dashly.app/avatars/default-v2.png")
            .with_kind(AdminType::Admin);
        assert_eq!(
            channel,
            Channel::new(ChannelId::new(5))
                .with_name("Test channel")
                .with_avatar("")
                .with_droppable(true)
                .with_kind(ChannelType::Manual)
                .with_operators([operator])
                .with_not_assigned_count(0_u64)
                .with_not_read_count(0_u64)
                .with_read_permission(true)
        );
    }

    #[test]
    fn reads_null_lists_and_unknown_types() {
        let json = r#"{"id": "5", "type": "pigeon", "operators": null, "auto_set_settings": null}"#;
        let channel: Channel = reads(json, &[]);
        assert_eq!(channel, Channel::new(ChannelId::new(5)).with_kind("pigeon"));
    }
}
