use serde_json::json;

use super::find::find_by_id;
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::values,
    store::{Notice, Presence, Store},
};

/// `POST /users/{id}/setpresence`
pub(in crate::sandbox) fn set(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let presence = parameters.one_of("presence", &["online", "idle"])?;
    let presence = presence.ok_or_else(|| Failure::validation("presence", "is required"))?;
    if call.is_v1() {
        let session = parameters.required_text("session")?;
        let is_session = session.len() == 32
            && session
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !is_session {
            let rule = "must be 32 characters of a-z and 0-9";
            return Err(Failure::validation("session", rule));
        }
    }
    let text = |name| parameters.text(name).map(str::to_owned);
    let (page, url) = (text("current_page"), text("current_url"));
    let id = find_by_id(store, call)?;
    let now = store.now();
    store.change_user(id, |user| {
        let before = user.presence_at(now).cloned();
        if before.is_none() {
            let sessions = user.props.get("$sessions").and_then(values::integer);
            let sessions = sessions.unwrap_or(0).saturating_add(1);
            user.props.insert("$sessions".to_owned(), json!(sessions));
        }
        user.last_seen = now;
        user.presence = Some(Presence {
            state: presence.into(),
            at: now,
            session_started: before.as_ref().map_or(now, |before| before.session_started),
            page: page.or_else(|| before.as_ref()?.page.clone()),
            url: url.or_else(|| before.as_ref()?.url.clone()),
        });
    });
    store.seen_online.insert(id);
    store.notices.push(Notice::Presence(id));
    Ok(Response::empty())
}
