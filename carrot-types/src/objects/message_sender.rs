use serde::Serialize;

use crate::SenderId;

/// The sender of manual and automatic messages and of bots: a name and a face instead of a person.
///
/// It stands where an [`Admin`](crate::Admin) can stand. Written with `"type": "message_sender"`,
/// which the service sends where the two have to be told apart.
/// Source: <https://developers.dashly.io/objects/message_sender>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "message_sender")]
#[non_exhaustive]
pub struct MessageSender {
    /// Its id.
    pub id: SenderId,
    /// The name that users see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The part of its e-mail address before the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_name: Option<String>,
    /// True for the default sender of the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// True when it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_removed: Option<bool>,
    /// True for a bot. The vendor's page calls it a string and shows a boolean; both are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_bot: Option<bool>,
    /// The address of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

model!(MessageSender::new(id: SenderId => with_id) {
    with_name(name: String),
    with_email_name(email_name: String),
    with_is_default(is_default: bool),
    with_is_removed(is_removed: bool),
    with_is_bot(is_bot: bool),
    with_avatar(avatar: String),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::{reads, rejected};

    #[test]
    fn reads_the_sample() {
        let sender: MessageSender = reads(
            r#"{
                "id": 31,
                "name": "Anna from Example",
                "email_name": "anna",
                "is_default": true,
                "is_removed": false,
                "is_bot": false,
                "avatar": "https://files.dashly.app/avatars/default-v2.png",
                "type": "message_sender"
            }"#,
            &[],
        );
        assert_eq!(
            sender,
            MessageSender::new(SenderId::new(31))
                .with_name("Anna from Example")
                .with_email_name("anna")
                .with_is_default(true)
                .with_is_removed(false)
                .with_is_bot(false)
                .with_avatar("https://files.dashly.app/avatars/default-v2.png")
        );
    }

    #[test]
    fn an_untyped_sender_is_written_typed() {
        let sender: MessageSender = reads(r#"{"id": "31"}"#, &["type"]);
        assert_eq!(sender, MessageSender::new(SenderId::new(31)));
    }

    #[test]
    fn is_bot_may_be_text_or_null() {
        for (text, flag) in [
            (r#""true""#, Some(true)),
            (r#""False""#, Some(false)),
            (r#""0""#, Some(false)),
            (r#""""#, Some(false)),
            ("true", Some(true)),
            ("null", None),
        ] {
            let json = format!(r#"{{"id": 1, "is_bot": {text}}}"#);
            let sender: MessageSender = serde_json::from_str(&json).expect(&json);
            assert_eq!(sender.is_bot, flag, "{json}");
        }
        let odd: MessageSender =
            serde_json::from_str(r#"{"id": 1, "is_bot": []}"#).expect("survives");
        assert_eq!(odd.is_bot, None);
        assert!(rejected::<MessageSender>(r#"{"name": "Anna"}"#).contains("`id`"));
    }
}
