use serde::Serialize;

use crate::ConversationId;

/// The response to starting a conversation in the name of a user.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/users/startconversation>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StartedConversation {
    /// The new conversation.
    pub id: ConversationId,
}

model!(StartedConversation::new(id: ConversationId => with_id) {
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::{reads, rejected};

    #[test]
    fn reads_the_sample() {
        let started: StartedConversation = reads(r#"{"id": 1856194}"#, &[]);
        assert_eq!(
            started,
            StartedConversation::new(ConversationId::new(1_856_194))
        );
        assert!(rejected::<StartedConversation>("{}").contains("`id`"));
    }
}
