use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, de::MapAccess};

use crate::{
    PropertyMap, Timestamp,
    serde_util::from_json::{self, Field, FromJson},
};

/// What became of a conversation part: a vote, or what the user chose or typed in a bot.
///
/// The vendor's pages name the field and not its members: these are the ones that the vendor's own clients
/// read. The rest is in [`as_map`](Self::as_map).
///
/// ```
/// use carrot_types::ConversationPart;
///
/// let part: ConversationPart = serde_json::from_str(
///     r#"{"id": 1, "type": "vote", "meta_data": {"vote": 5, "comment": "Quick!"}}"#,
/// )?;
/// assert_eq!((part.meta_data.vote(), part.meta_data.comment()), (Some(5), Some("Quick!")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PartMetaData(PropertyMap);

impl PartMetaData {
    /// Wraps the members.
    #[must_use]
    pub fn new(members: PropertyMap) -> Self {
        Self(members)
    }

    /// Returns all members by name, as they came.
    #[must_use]
    pub fn as_map(&self) -> &PropertyMap {
        &self.0
    }

    /// Returns the members themselves.
    #[must_use]
    pub fn into_map(self) -> PropertyMap {
        self.0
    }

    /// Returns true if there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the rating of the support by the user, 1 to 5.
    #[must_use]
    pub fn vote(&self) -> Option<u64> {
        self.read("vote")
    }

    /// Returns the comment of the user on the vote.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        self.text("comment")
    }

    /// Returns true if the user has replied.
    #[must_use]
    pub fn replied(&self) -> Option<bool> {
        self.read("replied")
    }

    /// Returns the [id](crate::PartAction::id) of the action that the user chose; `answer_action_id` in the
    /// API. A number is read as its digits.
    #[must_use]
    pub fn chosen_action_id(&self) -> Option<String> {
        self.read("answer_action_id")
    }

    /// Returns what the user chose or typed in a bot; `answer_body` in the API. A number is read as its
    /// digits.
    #[must_use]
    pub fn chosen_text(&self) -> Option<Cow<'_, str>> {
        let text = self.text("answer_body").map(Cow::Borrowed);
        text.or_else(|| self.read("answer_body").map(Cow::Owned))
    }

    /// Returns the time at which the user chose or typed it; `answer_time` in the API.
    #[must_use]
    pub fn chosen_at(&self) -> Option<Timestamp> {
        self.read("answer_time")
    }

    /// Returns true if the part was skipped and never shown.
    #[must_use]
    pub fn bot_interrupted(&self) -> Option<bool> {
        self.read("bot_interrupted")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    fn read<T: FromJson>(&self, name: &str) -> Option<T> {
        from_json::value(self.0.get(name)?)
    }
}

impl From<PropertyMap> for PartMetaData {
    fn from(members: PropertyMap) -> Self {
        Self(members)
    }
}

/// An object, or the text of one.
impl FromJson for PartMetaData {
    fn from_text(text: &str) -> Option<Self> {
        PropertyMap::from_text(text).map(Self)
    }

    fn from_map<'de, A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(PropertyMap::from_map(map)?.map(Self))
    }
}

impl Field for PartMetaData {
    type Content = Self;

    fn of(content: Option<Self>) -> Self {
        content.unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for PartMetaData {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_json::field(deserializer)
    }
}
