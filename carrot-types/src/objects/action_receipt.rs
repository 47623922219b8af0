use serde::Serialize;

use crate::{PartGroupId, PartId};

/// The response to assigning, tagging and closing a conversation: the system part that was made.
///
/// Source: <https://developers.dashly.io/webapi/endpoints/conversations/assign>
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ActionReceipt {
    /// The system part; `id` in the API.
    #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
    pub part: Option<PartId>,
    /// The question that the part belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_group: Option<PartGroupId>,
}

model!(ActionReceipt::new() {
    with_part(part: PartId) = "id",
    with_part_group(part_group: PartGroupId),
});

impl ActionReceipt {
    /// Returns true when the service says that it changed something.
    ///
    /// False in v2: the work was done already, by this call's earlier attempt or by somebody else. The
    /// operator was assigned, the conversation closed, the tag added or removed. In v1 false says nothing,
    /// since v1 responds with an empty object also when it changed something.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.part.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_the_samples() {
        let receipt: ActionReceipt = reads(r#"{"id": 123, "part_group": "345"}"#, &[]);
        assert_eq!(
            receipt,
            ActionReceipt::new()
                .with_part(PartId::new(123))
                .with_part_group(PartGroupId::new(345))
        );
        assert!(receipt.changed());
        let nothing: ActionReceipt = reads("{}", &[]);
        assert!(!nothing.changed());
    }
}
