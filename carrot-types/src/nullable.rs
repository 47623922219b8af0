use serde::{
    Serialize, Serializer,
    de::{MapAccess, SeqAccess},
};

use crate::serde_util::from_json::{Field, FromJson, Scalar};

/// A field in which `null` has a meaning of its own: [`Conversation::assignee`] is `null` where the
/// conversation is unassigned, and absent where the response does not say.
///
/// A value that cannot be read, such as the `{}` that the vendor's samples have as a placeholder, is absent.
///
/// ```
/// use carrot_types::{Conversation, Nullable};
///
/// let told: Conversation = serde_json::from_str(r#"{"id": 1, "assignee": null}"#)?;
/// assert!(told.assignee.is_null());
/// let not_told: Conversation = serde_json::from_str(r#"{"id": 1}"#)?;
/// assert!(not_told.assignee.is_absent());
/// let assigned: Conversation = serde_json::from_str(r#"{"id": 1, "assignee": {"id": 7}}"#)?;
/// assert!(assigned.assignee.value().is_some());
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// [`Conversation::assignee`]: crate::Conversation::assignee
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // JSON has no fourth state.
pub enum Nullable<T> {
    /// The field is not there, or cannot be read.
    #[default]
    Absent,
    /// The field is `null`.
    Null,
    /// The field has a value.
    Value(T),
}

impl<T> Nullable<T> {
    /// Returns the value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns the value itself, if there is one.
    #[must_use]
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns true if the field is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Returns true if the field is not there.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T> From<T> for Nullable<Box<T>> {
    fn from(value: T) -> Self {
        Self::Value(Box::new(value))
    }
}

/// An absent field must be skipped by the object around it; alone it is written as `null`.
impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<T: FromJson> FromJson for Nullable<T> {
    fn from_null() -> Option<Self> {
        Some(Self::Null)
    }

    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        T::from_scalar(scalar).map(Self::Value)
    }

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_list(list)?.map(Self::Value))
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_map(map)?.map(Self::Value))
    }
}

impl<T: FromJson> Field for Nullable<T> {
    type Content = Self;

    fn of(content: Option<Self>) -> Self {
        content.unwrap_or_default()
    }
}
