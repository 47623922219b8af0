use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::window::{Direction, Window},
    store::Store,
    view::{UserFields, View},
};

/// `GET /apps/{id}/activeusers`
pub(in crate::sandbox) fn list(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let window = Window::<u64>::read(call, &[Direction::Before])?;
    let now = store.now();
    let is_there = |id: &u64| {
        let user = store.users.get(id);
        user.is_some_and(|user| user.presence_at(now).is_some())
    };
    let seen = &store.seen_online;
    let page = window.select(|range| seen.range(range).copied().filter(is_there));
    let defaults = UserFields {
        props: true,
        presence_details: true,
        ..UserFields::default()
    };
    let fields = UserFields::read(call, defaults);
    let view = View::new(store, call);
    let users = page.keys.iter().filter_map(|id| store.users.get(id));
    let records = users.map(|user| view.user(user, &fields)).collect();
    Ok(page.response(call, records))
}
