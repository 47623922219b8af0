use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{InvalidValue, serde_util::limit};

const FIELD: &str = "event name";

/// The name of an event to record: 1 to 255 characters, none of them a control character.
///
/// Names that start with `$` are kept for system events; [`system::event`] lists them.
/// Source: <https://developers.dashly.io/webapi/endpoints/users/events/post>
///
/// [`system::event`]: crate::system::event
///
/// ```
/// use carrot_types::{EventName, system};
///
/// assert!(!EventName::new("Trial extended")?.is_system());
/// assert!(EventName::new(system::event::REGISTERED)?.is_system());
/// assert!(EventName::new("").is_err());
/// # Ok::<(), carrot_types::InvalidValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct EventName(Box<str>);

impl EventName {
    /// The greatest number of characters: 255.
    pub const MAX_CHARACTERS: usize = 255;

    /// Creates a name.
    ///
    /// # Errors
    ///
    /// It is empty, has more than 255 characters, or contains control characters such as line breaks.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidValue> {
        let name = name.into();
        limit::name(FIELD, &name)?;
        limit::characters(FIELD, Self::MAX_CHARACTERS, &name)?;
        Ok(Self(name.into()))
    }

    /// Returns the name as it stands in the API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true for the names that start with `$`.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.0.starts_with('$')
    }
}

impl TryFrom<&str> for EventName {
    type Error = InvalidValue;

    fn try_from(name: &str) -> Result<Self, InvalidValue> {
        Self::new(name)
    }
}

impl TryFrom<String> for EventName {
    type Error = InvalidValue;

    fn try_from(name: String) -> Result<Self, InvalidValue> {
        Self::new(name)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
