use crate::sandbox::{
    rules::call::Call,
    rules::response::Failure,
    store::{Author, Conversation, Store},
};

/// The operator that a parameter names.
pub(in crate::sandbox) fn operator(
    store: &Store,
    call: &Call,
    name: &str,
) -> Result<Option<u64>, Failure> {
    let Some(id) = call.parameters.id(name)? else {
        return Ok(None);
    };
    let known = store.app.operators.iter().any(|one| one.id == id);
    known
        .then_some(Some(id))
        .ok_or_else(|| Failure::lookup("operator"))
}

/// The operator of `from_admin`; a bot in v1, and where the parameter is absent.
pub(in crate::sandbox) fn admin(store: &Store, call: &Call) -> Result<Author, Failure> {
    match call.parameters.text("from_admin") {
        Some("default_admin") => Ok(Author::DefaultAdmin),
        Some(_) => {
            let id = operator(store, call, "from_admin")?;
            Ok(id.map_or(Author::DefaultAdmin, Author::Admin))
        }
        None => {
            let name = call.parameters.text("bot_name").filter(|_| call.is_v1());
            Ok(Author::Bot(name.unwrap_or("Bot").to_owned()))
        }
    }
}

/// The author: the visitor with `from_user`, else an operator or a bot.
pub(in crate::sandbox) fn writer(
    store: &Store,
    call: &Call,
    conversation: &Conversation,
) -> Result<Author, Failure> {
    match user(store, call, conversation)? {
        Some(user) => as_user(store, user),
        None => admin(store, call),
    }
}

/// The author of a typing signal: as [`writer`], but v2 documents `from_user=true` here too.
pub(in crate::sandbox) fn typist(
    store: &Store,
    call: &Call,
    conversation: &Conversation,
) -> Result<Author, Failure> {
    match call.parameters.text("from_user") {
        Some(text) if text.eq_ignore_ascii_case("true") => as_user(store, conversation.user),
        _ => writer(store, call, conversation),
    }
}

fn as_user(store: &Store, user: u64) -> Result<Author, Failure> {
    if store.app.scopes.contains("as-user") {
        Ok(Author::User(user))
    } else {
        Err(Failure::lacks_scope("as-user"))
    }
}

/// `from_user`: a yes or no in v1; `default_user` or an id in v2.
fn user(store: &Store, call: &Call, conversation: &Conversation) -> Result<Option<u64>, Failure> {
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
    let known = store.users.contains_key(&id);
    known
        .then_some(Some(id))
        .ok_or_else(|| Failure::lookup("user"))
}
