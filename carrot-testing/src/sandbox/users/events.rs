use serde_json::{Map, Value};

use super::{find, find_or_create, values};
use crate::sandbox::{
    paging::{Direction, Window},
    request::Call,
    response::{Failure, Response},
    state::{Event, EventCount, State},
    view::View,
};

const MAX_NAME_CHARS: usize = 70;

/// `POST /users/{id}/events`
pub(in crate::sandbox) fn record(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let parameters = &call.parameters;
    let name = parameters.text_of("event", 1..=255)?;
    let name = name.ok_or_else(|| Failure::validation("event", "is required"))?;
    let props = read_props(call)?;
    let created = parameters.moment("created")?;
    let user = find_or_create(state, call)?;
    let event = state.add_event(user, name, created, props);
    state.tell_of_event(event, name);
    let event = state.events.get(&event);
    let event = event.ok_or_else(|| Failure::lookup("event"))?;
    Ok(Response::new(View::new(state, call).event(event, false)))
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

impl State {
    /// Adds an event without telling the webhooks.
    pub(in crate::sandbox) fn add_event(
        &mut self,
        user: u64,
        name: &str,
        created: Option<i64>,
        props: Map<String, Value>,
    ) -> u64 {
        let id = self.next_event();
        let created = created.unwrap_or_else(|| self.now());
        let event_type = self.event_type(name);
        let event = Event {
            id,
            event_type,
            user,
            created,
            props: props.into(),
        };
        self.insert_event(event);
        id
    }

    /// The type of this name; a new one gets an id.
    pub(in crate::sandbox) fn event_type(&mut self, name: &str) -> u64 {
        if let Some(event_type) = self.event_types.get(name) {
            return *event_type;
        }
        let event_type = self.next_event_type();
        self.event_types.insert(name.to_owned(), event_type);
        self.event_names.insert(event_type, name.to_owned());
        event_type
    }

    /// Puts an event where it belongs, and counts it.
    pub(in crate::sandbox) fn insert_event(&mut self, event: Event) {
        if let Some(user) = self.users.get_mut(&event.user) {
            user.events.insert(event.id);
            let created = event.created;
            let count = user.event_counts.entry(event.event_type);
            let count = count.or_insert(EventCount {
                first: created,
                last: created,
                count: 0,
            });
            count.first = count.first.min(created);
            count.last = count.last.max(created);
            count.count += 1;
            self.columns.update(user);
        }
        self.events.insert(event.id, event);
    }
}

/// `GET /users/{id}/events`
pub(in crate::sandbox) fn list(state: &mut State, call: &Call) -> Result<Response, Failure> {
    let window = Window::<u64>::read(call, &Direction::ALL)?;
    let user = find(state, call)?;
    let user = state.users.get(&user);
    let user = user.ok_or_else(|| Failure::lookup("user"))?;
    let view = View::new(state, call);
    // A name that no event ever had fits none.
    let wanted = call.parameters.text("filter_name");
    let wanted = wanted.map(|name| state.event_types.get(name).copied());
    let fits = |id: &u64| match wanted {
        None => true,
        Some(wanted) => state.events.get(id).map(|event| event.event_type) == wanted,
    };
    let page = window.select(|range| user.events.range(range).copied().filter(fits));
    let props_as_text = call.parameters.is_set("props_as_string");
    let events = page.keys.iter().filter_map(|id| state.events.get(id));
    let records = events
        .map(|event| view.event(event, props_as_text))
        .collect();
    Ok(page.answer(&view, records))
}
