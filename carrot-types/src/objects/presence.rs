use serde::{Deserialize, Deserializer, Serialize, de::MapAccess};
use serde_json::Value;

use crate::{
    PropertyMap, Timestamp,
    serde_util::from_json::{self, Field, FromJson},
};

open_enum! {
    /// Whether a user is on the site right now.
    ///
    /// The page of a user sends a sign of life every minute.
    /// Source: <https://developers.dashly.io/presence>
    pub enum Presence {
        /// Connected and active.
        Online = "online",
        /// Connected, and without a sign of activity for two minutes.
        Idle = "idle",
        /// No sign of life for two minutes.
        Offline = "offline",
    }
}

/// What is known of a user who is online or idle: copies of some system properties, and facts that
/// vanish when the user goes offline.
///
/// The system properties are `$name`, `$initial_referrer`, `$country`, `$city`, `$region`,
/// `$sessions`, `$last_reply`, `$last_contect` (so spelt on the vendor's page) and `$avatar`.
/// Source: <https://developers.dashly.io/presence>
///
/// ```
/// use carrot_types::PresenceDetails;
///
/// let details: PresenceDetails =
///     serde_json::from_str(r#"{"presence": "online", "page": "Prices", "$city": "Kazan"}"#)?;
/// assert_eq!(details.page(), Some("Prices"));
/// assert_eq!(details.as_map()["$city"], "Kazan");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PresenceDetails(PropertyMap);

impl PresenceDetails {
    /// Wraps the properties.
    #[must_use]
    pub fn new(properties: PropertyMap) -> Self {
        Self(properties)
    }

    /// Returns all properties by name.
    #[must_use]
    pub fn as_map(&self) -> &PropertyMap {
        &self.0
    }

    /// Returns the properties themselves.
    #[must_use]
    pub fn into_map(self) -> PropertyMap {
        self.0
    }

    /// Returns true when nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the user is online or idle.
    #[must_use]
    pub fn presence(&self) -> Option<Presence> {
        self.text("presence").map(Presence::from)
    }

    /// Returns the start of the present visit.
    #[must_use]
    pub fn session_started(&self) -> Option<Timestamp> {
        from_json::value(self.0.get("session_started")?)
    }

    /// Returns the title of the page that the user looks at.
    #[must_use]
    pub fn page(&self) -> Option<&str> {
        self.text("page")
    }

    /// Returns the address of the page that the user looks at.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.text("url")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

impl From<PropertyMap> for PresenceDetails {
    fn from(properties: PropertyMap) -> Self {
        Self(properties)
    }
}

impl FromJson for PresenceDetails {
    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(PropertyMap::from_map(map)?.map(Self))
    }
}

impl Field for PresenceDetails {
    type Content = Self;

    fn of(content: Option<Self>) -> Self {
        content.unwrap_or_default()
    }
}

/// Reads an object, and anything else as no properties.
impl<'de> Deserialize<'de> for PresenceDetails {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_json::field(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serde_util::check::reads;

    #[test]
    fn reads_the_sample() {
        let details: PresenceDetails = reads(
            r#"{
                "page": "Information | My project",
                "url": "http://example.com/some/page.php",
                "session_started": 1448798155,
                "presence": "online",
                "$sessions": 3
            }"#,
            &[],
        );
        assert_eq!(details.presence(), Some(Presence::Online));
        assert_eq!(details.page(), Some("Information | My project"));
        assert_eq!(details.url(), Some("http://example.com/some/page.php"));
        assert_eq!(
            details.session_started(),
            Some(Timestamp::from_seconds(1_448_798_155))
        );
        assert_eq!(details.as_map()["$sessions"], 3);
        assert_eq!(PresenceDetails::new(details.clone().into_map()), details);
    }

    #[test]
    fn null_and_an_empty_string_are_no_details() {
        for json in ["null", r#""""#, "{}", r#""secret""#, "[]", "1"] {
            assert!(
                serde_json::from_str::<PresenceDetails>(json)
                    .expect(json)
                    .is_empty()
            );
        }
    }
}
