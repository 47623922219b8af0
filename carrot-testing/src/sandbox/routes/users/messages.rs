//! The two operations that start a conversation.

use serde_json::json;

use super::find::{find, find_by_id, find_or_create};
use crate::sandbox::{
    rules::attachment::{attachment, read_file},
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::text::{check_body, random_id},
    store::{Author, Draft, Store},
    view::View,
};

/// `POST /users/{id}/startconversation`
pub(in crate::sandbox) fn start(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let body = match parameters.text("body") {
        None if call.is_v1() => return Err(Failure::validation("body", "is required")),
        body => check_body(body.unwrap_or_default())?,
    };
    let random_id = random_id(call, "random_id")?;
    let file = parameters.file("file");
    let filename = parameters.text("filename");
    if file.is_some() && filename.is_none() {
        let rule = "is required together with `file`";
        return Err(Failure::validation("filename", rule));
    }
    let file = file.map(|file| read_file(file, filename)).transpose()?;
    let file = match file {
        Some(file) => Some(file),
        None => attachment(call)?,
    };
    if body.is_empty() && file.is_none() {
        let rule = "is required unless there is a `file`";
        return Err(Failure::validation("body", rule));
    }
    let user = find_or_create(store, call)?;
    let mut draft = Draft::new("reply_user", Author::User(user)).body(body);
    draft.sent_via = "web_user".into();
    draft.random_id = random_id;
    draft.attachments = file.map(|file| store.attach(file)).into_iter().collect();
    let conversation = store.start_conversation(user, "popup_chat", None);
    store.append(conversation, draft);
    store.mark_seen(user);
    let id = View::new(store, call).id(conversation);
    Ok(Response::new(json!({"id": id})))
}

/// `POST /users/{id}/sendmessage`
pub(in crate::sandbox) fn send(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let body = check_body(parameters.required_text("body")?)?;
    if body.is_empty() {
        return Err(Failure::validation("body", "must not be empty"));
    }
    let kinds: &[&'static str] = &["popup_chat", "popup_small", "popup_big", "email"];
    let kinds = if call.is_v1() { kinds } else { &kinds[..3] };
    let kind = parameters.one_of("type", kinds)?.unwrap_or("popup_chat");
    let user = if call.is_v1() {
        find_by_id(store, call)?
    } else {
        find(store, call)?
    };
    let message = store.ids.next_message();
    let conversation = store.start_conversation(user, kind, Some(message));
    let mut draft = Draft::new("reply_admin", Author::DefaultAdmin).body(body);
    draft.sent_via = "message_manual".into();
    store.append(conversation, draft);
    let view = View::new(store, call);
    Ok(Response::new(json!({
        "conversation": view.id(conversation),
        "message": view.id(message),
    })))
}
