use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    EventTypeId, InvalidValue,
    serde_util::{digits::parse_digits, lenient::FromText, limit},
};

const FIELD: &str = "property name";

/// The name of a property of a user.
///
/// There are three kinds: system properties, which start with `$` ([`system::property`] lists them);
/// custom properties, which do not; and properties that the service derives from events, such as
/// `$event_341_count`. A name that is made `From` a text is of the kind that the text has, and is
/// checked when a request is built. The vendor documents no greatest length.
/// Source: <https://developers.dashly.io/props>
///
/// [`system::property`]: crate::system::property
///
/// ```
/// use carrot_types::{EventStat, EventTypeId, PropertyName};
///
/// let email = PropertyName::from("$email");
/// assert!(email.is_system());
/// assert!(PropertyName::custom("$plan").is_err());
///
/// let orders = PropertyName::event(EventTypeId::new(341), EventStat::Count);
/// assert_eq!(orders.as_str(), "$event_341_count");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PropertyName(Box<str>);

/// What the service derives from the events of one type, for each user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventStat {
    /// When the first event happened: a date.
    First,
    /// When the last event happened: a date.
    Last,
    /// How many events happened: a number.
    Count,
}

impl EventStat {
    const ALL: [Self; 3] = [Self::First, Self::Last, Self::Count];

    /// Returns the end of the property name: `first`, `last` or `count`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
            Self::Count => "count",
        }
    }
}

impl PropertyName {
    /// Creates the name of a system property, such as `$email`.
    ///
    /// # Errors
    ///
    /// `name` does not start with `$`, has nothing after it, or contains control characters.
    pub fn system(name: impl Into<String>) -> Result<Self, InvalidValue> {
        let name = Self::from(name.into());
        if !name.is_system() {
            return Err(InvalidValue::new(
                FIELD,
                "of a system property must start with `$`",
            ));
        }
        name.check().map(|()| name)
    }

    /// Creates the name of a property of your own.
    ///
    /// # Errors
    ///
    /// `name` is empty, starts with `$`, or contains control characters.
    pub fn custom(name: impl Into<String>) -> Result<Self, InvalidValue> {
        let name = Self::from(name.into());
        if name.is_system() {
            return Err(InvalidValue::new(
                FIELD,
                "of a custom property must not start with `$`, which is kept for system properties",
            ));
        }
        name.check().map(|()| name)
    }

    /// The property that the service derives from the events of one type: `$event_341_first`.
    #[must_use]
    pub fn event(id: EventTypeId, stat: EventStat) -> Self {
        Self(format!("$event_{id}_{}", stat.as_str()).into())
    }

    /// Checks a name that was made from a text.
    ///
    /// # Errors
    ///
    /// The name is empty, is `$` alone, or contains control characters.
    pub fn check(&self) -> Result<(), InvalidValue> {
        if &*self.0 == "$" {
            return Err(InvalidValue::new(FIELD, "must go on after the `$`"));
        }
        limit::name(FIELD, &self.0)
    }

    /// Returns the name as it stands in the API.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true for the names that start with `$`, those derived from events included.
    #[must_use]
    pub fn is_system(&self) -> bool {
        self.0.starts_with('$')
    }

    /// Returns what the property is derived from, if it is derived from events.
    #[must_use]
    pub fn event_stat(&self) -> Option<(EventTypeId, EventStat)> {
        let (id, stat) = self.0.strip_prefix("$event_")?.split_once('_')?;
        let stat = EventStat::ALL.into_iter().find(|s| s.as_str() == stat)?;
        parse_digits(id).map(|id| (EventTypeId::new(id), stat))
    }
}

impl From<&str> for PropertyName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<String> for PropertyName {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for PropertyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PropertyName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText::new())
    }
}
