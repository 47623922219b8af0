use crate::sandbox::{
    request::Call,
    response::{Failure, Reason},
    state::{Author, Conversation, State},
};

/// The operator whom a parameter names.
pub(super) fn operator(state: &State, call: &Call, name: &str) -> Result<Option<u64>, Failure> {
    let Some(id) = call.parameters.id(name)? else {
        return Ok(None);
    };
    let known = state.settings.operators.iter().any(|one| one.id == id);
    known
        .then_some(Some(id))
        .ok_or_else(|| Failure::lookup("operator"))
}

/// Who acts on the side of the site: `from_admin`; a bot in v1, and where nobody is named.
pub(super) fn admin(state: &State, call: &Call) -> Result<Author, Failure> {
    match call.parameters.text("from_admin") {
        Some("default_admin") => Ok(Author::DefaultAdmin),
        Some(_) => {
            let id = operator(state, call, "from_admin")?;
            Ok(id.map_or(Author::DefaultAdmin, Author::Admin))
        }
        None => {
            let name = call.parameters.text("bot_name").filter(|_| call.is_v1());
            Ok(Author::Bot(name.unwrap_or("Bot").to_owned()))
        }
    }
}

/// Who writes: the visitor with `from_user`, else the side of the site.
pub(super) fn writer(
    state: &State,
    call: &Call,
    conversation: &Conversation,
) -> Result<Author, Failure> {
    match user(state, call, conversation)? {
        Some(user) => as_user(state, user),
        None => admin(state, call),
    }
}

/// Who types: as [`writer`], but v2 documents `from_user=true` here too.
pub(super) fn typist(
    state: &State,
    call: &Call,
    conversation: &Conversation,
) -> Result<Author, Failure> {
    match call.parameters.text("from_user") {
        Some(text) if text.eq_ignore_ascii_case("true") => as_user(state, conversation.user),
        _ => writer(state, call, conversation),
    }
}

fn as_user(state: &State, user: u64) -> Result<Author, Failure> {
    if state.settings.scopes.contains("as-user") {
        Ok(Author::User(user))
    } else {
        Err(lacks_scope("as-user"))
    }
}

/// `from_user`: a yes or no in v1; `default_user` or an id in v2.
fn user(state: &State, call: &Call, conversation: &Conversation) -> Result<Option<u64>, Failure> {
    let name = "from_user";
    if call.is_v1() {
        return Ok(call.parameters.is_set(name).then_some(conversation.user));
    }
    if call.parameters.text(name) == Some("default_user") {
        return Ok(Some(conversation.user));
    }
    let Some(id) = call.parameters.id(name)? else {
        return Ok(None);
    };
    let known = state.users.contains_key(&id);
    known
        .then_some(Some(id))
        .ok_or_else(|| Failure::lookup("user"))
}

pub(in crate::sandbox) fn lacks_scope(scope: &str) -> Failure {
    let message = format!("the token lacks the right `{scope}`");
    Failure::new(Reason::PermissionDenied, message)
}
