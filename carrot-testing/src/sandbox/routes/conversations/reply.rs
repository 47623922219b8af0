use serde_json::{Value, json};

use super::{author, common::find};
use crate::sandbox::{
    rules::attachment::attachment,
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::text::{check_body, random_id},
    store::{Author, Draft, Store},
    view::View,
};

/// `POST /conversations/{id}/reply`
pub(in crate::sandbox) fn reply(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let id = find(store, call)?;
    let body = match parameters.text("body") {
        None if call.is_v1() => return Err(Failure::validation("body", "is required")),
        body => check_body(body.unwrap_or_default())?,
    };
    let file = attachment(call)?;
    let body_json = parameters.object("body_json")?;
    if body.is_empty() && file.is_none() && body_json.is_none() {
        let rule = "is required unless there is an `attachment`";
        return Err(Failure::validation("body", rule));
    }
    let kinds: &[&'static str] = &["reply_admin", "note", "article"];
    let kinds = if call.is_v1() { &kinds[..2] } else { kinds };
    let kind = parameters.one_of("type", kinds)?.unwrap_or("reply_admin");
    let actions = parameters.json("actions")?;
    if actions.as_ref().is_some_and(|actions| !actions.is_array()) {
        return Err(Failure::validation("actions", "must be a JSON array"));
    }
    let assign_to = author::operator(store, call, "auto_assign")?;
    let assign_random_id = random_id(call, "auto_assign_random_id")?;
    let random_id = random_id(call, "random_id")?;
    let conversation = store.conversations.get(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let author = author::writer(store, call, conversation)?;

    let by_user = matches!(author, Author::User(_));
    let assign_part = assign_to.and_then(|operator| {
        let by = match &author {
            Author::User(_) => Author::Admin(operator),
            other => other.clone(),
        };
        store.assign(id, Some(operator), by, assign_random_id)
    });
    let kind = if by_user { "reply_user" } else { kind };
    if let Author::User(user) = &author {
        store.mark_seen(*user);
    }
    let mut draft = Draft::new(kind, author).body(body).random_id(random_id);
    draft.body_json = body_json.unwrap_or_else(|| json!({}));
    draft.actions = actions.unwrap_or(Value::Null);
    draft.external_id = parameters.text("external_id").map(str::to_owned);
    draft.attachments = file.map(|file| store.attach(file)).into_iter().collect();
    let part = store.append(id, draft);

    let view = View::new(store, call);
    let show = |id: u64| store.parts.get(&id).map(|part| view.part_of(call, part));
    let mut response = Response::new(show(part).unwrap_or_default());
    if let Some(assign_part) = assign_part.and_then(show) {
        response = response.beside("assign_part", assign_part);
    }
    Ok(response)
}
