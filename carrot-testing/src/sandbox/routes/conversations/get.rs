use super::common::find;
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::window::{Direction, Window},
    store::Store,
    view::{ConversationFields, View},
};

/// `GET /conversations/{id}`
pub(in crate::sandbox) fn get(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let id = find(store, call)?;
    let conversation = store.conversations.get(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let fields = ConversationFields::read(call, ConversationFields::SINGLE);
    let view = View::new(store, call);
    Ok(Response::new(view.conversation(conversation, &fields)))
}

/// `GET /conversations/{id}/parts`
pub(in crate::sandbox) fn parts(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let window = Window::<u64>::read(call, &Direction::ALL)?;
    let id = find(store, call)?;
    let conversation = store.conversations.get(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let page = window.select(|range| conversation.parts.range(range).copied());
    let view = View::new(store, call);
    let parts = page.keys.iter().filter_map(|id| store.parts.get(id));
    let records = parts.map(|part| view.part_of(call, part)).collect();
    Ok(page.response(call, records))
}
