use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess},
};
use serde_json::Value;

use crate::serde_util::from_json::{self, FromJson, Scalar};

/// Something that the user can do with a conversation part, such as a button of a bot.
///
/// The vendor's pages name the list and not its items: the members are those that the vendor's own chat
/// reads. The JSON is kept as it came.
///
/// ```
/// use carrot_types::{PartAction, PartActionType};
///
/// let button: PartAction =
///     serde_json::from_str(r#"{"id": 5, "type": "button", "body": "Prices"}"#)?;
/// assert_eq!(button.kind(), Some(PartActionType::Button));
/// assert_eq!(button.body(), Some("Prices"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PartAction(Value);

impl PartAction {
    /// Wraps the JSON of an action.
    #[must_use]
    pub fn new(action: Value) -> Self {
        Self(action)
    }

    /// Returns the JSON.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    /// Returns the id, which [`PartMetaData::chosen_action_id`](crate::PartMetaData::chosen_action_id) names. A
    /// number is read as its digits.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        from_json::value(self.0.get("id")?)
    }

    /// Returns the type; `type` in the API.
    #[must_use]
    pub fn kind(&self) -> Option<PartActionType> {
        from_json::value(self.0.get("type")?)
    }

    /// Returns the text of the button.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.0.get("body")?.as_str()
    }

    /// Returns more members: `href`, `target`, `icon`, `placeholder` and others.
    #[must_use]
    pub fn body_json(&self) -> Option<&Value> {
        self.0.get("body_json")
    }

    /// Returns the page that a button opens; `href` in `body_json`.
    #[must_use]
    pub fn href(&self) -> Option<&str> {
        self.body_json()?.get("href")?.as_str()
    }

    /// Returns the property that the user fills in, such as `$email`; `key_name` in the API.
    #[must_use]
    pub fn property(&self) -> Option<&str> {
        self.0.get("key_name")?.as_str()
    }

    /// Returns the branch of the bot that follows; `next_branch_id` in the API. A number is read as its digits.
    #[must_use]
    pub fn next_branch(&self) -> Option<String> {
        from_json::value(self.0.get("next_branch_id")?)
    }
}

open_enum! {
    /// What a [`PartAction`] is. Observed in the vendor's own chat.
    pub enum PartActionType {
        /// A button.
        Button = "button",
        /// A field to fill in a property of the user.
        PropertyField = "property_field",
        /// A choice of a time to meet.
        Meet = "meet",
    }
}

impl From<Value> for PartAction {
    fn from(action: Value) -> Self {
        Self(action)
    }
}

impl From<PartAction> for Value {
    fn from(action: PartAction) -> Self {
        action.0
    }
}

/// Any JSON but `null`: nothing of it is lost.
impl FromJson for PartAction {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        Value::from_scalar(scalar).map(Self)
    }

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Ok(Value::from_list(list)?.map(Self))
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(Value::from_map(map)?.map(Self))
    }
}

impl<'de> Deserialize<'de> for PartAction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self)
    }
}
