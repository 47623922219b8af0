use serde_json::{Value, json};

use super::{author, check_body, find, random_id, read_file};
use crate::sandbox::{
    request::Call,
    response::{Failure, Response},
    state::{Author, Draft, State},
    view::View,
};

/// `POST /conversations/{id}/reply`
pub(in crate::sandbox) fn reply(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let id = find(state, call)?;
    let body = match parameters.text("body") {
        None if call.is_v1() => return Err(Failure::validation("body", "is required")),
        body => check_body(body.unwrap_or_default())?,
    };
    let name = parameters.text_of("attachment_file_name", 1..=255)?;
    let file = parameters.file("attachment");
    let file = file.map(|file| read_file(file, name)).transpose()?;
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
    let assign_to = author::operator(state, call, "auto_assign")?;
    let assign_random_id = random_id(call, "auto_assign_random_id")?;
    let random_id = random_id(call, "random_id")?;
    let conversation = state.conversations.get(&id);
    let conversation = conversation.ok_or_else(|| Failure::lookup("conversation"))?;
    let author = author::writer(state, call, conversation)?;

    let by_user = matches!(author, Author::User(_));
    let assign_part = assign_to.and_then(|operator| {
        let by = match &author {
            Author::User(_) => Author::Admin(operator),
            other => other.clone(),
        };
        state.assign(id, Some(operator), by, assign_random_id)
    });
    let kind = if by_user { "reply_user" } else { kind };
    if let Author::User(user) = &author {
        state.saw(*user);
    }
    let mut draft = Draft::new(kind, author).body(body).random_id(random_id);
    draft.body_json = body_json.unwrap_or_else(|| json!({}));
    draft.actions = actions.unwrap_or(Value::Null);
    draft.external_id = parameters.text("external_id").map(str::to_owned);
    draft.attachments = file.map(|file| state.attach(file)).into_iter().collect();
    let part = state.append(id, draft);

    let view = View::new(state, call);
    let show = |id: u64| state.parts.get(&id).map(|part| view.part_of(call, part));
    let mut answer = Response::new(show(part).unwrap_or_default());
    if let Some(assign_part) = assign_part.and_then(show) {
        answer = answer.beside("assign_part", assign_part);
    }
    Ok(answer)
}
