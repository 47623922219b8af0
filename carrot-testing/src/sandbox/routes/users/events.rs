use serde_json::{Map, Value};

use super::find::{find, find_or_create};
use crate::sandbox::{
    rules::call::Call,
    rules::response::{Failure, Response},
    rules::values,
    rules::window::{Direction, Window},
    store::{Notice, Store},
    view::View,
};

const MAX_NAME_CHARS: usize = 70;

/// `POST /users/{id}/events`
pub(in crate::sandbox) fn record(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let name = parameters.text_of("event", 1..=255)?;
    let name = name.ok_or_else(|| Failure::validation("event", "is required"))?;
    let props = read_props(call)?;
    let created = parameters.moment("created")?;
    let user = find_or_create(store, call)?;
    let event = store.add_event(user, name, created, props);
    store.notices.push(Notice::Event(event));
    let event = store.events.get(&event);
    let event = event.ok_or_else(|| Failure::lookup("event"))?;
    Ok(Response::new(View::new(store, call).event(event, false)))
}

fn read_props(call: &Call) -> Result<Map<String, Value>, Failure> {
    let name = "params";
    let props = match call.parameters.object(name)? {
        Some(Value::Object(props)) => props,
        _ => Map::new(),
    };
    for (property, value) in &props {
        if property.chars().count() > MAX_NAME_CHARS {
            let rule = "must have names of at most 70 characters";
            return Err(Failure::validation(name, rule));
        }
        values::check_event(value).map_err(|rule| Failure::validation(name, rule))?;
    }
    Ok(props)
}

/// `GET /users/{id}/events`
pub(in crate::sandbox) fn list(store: &mut Store, call: &Call) -> Result<Response, Failure> {
    let window = Window::<u64>::read(call, &Direction::ALL)?;
    let user = find(store, call)?;
    let user = store.users.get(&user);
    let user = user.ok_or_else(|| Failure::lookup("user"))?;
    let view = View::new(store, call);
    // A name that no event ever had fits none.
    let wanted = call.parameters.text("filter_name");
    let wanted = wanted.map(|name| store.event_types.get(name).copied());
    let fits = |id: &u64| match wanted {
        None => true,
        Some(wanted) => store.events.get(id).map(|event| event.event_type) == wanted,
    };
    let page = window.select(|range| user.events.range(range).copied().filter(fits));
    let props_as_text = call.parameters.is_set("props_as_string");
    let events = page.keys.iter().filter_map(|id| store.events.get(id));
    let records = events
        .map(|event| view.event(event, props_as_text))
        .collect();
    Ok(page.response(call, records))
}
