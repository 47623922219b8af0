use super::{Condition, FIELD, TimeAgo};
use crate::{InvalidValue, PropertyName};

const INTEGER_RULE: &str =
    "must hold integers from -2^53 to 2^53 only (-9007199254740992 to 9007199254740992)";

/// One condition on one property of a user.
///
/// A filter is made without checks; [`check`](Self::check) runs when a request is built. Several
/// filters together are [`Filters`](crate::Filters).
/// Source: <https://developers.dashly.io/filters>
///
/// ```
/// use carrot_types::{TimeAgo, Filter};
///
/// let reachable_and_recent =
///     Filter::known("$email").and(Filter::less_than_ago("$last_seen", TimeAgo::days(30)));
/// assert_eq!(
///     serde_json::to_string(&reachable_and_recent)?,
///     concat!(
///         r#"{"type":"and","filters":["#,
///         r#"{"type":"known","property_name":"$email","value":{}},"#,
///         r#"{"type":"daysless","property_name":"$last_seen","value":{"value":30,"unit":"days"}}"#,
///         r#"]}"#,
///     ),
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    property: PropertyName,
    condition: Condition,
}

impl Filter {
    pub(super) fn new(property: impl Into<PropertyName>, condition: Condition) -> Self {
        Self {
            property: property.into(),
            condition,
        }
    }

    /// The property has any value (`known`).
    pub fn known(property: impl Into<PropertyName>) -> Self {
        Self::new(property, Condition::Known)
    }

    /// The property has no value (`unknown`).
    pub fn unknown(property: impl Into<PropertyName>) -> Self {
        Self::new(property, Condition::Unknown)
    }

    /// The number is greater (`gt`).
    pub fn greater_than(property: impl Into<PropertyName>, number: i64) -> Self {
        Self::new(property, Condition::GreaterThan(number))
    }

    /// The number is greater, or is absent (`gt_or_unknown`).
    pub fn greater_than_or_unknown(property: impl Into<PropertyName>, number: i64) -> Self {
        Self::new(property, Condition::GreaterThanOrUnknown(number))
    }

    /// The number is smaller (`lt`).
    pub fn less_than(property: impl Into<PropertyName>, number: i64) -> Self {
        Self::new(property, Condition::LessThan(number))
    }

    /// The number is smaller, or is absent (`lt_or_unknown`).
    pub fn less_than_or_unknown(property: impl Into<PropertyName>, number: i64) -> Self {
        Self::new(property, Condition::LessThanOrUnknown(number))
    }

    /// The number is from `low` to `high`, both included (`range`).
    pub fn between(property: impl Into<PropertyName>, low: i64, high: i64) -> Self {
        Self::new(property, Condition::Between { low, high })
    }

    /// The number is this one (`eq`).
    pub fn equals(property: impl Into<PropertyName>, number: i64) -> Self {
        Self::new(property, Condition::Equals(number))
    }

    /// The number is another (`neq`).
    pub fn not_equals(property: impl Into<PropertyName>, number: i64) -> Self {
        Self::new(property, Condition::NotEquals(number))
    }

    /// The text is this one, in upper or lower case (`str_eq`).
    pub fn text_equals(property: impl Into<PropertyName>, text: impl Into<String>) -> Self {
        Self::new(property, Condition::TextEquals(text.into()))
    }

    /// The text is another; upper and lower case are the same (`str_neq`).
    pub fn text_not_equals(property: impl Into<PropertyName>, text: impl Into<String>) -> Self {
        Self::new(property, Condition::TextNotEquals(text.into()))
    }

    /// The text has this in it, in upper or lower case (`str_contains`). The service limits the
    /// length of `text`; the vendor's page is cut where it says how.
    pub fn text_contains(property: impl Into<PropertyName>, text: impl Into<String>) -> Self {
        Self::new(property, Condition::TextContains(text.into()))
    }

    /// The text does not have this in it (`str_notcontains`). Known from public clients.
    pub fn text_not_contains(property: impl Into<PropertyName>, text: impl Into<String>) -> Self {
        Self::new(property, Condition::TextNotContains(text.into()))
    }

    /// The boolean is true (`bool_true`). Known from public clients.
    pub fn is_true(property: impl Into<PropertyName>) -> Self {
        Self::new(property, Condition::IsTrue)
    }

    /// The boolean is false (`bool_false`). Known from public clients.
    pub fn is_false(property: impl Into<PropertyName>) -> Self {
        Self::new(property, Condition::IsFalse)
    }

    /// The date is longer ago (`daysmore`). Known from public clients.
    pub fn more_than_ago(property: impl Into<PropertyName>, age: TimeAgo) -> Self {
        Self::new(property, Condition::MoreThanAgo(age))
    }

    /// The date is longer ago, or is absent (`daysmore_or_unknown`). Known from public clients.
    pub fn more_than_ago_or_unknown(property: impl Into<PropertyName>, age: TimeAgo) -> Self {
        Self::new(property, Condition::MoreThanAgoOrUnknown(age))
    }

    /// The date is less long ago (`daysless`).
    pub fn less_than_ago(property: impl Into<PropertyName>, age: TimeAgo) -> Self {
        Self::new(property, Condition::LessThanAgo(age))
    }

    /// The date is less long ago, or is absent (`daysless_or_unknown`). Known from public
    /// clients.
    pub fn less_than_ago_or_unknown(property: impl Into<PropertyName>, age: TimeAgo) -> Self {
        Self::new(property, Condition::LessThanAgoOrUnknown(age))
    }

    /// The list has this item (`lcontains`). Known from public clients.
    pub fn list_contains(property: impl Into<PropertyName>, item: impl Into<String>) -> Self {
        Self::new(property, Condition::ListContains(item.into()))
    }

    /// The filters of a segment, which are stored there as the text of a JSON array. The key `cls`,
    /// which segments add and requests do not have, is left out.
    ///
    /// # Errors
    ///
    /// The text is not JSON array of filters.
    pub fn from_segment(text: &str) -> Result<Vec<Self>, InvalidValue> {
        // The reason may quote the text: it says where, and no more.
        serde_json::from_str(text).map_err(|error| {
            InvalidValue::new(
                "segment filters",
                format!(
                    "must be a JSON array of filters, and is not at line {}, column {}",
                    error.line(),
                    error.column(),
                ),
            )
        })
    }

    /// Returns the property.
    #[must_use]
    pub fn property(&self) -> &PropertyName {
        &self.property
    }

    /// Returns the condition on the property.
    #[must_use]
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Checks the filter before it is sent.
    ///
    /// # Errors
    ///
    /// [`PropertyName::check`] rejects the property, a range ends before it starts, or an integer is
    /// below -2^53 or above 2^53, which the service takes for no property. A condition that this
    /// version of the crate does not know is not looked into.
    pub fn check(&self) -> Result<(), InvalidValue> {
        if !self.condition.has_sound_integers() {
            return Err(InvalidValue::new(FIELD, INTEGER_RULE));
        }
        if let Condition::Between { low, high } = self.condition {
            if low > high {
                return Err(InvalidValue::new(
                    "filter value1",
                    "must not be greater than `value2`",
                ));
            }
        }
        self.property.check()
    }
}
