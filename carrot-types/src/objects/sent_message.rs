use serde::Serialize;

use crate::{ConversationId, MessageId};

/// The response to sending a manual message to a user.
///
/// The admin panel shows the conversation only after the user has replied.
/// Source: <https://developers.dashly.io/webapi/endpoints/users/sendmessage/>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SentMessage {
    /// The conversation that the message started.
    pub conversation: ConversationId,
    /// The manual message.
    pub message: MessageId,
}

model!(SentMessage::new(conversation: ConversationId => with_conversation, message: MessageId => with_message) {
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_the_sample() {
        let sent: SentMessage = reads(r#"{"conversation": 1128184, "message": "2804"}"#, &[]);
        assert_eq!(
            sent,
            SentMessage::new(ConversationId::new(1_128_184), MessageId::new(2804))
        );
    }
}
