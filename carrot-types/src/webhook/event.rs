use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    WebhookError,
    form::{Form, Writer, read_nested},
};
use crate::{
    Event, EventId, JsonError, PropertyMap, User, UserId, json,
    serde_util::{digits::parse_digits, from_json},
};

/// The webhook `event`: an event happened that was chosen in the admin panel.
///
/// Each id is taken from wherever it stands: the field of its own, or the object.
/// Source: <https://developers.dashly.io/webhooks>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EventWebhook {
    /// The user of the event. Where the service sends an empty object, it has the id only.
    pub user: User,
    /// The id of the user, which stands in a field of its own too.
    pub user_id: UserId,
    /// The name of the event; names that start with `$` are those of the system.
    pub event_name: String,
    /// The event. `None` without an id: [`props`](Self::props) has its properties then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// The id of the event, which stands in a field of its own too. A receiver in production sees
    /// webhooks without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// The properties of the event. The vendor puts them below `props` of the event, one client reads them
    /// from the event itself; both are read.
    #[serde(skip_serializing_if = "PropertyMap::is_empty")]
    pub props: PropertyMap,
}

reader!(EventWebhook(user: User, user_id: UserId, event_name: String) {
    event: Event,
    event_id: EventId,
    props: PropertyMap,
});

setters!(EventWebhook {
    with_user(user: User),
    with_user_id(user_id: UserId),
    with_event_name(event_name: String),
    with_event(event: Event),
    with_event_id(event_id: EventId),
    with_props(props: PropertyMap),
});

impl EventWebhook {
    /// Creates a webhook with the ids of `user` and `event`, and with the properties of `event`.
    pub fn new(user: User, event_name: impl Into<String>, event: Event) -> Self {
        Self {
            user_id: user.id,
            event_id: Some(event.id),
            user,
            event_name: event_name.into(),
            props: event.props.clone(),
            event: Some(event),
        }
    }

    pub(super) fn read(mut form: Form) -> Result<Self, WebhookError> {
        let found = Found::read(&mut form)?;
        let (user, user_id) = read_user(&mut form, &found)?;
        let beside = form.take("event_name")?;
        let event_name = match (beside, found.name) {
            (Some(name), None) if !name.is_empty() || found.said_name.is_none() => name,
            (Some(name), Some(_)) if !name.is_empty() || found.event.is_some() => name,
            (_, Some(name)) => name,
            (_, None) => {
                let field = "event_name";
                (found.said_name).ok_or(WebhookError::MissingField { field })?
            }
        };
        Ok(Self {
            user,
            user_id,
            event_name,
            event: found.event,
            event_id: found.id,
            props: found.props,
        })
    }

    pub(super) fn write(&self, form: Writer) -> Writer {
        let form = form
            .object("user", &self.user)
            .id("user_id", self.user_id)
            .text("event_name", &self.event_name);
        write_event(form, self.event.as_ref(), &self.props).optional_id("event_id", self.event_id)
    }
}

/// Reads the user and its id, from the object, from the field beside it, or from the event.
pub(super) fn read_user(form: &mut Form, found: &Found) -> Result<(User, UserId), WebhookError> {
    const FIELD: &str = "user";
    let invalid = |error| WebhookError::InvalidJson {
        field: FIELD,
        error,
    };
    let json = form.optional_json(FIELD)?;
    let user: Option<User> = match &json {
        Some(json) => read_nested(json).map_err(invalid)?,
        None => None,
    };
    let beside = form.strict_id("user_id")?;
    let elsewhere = user.as_ref().map(|user| user.id).or(found.user);
    let id = match (beside, elsewhere) {
        (Some(Ok(id)), _) | (_, Some(id)) => id,
        (Some(Err(error)), None) => return Err(WebhookError::InvalidField(error)),
        (None, None) => return Err(WebhookError::MissingField { field: "user_id" }),
    };
    let user = match (user, json) {
        (Some(user), _) => user,
        // An object whose id stands elsewhere.
        (None, Some(json)) if json.trim_start().starts_with('{') => {
            user_with_id(&json, id).map_err(invalid)?
        }
        (None, _) => User::new(id),
    };
    Ok((user, id))
}

