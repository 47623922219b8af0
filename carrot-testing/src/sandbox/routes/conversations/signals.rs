//! What leaves no part: reading and typing.

use super::{author, common::find};
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::text::check_body,
    store::{Notice, Store, Typing},
};

/// `POST /conversations/{id}/markread`
pub(in crate::sandbox) fn mark_read(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let id = find(store, call)?;
    store.mark_read(id);
    store.notices.push(Notice::Read(id));
    Ok(Response::empty())
}

/// `POST /conversations/{id}/settyping`. Only the realtime service shows who types, so here a test sees
/// it and no request.
pub(in crate::sandbox) fn set_typing(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let id = find(store, call)?;
    let body = match call.parameters.text("body") {
        None if !call.is_v1() => return Err(Failure::validation("body", "is required")),
        body => body.map(check_body).transpose()?,
    };
    let conversation = store.conversations.get(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let author = author::typist(store, call, conversation)?;
    store.typing.push(Typing {
        conversation: id,
        author,
        body: body.map(str::to_owned),
        at: store.now(),
    });
    store.notices.push(Notice::Typing(store.typing.len() - 1));
    Ok(Response::empty())
}
