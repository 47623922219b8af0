use serde::Serialize;

use crate::ConversationPart;

/// The response to a reply: the new part, and the part that assigned an operator before it.
///
/// The service sends the first as the data of the response and the second beside it.
/// Source: <https://developers.dashly.io/webapi/endpoints/conversations/reply>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReplyReceipt {
    /// The new message, note or article.
    pub part: ConversationPart,
    /// The system part on the assignment, where the reply asked for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_part: Option<ConversationPart>,
}

model!(ReplyReceipt::new(part: ConversationPart => with_part) {
    with_assign_part(assign_part: ConversationPart),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PartId, serde_util::check::reads};

    #[test]
    fn is_stored_and_read_again() {
        let json = r#"{"part": {"id": 2, "body": "On its way"}, "assign_part": {"id": 1, "type": "assigned"}}"#;
        let receipt: ReplyReceipt = reads(json, &[]);
        let part = ConversationPart::new(PartId::new(2)).with_body("On its way");
        let assign_part = ConversationPart::new(PartId::new(1)).with_kind("assigned");
        assert_eq!(
            receipt,
            ReplyReceipt::new(part).with_assign_part(assign_part)
        );
    }
}
