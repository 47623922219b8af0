use serde::Serialize;
use serde_json::Value;

use crate::{ArticleId, serde_util::json};

/// An article of the knowledge base, as a conversation part quotes it.
///
/// Observed in the vendor's own chat; no page documents it.
///
/// ```
/// use carrot_types::{ArticleId, ConversationPart};
///
/// let part: ConversationPart = serde_json::from_str(
///     r#"{"id": 1, "type": "article", "body_json": {"article": 151, "name": "Delivery"}}"#,
/// )?;
/// let article = part.article().expect("an article");
/// assert_eq!((article.id, article.name.as_deref()), (ArticleId::new(151), Some("Delivery")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Article {
    /// Its id; `article` in the API.
    #[serde(rename = "article")]
    pub id: ArticleId,
    /// Its category. A number is read as its digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
}

model!(Article::new(id: ArticleId => with_id = "article") {
    with_category(category: String),
    with_name(name: String),
    with_short_description(short_description: String),
});

impl Article {
    /// Reads the `body_json` of a part, which is an object or the text of one.
    pub(crate) fn in_body_json(content: &Value) -> Option<Self> {
        match content {
            Value::String(text) => json::read(text).ok(),
            content => serde_json::from_value(content.clone()).ok(),
        }
    }
}
