use super::find::{find, find_by_id};
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::window::{Direction, Window},
    store::Store,
    view::{ConversationFields, View},
};

/// `GET /users/{id}/conversations`
pub(in crate::sandbox) fn list(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let window = Window::<(i64, u64)>::read(call, &Direction::ALL)?;
    let recipient = parameters.one_of("recipient_type", &["web", "sdk"])?;
    let recipient = recipient.unwrap_or("web");
    let replied_only = parameters.is_set("with_user_replies_only");
    let user = if call.is_v1() {
        find_by_id(store, call)?
    } else {
        find(store, call)?
    };
    let user = store.users.get(&user);
    let user = user.ok_or_else(|| Failure::lookup("user"))?;
    let fits = |(_, id): &(i64, u64)| {
        store.conversations.get(id).is_some_and(|conversation| {
            conversation.recipient == recipient && (conversation.has_user_reply || !replied_only)
        })
    };
    let all = &user.conversations;
    let page = window.select(|range| all.range(range).copied().filter(fits));
    let mut fields = ConversationFields::read(call, ConversationFields::LISTED);
    fields.user &= !call.is_v1();
    let view = View::new(store, call);
    let listed = page.keys.iter();
    let records = listed
        .filter_map(|(_, id)| store.conversations.get(id))
        .map(|conversation| view.conversation(conversation, &fields))
        .collect();
    Ok(page.response(call, records))
}