pub(super) fn write_event(form: Writer, event: Option<&Event>, props: &PropertyMap) -> Writer {
    match event {
        Some(event) => form.object("event", event),
        None if props.is_empty() => form,
        None => form.object("event", props),
    }
}

/// What the fields `event` and `event_id` say.
#[derive(Default)]
pub(super) struct Found {
    pub(super) event: Option<Event>,
    pub(super) id: Option<EventId>,
    pub(super) props: PropertyMap,
    user: Option<UserId>,
    name: Option<String>,
    /// The name in an object that is not an event of the API: of use where no field has it.
    said_name: Option<String>,
}

impl Found {
    pub(super) fn read(form: &mut Form) -> Result<Self, WebhookError> {
        let id = form.optional_id("event_id")?;
        let mut found = match form.optional_json("event")? {
            None => Self::default(),
            Some(digits) if parse_digits(digits.trim()).is_some() => Self {
                event: digits.trim().parse().ok().map(Event::new),
                ..Self::default()
            },
            Some(text) if text.trim_start().starts_with(['{', '[']) => {
                let field = "event";
                Self::parse(&text, id)
                    .map_err(|error| WebhookError::InvalidJson { field, error })?
            }
            // Only the name of the event, as JSON or as it is.
            Some(name) => Self {
                name: json::read(&name).ok().or(Some(name)),
                ..Self::default()
            },
        };
        found.id = id.or(found.event.as_ref().map(|event| event.id));
        Ok(found)
    }

    /// Reads an event, or its properties alone. JSON of another form says nothing.
    fn parse(text: &str, beside: Option<EventId>) -> Result<Self, JsonError> {
        let Value::Object(mut fields) = json::read::<Value>(text)? else {
            return Ok(Self::default());
        };
        let own: Option<EventId> = fields.get("id").and_then(from_json::value);
        let id = own.or(beside);
        let has = |name: &str| fields.contains_key(name);
        let is_event = own.is_some() || has("type");
        // Among properties alone a `name` may be that of a person.
        let has_name = is_event || has("props") || fields.len() == 1;
        let said_name = said_name(&fields).filter(|_| has_name);
        if !has("props") {
            // Without the members of an event, all of them are properties, `created` and `user` too.
            let members: &[&str] = match is_event {
                true => &["id", "type", "created", "user"],
                false => &[],
            };
            let (members, props) = fields
                .into_iter()
                .partition(|(name, _)| members.contains(&name.as_str()));
            fields = members;
            fields.insert("props".to_owned(), Value::Object(props));
        }
        // Zero is not an event: only what stands in it is of use.
        fields.insert("id".to_owned(), id.map_or(0, EventId::get).into());
        let event = from_json::value(&Value::Object(fields));
        let event: Event = event.unwrap_or_else(|| Event::new(EventId::new(0)));
        let event_type = event.event_type.as_ref();
        Ok(Self {
            name: event_type.and_then(|event_type| event_type.name.clone()),
            said_name,
            id: None,
            props: event.props.clone(),
            user: event.user,
            event: id.map(|_| event),
        })
    }
}

/// The name that an object tells, if it is an event without an id of its type, or no event of the API.
fn said_name(fields: &Map<String, Value>) -> Option<String> {
    let kind = fields.get("type");
    let named = [
        kind.and_then(|kind| kind.get("name")),
        kind,
        fields.get("name"),
    ];
    let mut named = named.into_iter().flatten().filter_map(Value::as_str);
    named.next().map(str::to_owned)
}

/// Reads a user whose id stands elsewhere.
fn user_with_id(text: &str, id: UserId) -> Result<User, JsonError> {
    let mut fields: Map<String, Value> = json::read(text)?;
    fields.insert("id".to_owned(), id.get().into());
    json::read(&Value::Object(fields).to_string())
}
