use serde::Serialize;

use crate::EventTypeId;

/// A kind of event: all events of one name.
///
/// The forms inside other objects may lack everything but the id and the name.
/// Source: <https://developers.carrotquest.io/objects/eventtype>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EventType {
    /// Its id.
    pub id: EventTypeId,
    /// The name of the event; names that start with `$` are those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many points of lead score the event is worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// True when the admin panel offers it in its lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible: Option<bool>,
    /// True when it has happened at least once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

model!(EventType::new(id: EventTypeId => with_id) {
    with_name(name: String),
    with_score(score: i64),
    with_visible(visible: bool),
    with_active(active: bool),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_the_sample() {
        let event_type: EventType = reads(
            r#"{"id": 341, "name": "My super event", "score": 13, "visible": true, "active": false}"#,
            &[],
        );
        assert_eq!(
            event_type,
            EventType::new(EventTypeId::new(341))
                .with_name("My super event")
                .with_score(13)
                .with_visible(true)
                .with_active(false)
        );
        let thin: EventType = reads(r#"{"id": "7161", "name": "login"}"#, &[]);
        assert_eq!(
            thin,
            EventType::new(EventTypeId::new(7161)).with_name("login")
        );
    }
}
