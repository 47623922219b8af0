use carrot_core::types::ErrorCode;

use super::{
    author,
    common::{find, receipt},
};
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::text::random_id,
    store::{Draft, Store},
};

/// `POST /conversations/{id}/tag`
pub(in crate::sandbox) fn add(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let action = call.parameters.one_of("action", &["add", "delete"])?;
    match action {
        None if call.is_v1() => Err(Failure::validation("action", "is required")),
        Some("delete") => change(store, call, false),
        _ => change(store, call, true),
    }
}

/// `DELETE /conversations/{id}/tag`
pub(in crate::sandbox) fn delete(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    change(store, call, false)
}

fn change(store: &mut Store, call: &Call, add: bool) -> Result<Response, Failure> {
    let id = find(store, call)?;
    let name = "tag";
    let tag = call.parameters.text_of(name, 1..=255)?;
    let tag = tag.ok_or_else(|| Failure::validation(name, "is required"))?;
    if call.is_v1() && tag.contains(',') {
        return Err(Failure::validation(name, "must hold no comma"));
    }
    let random_id = random_id(call, "random_id")?;
    let by = author::admin(store, call)?;
    let conversation = store.conversations.get_mut(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let has = conversation.tags.iter().any(|one| one == tag);
    if has == add {
        return match (call.is_v1(), add) {
            (true, _) => Ok(Response::empty()),
            (false, true) => Err(Failure::new(
                ErrorCode::ConversationTagAlreadyAssigned,
                "the conversation has this tag already",
            )),
            (false, false) => Err(Failure::new(
                ErrorCode::ConversationTagIsNotAssigned,
                "the conversation does not have this tag",
            )),
        };
    }
    let kind = if add {
        conversation.tags.push(tag.to_owned());
        "tag_added"
    } else {
        conversation.tags.retain(|one| one != tag);
        "tag_deleted"
    };
    let mut draft = Draft::new(kind, by).random_id(random_id);
    draft.tag = Some(tag.to_owned());
    let part = store.append(id, draft);
    Ok(if call.is_v1() {
        Response::empty()
    } else {
        receipt(store, call, part)
    })
}
