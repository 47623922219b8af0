use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Map, Value};

use super::{
    WebhookError,
    form::{Form, Writer, is_nothing, read_nested},
};
use crate::{
    Event, EventId, JsonError, PropertyMap, User, UserId,
    serde_util::{from_json, json, lenient::parse_digits},
};

/// The webhook `event`: an event happened that was chosen in the admin panel.
///
/// Each id is taken from wherever it stands: the field of its own, or the object.
/// Source: <https://developers.dashly.io/webhooks>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventWebhook {
    /// The user of the event. Where the service sends an empty object, it has the id only.
    pub user: User,
    /// The id of the user, which stands in a field of its own too.
    pub user_id: UserId,
    /// The name of the event; names that start with `$` are those of the system.
    pub event_name: String,
    /// The event. `None` without an id: [`props`](Self::props) has its properties then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
    /// The id of the event, which stands in a field of its own too. A receiver in production sees
    /// webhooks without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// The properties of the event. The vendor puts them below `props` of the event, one client reads them
    /// from the event itself; both are read.
    #[serde(default, skip_serializing_if = "PropertyMap::is_empty")]
    pub props: PropertyMap,
}

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
        let event_name = match form.take("event_name")? {
            Some(name) => name,
            None => found.name.ok_or(WebhookError::MissingField {
                field: "event_name",
            })?,
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
    let json = form.optional_text(FIELD)?;
    let json = json.filter(|text| !is_nothing(text));
    let user: Option<User> = match &json {
        Some(json) => read_nested(json).map_err(invalid)?,
        None => None,
    };
    let beside = form.strict_id("user_id")?;
    let id = beside
        .or_else(|| user.as_ref().map(|user| user.id))
        .or(found.user)
        .ok_or(WebhookError::MissingField { field: "user_id" })?;
    let user = match (user, json) {
        (Some(user), _) => user,
        // An object whose id stands elsewhere.
        (None, Some(json)) if json.trim_start().starts_with('{') => {
            with_id(&json, id.get()).map_err(invalid)?
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
}

impl Found {
    pub(super) fn read(form: &mut Form) -> Result<Self, WebhookError> {
        let id = form.optional_id("event_id")?;
        let text = form.optional_text("event")?;
        let mut found = match text.filter(|text| !is_nothing(text)) {
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

    /// Reads an event, or its properties alone.
    fn parse(text: &str, beside: Option<EventId>) -> Result<Self, JsonError> {
        #[derive(Deserialize)]
        struct Shape {
            #[serde(default, deserialize_with = "from_json::field")]
            id: Option<EventId>,
            props: Option<IgnoredAny>,
            r#type: Option<IgnoredAny>,
        }
        let shape: Shape = json::read(text)?;
        let is_event = shape.id.is_some() || shape.props.is_some() || shape.r#type.is_some();
        let event = match (shape.id, beside) {
            (Some(_), _) => Some(json::read::<Event>(text)?),
            (None, Some(id)) if is_event => Some(with_id(text, id.get())?),
            (None, _) => None,
        };
        let (props, user) = match &event {
            Some(event) => (event.props.clone(), event.user),
            // Zero is not an event: only the properties and the user are of use.
            None if is_event => {
                let event: Event = with_id(text, 0)?;
                (event.props, event.user)
            }
            None => (json::read(text)?, None),
        };
        let event = event.or_else(|| beside.map(|id| Event::new(id).with_props(props.clone())));
        let event_type = event.as_ref().and_then(|event| event.event_type.as_ref());
        Ok(Self {
            name: event_type.and_then(|event_type| event_type.name.clone()),
            id: None,
            event,
            props,
            user,
        })
    }
}

/// Reads an object whose id stands elsewhere.
fn with_id<T: DeserializeOwned>(text: &str, id: u64) -> Result<T, JsonError> {
    let mut fields: Map<String, Value> = json::read(text)?;
    fields.insert("id".to_owned(), id.into());
    json::read(&Value::Object(fields).to_string())
}
