use crate::sandbox::{
    answer::{Answer, Failure},
    request::Call,
    state::State,
    view::View,
};

/// `GET /apps/{id}/channels`
pub(in crate::sandbox) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    Ok(Answer::new(View::new(state, call).channels()))
}
