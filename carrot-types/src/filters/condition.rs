use serde_json::Value;

use super::TimeAgo;
use crate::PropertyValue;

/// What a [`Filter`](super::Filter) asks of its property.
///
/// Source: <https://developers.dashly.io/filters>
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// `known`: has any value.
    Known,
    /// `unknown`: has no value.
    Unknown,
    /// `gt`: a greater number.
    GreaterThan(i64),
    /// `gt_or_unknown`: a greater number, or no value.
    GreaterThanOrUnknown(i64),
    /// `lt`: a smaller number.
    LessThan(i64),
    /// `lt_or_unknown`: a smaller number, or no value.
    LessThanOrUnknown(i64),
    /// `range`: a number between two others, both included.
    Between {
        /// The smallest number that fits, `value1`.
        low: i64,
        /// The greatest number that fits, `value2`.
        high: i64,
    },
    /// `eq`: this number.
    Equals(i64),
    /// `neq`: another number.
    NotEquals(i64),
    /// `str_eq`: this text, in upper or lower case.
    TextEquals(String),
    /// `str_neq`: another text; upper and lower case are the same.
    TextNotEquals(String),
    /// `str_contains`: a text with this in it, in upper or lower case.
    TextContains(String),
    /// `str_notcontains`: a text without this in it.
    TextNotContains(String),
    /// `bool_true`: true.
    IsTrue,
    /// `bool_false`: false.
    IsFalse,
    /// `daysmore`: a date longer ago.
    MoreThanAgo(TimeAgo),
    /// `daysmore_or_unknown`: a date longer ago, or no value.
    MoreThanAgoOrUnknown(TimeAgo),
    /// `daysless`: a date less long ago.
    LessThanAgo(TimeAgo),
    /// `daysless_or_unknown`: a date less long ago, or no value.
    LessThanAgoOrUnknown(TimeAgo),
    /// `lcontains`: a list with this item.
    ListContains(String),
    /// A condition that this version of the crate does not know, kept as it came.
    Other(OtherCondition),
}

/// A condition that this version of the crate does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherCondition {
    pub(super) kind: Box<str>,
    pub(super) value: Value,
}

impl OtherCondition {
    /// Returns the `value` of the filter.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }
}

impl Condition {
    /// Returns the `type` of the filter as it stands in the API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
            Self::GreaterThan(_) => "gt",
            Self::GreaterThanOrUnknown(_) => "gt_or_unknown",
            Self::LessThan(_) => "lt",
            Self::LessThanOrUnknown(_) => "lt_or_unknown",
            Self::Between { .. } => "range",
            Self::Equals(_) => "eq",
            Self::NotEquals(_) => "neq",
            Self::TextEquals(_) => "str_eq",
            Self::TextNotEquals(_) => "str_neq",
            Self::TextContains(_) => "str_contains",
            Self::TextNotContains(_) => "str_notcontains",
            Self::IsTrue => "bool_true",
            Self::IsFalse => "bool_false",
            Self::MoreThanAgo(_) => "daysmore",
            Self::MoreThanAgoOrUnknown(_) => "daysmore_or_unknown",
            Self::LessThanAgo(_) => "daysless",
            Self::LessThanAgoOrUnknown(_) => "daysless_or_unknown",
            Self::ListContains(_) => "lcontains",
            Self::Other(other) => &other.kind,
        }
    }

    /// False when an integer is one that no property can have.
    pub(super) fn has_sound_integers(&self) -> bool {
        let limit = PropertyValue::MAX_INTEGER;
        let is_sound = |number: i64| (-limit..=limit).contains(&number);
        match self {
            Self::GreaterThan(number)
            | Self::GreaterThanOrUnknown(number)
            | Self::LessThan(number)
            | Self::LessThanOrUnknown(number)
            | Self::Equals(number)
            | Self::NotEquals(number) => is_sound(*number),
            Self::Between { low, high } => is_sound(*low) && is_sound(*high),
            Self::MoreThanAgo(age)
            | Self::MoreThanAgoOrUnknown(age)
            | Self::LessThanAgo(age)
            | Self::LessThanAgoOrUnknown(age) => i64::try_from(age.amount).is_ok_and(is_sound),
            Self::Known
            | Self::Unknown
            | Self::TextEquals(_)
            | Self::TextNotEquals(_)
            | Self::TextContains(_)
            | Self::TextNotContains(_)
            | Self::IsTrue
            | Self::IsFalse
            | Self::ListContains(_)
            | Self::Other(_) => true,
        }
    }
}
