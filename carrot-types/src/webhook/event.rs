use serde::{Deserialize, de::IgnoredAny};

use super::{
    WebhookError,
    form::{Form, Writer},
};
use crate::{Event, EventId, JsonError, PropertyMap, User, UserId, serde_util::json};

/// The webhook `event`: an event happened that was chosen in the admin panel.
///
/// Source: <https://developers.dashly.io/webhooks>
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventWebhook {
    /// Whose event it is.
    pub user: User,
    /// The id of the user, which stands in a field of its own too.
    pub user_id: UserId,
    /// The name of the event; names that begin with `$` are those of the system.
    pub event_name: String,
    /// The event. One client reads its properties from the outermost level, where the vendor says
    /// `props`: an object with neither `id` nor `props` is read as the properties of event
    /// `event_id`.
    pub event: Event,
    /// The id of the event, which stands in a field of its own too.
    pub event_id: EventId,
}

setters!(EventWebhook {
    with_user(user: User),
    with_user_id(user_id: UserId),
    with_event_name(event_name: String),
    with_event(event: Event),
    with_event_id(event_id: EventId),
});

impl EventWebhook {
    /// A webhook with the ids of `user` and `event`.
    pub fn new(user: User, event_name: impl Into<String>, event: Event) -> Self {
        Self {
            user_id: user.id,
            event_id: event.id,
            user,
            event_name: event_name.into(),
            event,
        }
    }

    pub(super) fn read(mut form: Form) -> Result<Self, WebhookError> {
        let event_id = form.id("event_id")?;
        Ok(Self {
            user_id: form.id("user_id")?,
            event_name: form.text("event_name")?,
            user: form.object("user")?,
            event: form.object_with("event", |json| read_event(json, event_id))?,
            event_id,
        })
    }

    pub(super) fn write(&self, form: Writer) -> Writer {
        form.object("user", &self.user)
            .id("user_id", self.user_id)
            .text("event_name", &self.event_name)
            .object("event", &self.event)
            .id("event_id", self.event_id)
    }
}

/// Reads an event, or its properties alone.
pub(super) fn read_event(json: &str, id: EventId) -> Result<Event, JsonError> {
    #[derive(Deserialize)]
    struct Shape {
        id: Option<IgnoredAny>,
        props: Option<IgnoredAny>,
    }
    match json::read::<Shape>(json)? {
        Shape {
            id: None,
            props: None,
        } => Ok(Event::new(id).with_props(json::read::<PropertyMap>(json)?)),
        _ => json::read(json),
    }
}
