use super::find;
use crate::sandbox::{
    paging::{Direction, Window},
    request::Call,
    response::{Failure, Response},
    state::State,
    view::{ConversationFields, View},
};

/// `GET /conversations/{id}`
pub(in crate::sandbox) fn get(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let id = find(state, call)?;
    let conversation = state.conversations.get(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let fields = ConversationFields::read(call, ConversationFields::SINGLE);
    let view = View::new(state, call);
    Ok(Response::new(view.conversation(conversation, &fields)))
}

/// `GET /conversations/{id}/parts`
pub(in crate::sandbox) fn parts(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let window = Window::<u64>::read(call, &Direction::ALL)?;
    let id = find(state, call)?;
    let conversation = state.conversations.get(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let page = window.select(|range| conversation.parts.range(range).copied());
    let view = View::new(state, call);
    let parts = page.keys.iter().filter_map(|id| state.parts.get(id));
    let records = parts.map(|part| view.part_of(call, part)).collect();
    Ok(page.answer(&view, records))
}
