use serde::Serialize;
use serde_json::Value;

use crate::{EventId, EventType, PropertyMap, Timestamp, UserId};

/// Something that a user did or that happened to a user.
///
/// Older responses to recording an event have the id only; the realtime form lacks the user.
/// Source: <https://developers.dashly.io/objects/event>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Which event it was; `type` in the API.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventType>,
    /// Whose event it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Its properties.
    #[serde(skip_serializing_if = "PropertyMap::is_empty")]
    pub props: PropertyMap,
}

model!(Event::new(id: EventId => with_id) {
    with_created(created: Timestamp),
    with_event_type(event_type: EventType) = "type",
    with_user(user: UserId),
    with_props(props: PropertyMap),
});

impl Event {
    /// Sets one property and leaves the others.
    #[must_use = "a setter returns the changed value"]
    pub fn with_prop(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.props.insert(name.into(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{EventTypeId, serde_util::check::reads};

    #[test]
    fn reads_the_sample() {
        let event: Event = reads(
            r#"{
                "id": 61956879,
                "created": 1440415123,
                "user": 123,
                "type": {"id": 341, "name": "Order Created", "score": 0, "visible": true, "active": true},
                "props": {"x": 10, "y": "Hello"}
            }"#,
            &[],
        );
        let event_type = EventType::new(EventTypeId::new(341))
            .with_name("Order Created")
            .with_score(0)
            .with_visible(true)
            .with_active(true);
        assert_eq!(
            event,
            Event::new(EventId::new(61_956_879))
                .with_created(1_440_415_123)
                .with_user(UserId::new(123))
                .with_event_type(event_type)
                .with_props([
                    ("x".to_owned(), json!(10)),
                    ("y".to_owned(), json!("Hello"))
                ])
        );
    }

    #[test]
    fn reads_the_thin_forms() {
        let event: Event = reads(r#"{"id": 6187513}"#, &[]);
        assert_eq!(event, Event::new(EventId::new(6_187_513)));
        let event: Event = reads(
            r#"{"id": "1", "props": null, "created": "1.5"}"#,
            &["created"],
        );
        assert!(event.props.is_empty());
        assert_eq!(event.created, Some("1.5".parse().expect("seconds")));
    }
}
