use serde::Serialize;
use serde_json::Value;

use crate::Meta;

/// What became of the operations on the properties of a user. A wrong operation does not fail the
/// request: the others are applied, and it is listed here.
///
/// The service sends this in the [`Meta`] of the response.
/// Source: <https://developers.dashly.io/webapi/endpoints/users/props>
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PropertyReport {
    /// The properties that were changed; `affected_props` in the API.
    #[serde(rename = "affected_props", skip_serializing_if = "Vec::is_empty")]
    pub affected: Vec<String>,
    /// The properties that were not written; `not_changed_props` in the API. v1 does not send it.
    ///
    /// Most of them had the value already. **A `$phone` with a `+` is listed here and not stored**
    /// (observed once on the live service): send the digits alone, as
    /// [`PropertyOperation::phone`](crate::PropertyOperation::phone) does.
    #[serde(rename = "not_changed_props", skip_serializing_if = "Vec::is_empty")]
    pub not_changed: Vec<String>,
    /// The operations that were not applied, each with a `reason`; `ignored_operations` in the API.
    /// Their exact keys are not documented.
    #[serde(rename = "ignored_operations", skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Value>,
}

model!(PropertyReport::new() {
    with_affected(affected: Vec<String>) = "affected_props",
    with_not_changed(not_changed: Vec<String>) = "not_changed_props",
    with_ignored(ignored: Vec<Value>) = "ignored_operations",
});

impl From<Meta> for PropertyReport {
    fn from(meta: Meta) -> Self {
        Self {
            affected: meta.affected_props.unwrap_or_default(),
            not_changed: meta.not_changed_props.unwrap_or_default(),
            ignored: meta.ignored_operations.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn is_made_from_the_facts_of_the_response() {
        let ignored =
            json!({"op": "add", "key": "projects", "value": "x", "reason": "not a number"});
        let json = json!({
            "status": 200,
            "affected_props": ["my-prop"],
            "not_changed_props": ["$name"],
            "ignored_operations": [ignored]
        });
        let meta: Meta = serde_json::from_value(json).expect("decodes");
        let expected = PropertyReport::new()
            .with_affected(["my-prop".to_owned()])
            .with_not_changed(["$name".to_owned()])
            .with_ignored([ignored]);
        assert_eq!(PropertyReport::from(meta), expected);
        assert_eq!(PropertyReport::from(Meta::new(200)), PropertyReport::new());
    }

    #[test]
    fn reads_null_lists() {
        let json = r#"{"affected_props": null, "ignored_operations": []}"#;
        let report: PropertyReport = reads(json, &[]);
        assert_eq!(report, PropertyReport::new());
    }
}
