use std::collections::BTreeMap;

use serde::{
    Serialize,
    de::{MapAccess, SeqAccess},
};

use crate::{
    EventType, EventTypeId, Timestamp,
    serde_util::from_json::{FromJson, Optional},
};

/// How often, and when first and last, a user did something.
///
/// Source: <https://developers.dashly.io/objects/user>
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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

model!(EventSummary::new() {
    with_event_type(event_type: EventType),
    with_first(first: Timestamp),
    with_last(last: Timestamp),
    with_count(count: u64),
});

/// The object by event type of v2, and the list of v1, in which only the entry says which event it is. Of
/// two entries of one type the later counts.
impl FromJson for BTreeMap<EventTypeId, EventSummary> {
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut summaries = Self::new();
        while let Some(summary) = list.next_element_seed(Optional::<EventSummary>::new())? {
            let id = summary
                .as_ref()
                .and_then(|summary| Some(summary.event_type.as_ref()?.id));
            summaries.extend(id.zip(summary));
        }
        Ok(Some(summaries))
    }

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut summaries = Self::new();
        while let Some(key) = map.next_key::<String>()? {
            // The key says that there are such events, whatever can be read of them.
            let summary = map.next_value_seed(Optional::new())?.unwrap_or_default();
            summaries.extend(EventTypeId::from_text(&key).map(|id| (id, summary)));
        }
        Ok(Some(summaries))
    }
}
