use super::{author, find, random_id, receipt};
use crate::sandbox::{
    request::Call,
    response::{Failure, Response},
    state::{Author, Draft, State},
};

/// `POST /conversations/{id}/assign`
pub(in crate::sandbox) fn assign(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let id = find(state, call)?;
    let assignee = author::operator(state, call, "admin")?;
    let random_id = random_id(call, "random_id")?;
    if !call.is_v1() {
        call.parameters.required_text("from_admin")?;
    }
    let by = author::admin(state, call)?;
    Ok(match state.assign(id, assignee, by, random_id) {
        Some(part) => receipt(state, call, part),
        None => Response::empty(),
    })
}

impl State {
    /// Changes the operator of a conversation and returns the part that tells of it; `None` when it
    /// was so already.
    pub(in crate::sandbox) fn assign(
        &mut self,
        conversation: u64,
        assignee: Option<u64>,
        by: Author,
        random_id: i64,
    ) -> Option<u64> {
        let record = self.conversations.get_mut(&conversation)?;
        if record.assignee == assignee {
            return None;
        }
        record.assignee = assignee;
        let mut draft = Draft::new("assigned", by).random_id(random_id);
        draft.assignee = Some(assignee);
        Some(self.append(conversation, draft))
    }
}
