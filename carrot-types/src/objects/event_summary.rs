use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{EventType, EventTypeId, Timestamp};

/// How often, and when first and last, a user did something.
///
/// Source: <https://developers.dashly.io/objects/user>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventSummary {
    /// Which event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventType>,
    /// When it happened first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// When it happened last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// How often it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

setters!(EventSummary::new() {
    with_event_type(event_type: EventType),
    with_first(first: Timestamp),
    with_last(last: Timestamp),
    with_count(count: u64),
});

type Summaries = BTreeMap<EventTypeId, EventSummary>;

/// Reads the object by event type of v2, the list of v1, and `null`.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Summaries, D::Error> {
    deserializer.deserialize_any(SummariesVisitor)
}

struct SummariesVisitor;

impl<'de> Visitor<'de> for SummariesVisitor {
    type Value = Summaries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("events by type, as an object or a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Summaries, E> {
        Ok(Summaries::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Summaries, A::Error> {
        let mut summaries = Summaries::new();
        while let Some(summary) = items.next_element::<EventSummary>()? {
            // Nothing else says in a list which event it is.
            let Some(event_type) = &summary.event_type else {
                return Err(A::Error::missing_field("event_type"));
            };
            summaries.insert(event_type.id, summary);
        }
        Ok(summaries)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Summaries, A::Error> {
        Summaries::deserialize(MapAccessDeserializer::new(entries))
    }
}
