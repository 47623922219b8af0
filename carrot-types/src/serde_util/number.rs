//! Numbers that come as objects.
//!
//! With its feature `arbitrary_precision`, which any crate of a program can switch on, serde_json hands the
//! numbers that are no 64-bit integer over as an object with one member.

/// The name of that member.
pub(crate) const NAME: &str = "$serde_json::private::Number";

#[cfg(test)]
mod tests {
    use crate::{AdminId, Conversation, ConversationPart};

    #[test]
    fn number_stands_in_place_of_an_object() {
        for number in [r#"{"$serde_json::private::Number": "7.0"}"#, "7.0", "7"] {
            let json = format!(r#"{{"id": 1, "conversation": {number}, "assignee": {number}}}"#);
            let part: ConversationPart = serde_json::from_str(&json).expect(&json);
            let assignee = part.assignee.value().and_then(|admin| admin.id);
            assert_eq!(assignee, Some(AdminId::new(7)), "{json}");
            let conversation = part
                .conversation
                .map(|conversation| conversation.id().get());
            assert_eq!(conversation, Some(7), "{json}");
        }
        for odd in [
            r#"{"$serde_json::private::Number": []}"#,
            "{}",
            r#"{"x": 1}"#,
        ] {
            let json = format!(r#"{{"id": 1, "user": {odd}, "part_last": {odd}, "closed": true}}"#);
            let read: Conversation = serde_json::from_str(&json).expect(&json);
            assert_eq!(
                (read.user, read.part_last, read.closed),
                (None, None, Some(true))
            );
        }
    }
}
