use serde::Serialize;
use serde_json::Value;

use crate::{AppId, SegmentId};

/// A set of users that a filter describes.
///
/// The object has no page of its own at the vendor; it is shown on the page of the user.
/// Source: <https://developers.dashly.io/objects/user/>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Segment {
    /// Its id.
    pub id: SegmentId,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The filter, kept as it came: seen as JSON inside a string, of which
    /// [`Filter::from_segment`](crate::Filter::from_segment) makes filters.
    /// [`filters_json`](Self::filters_json) reads it in any form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<Value>,
    /// The app; seen in other clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
}

model!(Segment::new(id: SegmentId => with_id) {
    with_name(name: String),
    with_filters(filters: Value),
    with_app(app: AppId),
});

impl Segment {
    /// Returns the filter as JSON, whether it came inside a string or not; `None` without one.
    ///
    /// # Errors
    ///
    /// [`filters`](Self::filters) is a string that holds no JSON.
    pub fn filters_json(&self) -> Option<serde_json::Result<Value>> {
        Some(match self.filters.as_ref()? {
            Value::String(text) => serde_json::from_str(text),
            json => Ok(json.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_a_segment() {
        let segment: Segment = reads(
            r#"{
                "id": 12,
                "name": "Active",
                "filters": "[{\"property_name\":\"$last_seen\",\"cls\":\"dt\",\"type\":\"daysless\",\"value\":{\"value\":\"30\"}}]",
                "app": "123"
            }"#,
            &[],
        );
        assert_eq!(segment.id, SegmentId::new(12));
        assert_eq!(segment.app, Some(AppId::new(123)));
        let filters = segment.filters_json().expect("is there").expect("is JSON");
        assert_eq!(filters[0]["property_name"], "$last_seen");
    }

    #[test]
    fn a_filter_may_stand_outside_of_a_string() {
        let json = r#"{"id": 12, "filters": [{"type": "known", "property_name": "$email"}]}"#;
        let segment: Segment = reads(json, &[]);
        let filters = segment.filters_json().expect("is there").expect("is JSON");
        assert_eq!(filters[0]["property_name"], "$email");
        let filters: Vec<crate::Filter> = serde_json::from_value(filters).expect("filters");
        assert_eq!(filters, [crate::Filter::known("$email")]);
    }

    #[test]
    fn a_filter_may_be_missing_or_broken() {
        let segment = Segment::new(SegmentId::new(12));
        assert!(segment.filters_json().is_none());
        let broken = segment.with_filters("[").filters_json();
        assert!(broken.expect("is there").is_err());
    }
}
