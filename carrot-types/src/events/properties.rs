use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

use crate::{InvalidValue, PropertyValue, serde_util::limit};

const FIELD: &str = "event property name";

/// The properties of an event to record, in the order of their names.
///
/// A name has 1 to 70 characters and a value the limits of [`PropertyValue`]: prices and other numbers are
/// integers, unless they are sent as a [`raw`](PropertyValue::raw) value. `Deserialize` applies these
/// checks, reads numbers with decimals, lists of other things than texts and dictionaries as raw values,
/// and takes `null` for no properties.
/// Source: <https://developers.dashly.io/webapi/endpoints/users/events/post>
///
/// ```
/// use carrot_types::EventProperties;
///
/// let properties = EventProperties::new()
///     .with("plan", "business")?
///     .with("seats", 12)?;
/// assert_eq!(serde_json::to_string(&properties)?, r#"{"plan":"business","seats":12}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct EventProperties(BTreeMap<String, PropertyValue>);

impl EventProperties {
    /// The greatest number of characters of a name: 70.
    pub const MAX_NAME_CHARACTERS: usize = 70;

    /// Creates an event's properties, none at first.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds a property, or replaces the one of this name.
    ///
    /// # Errors
    ///
    /// The name is empty or has more than 70 characters, or the value breaks a limit of
    /// [`PropertyValue`].
    pub fn with(
        mut self,
        name: impl Into<String>,
        value: impl TryInto<PropertyValue, Error: Into<InvalidValue>>,
    ) -> Result<Self, InvalidValue> {
        self.insert(name, value)?;
        Ok(self)
    }

    /// Adds a property where there is a value.
    pub(crate) fn with_some<V>(
        self,
        name: &'static str,
        value: Option<V>,
    ) -> Result<Self, InvalidValue>
    where
        V: TryInto<PropertyValue, Error: Into<InvalidValue>>,
    {
        match value {
            Some(value) => self.with(name, value),
            None => Ok(self),
        }
    }

    /// Adds a property, or replaces the one of this name and returns the value that it had.
    ///
    /// # Errors
    ///
    /// The name is empty or has more than 70 characters, or the value breaks a limit of
    /// [`PropertyValue`]. Nothing is changed then.
    pub fn insert(
        &mut self,
        name: impl Into<String>,
        value: impl TryInto<PropertyValue, Error: Into<InvalidValue>>,
    ) -> Result<Option<PropertyValue>, InvalidValue> {
        let name = name.into();
        if name.is_empty() {
            return Err(InvalidValue::new(FIELD, "must not be empty"));
        }
        limit::characters(FIELD, Self::MAX_NAME_CHARACTERS, &name)?;
        let value = value
            .try_into()
            .map_err(|error| error.into().in_value_of(&name))?;
        Ok(self.0.insert(name, value))
    }

    /// Returns the value of a property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&PropertyValue> {
        self.0.get(name)
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &PropertyValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the number of properties.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true when there are no properties.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for EventProperties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Option::<BTreeMap<String, Value>>::deserialize(deserializer)?;
        let mut properties = Self::new();
        for (name, value) in stored.unwrap_or_default() {
            let value = PropertyValue::of_event(value).map_err(D::Error::custom)?;
            properties.insert(name, value).map_err(D::Error::custom)?;
        }
        Ok(properties)
    }
}
