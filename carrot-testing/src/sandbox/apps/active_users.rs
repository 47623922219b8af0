use crate::sandbox::{
    paging::{Direction, Window},
    request::Call,
    response::{Failure, Response},
    state::State,
    view::{UserFields, View},
};

/// `GET /apps/{id}/activeusers`
pub(in crate::sandbox) fn list(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let window = Window::<u64>::read(call, &[Direction::Before])?;
    let now = state.now();
    let is_there = |id: &u64| {
        let user = state.users.get(id);
        user.is_some_and(|user| user.presence_at(now).is_some())
    };
    let seen = &state.seen_online;
    let page = window.select(|range| seen.range(range).copied().filter(is_there));
    let defaults = UserFields {
        props: true,
        presence_details: true,
        ..UserFields::default()
    };
    let fields = UserFields::read(call, defaults);
    let view = View::new(state, call);
    let users = page.keys.iter().filter_map(|id| state.users.get(id));
    let records = users.map(|user| view.user(user, &fields)).collect();
    Ok(page.answer(&view, records))
}
