use carrot_types::{Cursor, Envelope, NextCursor};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{AnswerError, PageDirection, Paging, answer};
use crate::ApiVersion;

/// One page of a listing, and where the next one begins.
///
/// Source: <https://developers.dashly.io/webapi/pagination>
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The records, in the order of the service.
    pub items: Vec<T>,
    /// Where the next page begins, in the direction that was asked for; `None` on the last page.
    pub next: Option<Cursor>,
    /// Where the page of newer records begins. Only with [`PageDirection::Around`], which goes both
    /// ways: [`next`](Self::next) is then the page of older records.
    pub newer: Option<Cursor>,
}

impl<T> Page<T> {
    /// A last page.
    #[must_use]
    pub fn new(items: Vec<T>) -> Self {
        Self {
            items,
            next: None,
            newer: None,
        }
    }

    /// Sets where the next page begins.
    #[must_use = "a setter returns the changed value"]
    pub fn next(mut self, cursor: Cursor) -> Self {
        self.next = Some(cursor);
        self
    }

    /// Sets where the page of newer records begins.
    #[must_use = "a setter returns the changed value"]
    pub fn newer(mut self, cursor: Cursor) -> Self {
        self.newer = Some(cursor);
        self
    }
}

impl<T: DeserializeOwned> Page<T> {
    /// Reads a page, for [`Endpoint::decode`](crate::Endpoint::decode): the records from `data`, the
    /// cursor from `meta`.
    ///
    /// # Errors
    ///
    /// Those of [`answer::envelope`]; and a page with records, of generation 2, that does not say
    /// where the next one begins.
    pub fn decode(version: ApiVersion, paging: &Paging, body: &[u8]) -> Result<Self, AnswerError> {
        let Envelope { meta, data, .. } = answer::envelope::<Option<Vec<T>>>(body)?;
        let items = data.unwrap_or_default();
        let (next, newer) = match version {
            // Absent on the last page of some lists, `null` on that of others.
            ApiVersion::V1 => (meta.next_after.cursor().cloned(), None),
            ApiVersion::V2 => {
                let older = &meta.next_before_position;
                let newer = &meta.next_after_position;
                let required = |field: &'static str, cursor: &NextCursor| match cursor {
                    // `null` says that the listing ends. Without the field nobody knows, and to stop
                    // would lose the rest in silence.
                    NextCursor::Absent if !items.is_empty() => Err(AnswerError::unreadable(
                        format!("meta.{field}"),
                        "the cursor of the next page is missing",
                    )),
                    cursor => Ok(cursor.cursor().cloned()),
                };
                match paging.asked_direction() {
                    PageDirection::Before => (required("next_before_position", older)?, None),
                    PageDirection::After => (required("next_after_position", newer)?, None),
                    PageDirection::Around => (
                        required("next_before_position", older)?,
                        required("next_after_position", newer)?,
                    ),
                }
            }
        };
        Ok(Page { items, next, newer })
    }
}

impl<T: Serialize> Page<T> {
    /// Writes the answer that [`decode`](Self::decode) reads back, for
    /// [`Endpoint::encode`](crate::Endpoint::encode).
    ///
    /// # Errors
    ///
    /// A record does not serialize.
    pub fn encode(&self, version: ApiVersion, paging: &Paging) -> Result<Value, serde_json::Error> {
        let at = |cursor: &Option<Cursor>| match cursor {
            Some(cursor) => NextCursor::At(cursor.clone()),
            None => NextCursor::End,
        };
        let mut envelope = Envelope::ok(&self.items);
        let meta = &mut envelope.meta;
        match (version, paging.asked_direction()) {
            (ApiVersion::V1, _) => meta.next_after = at(&self.next),
            (ApiVersion::V2, PageDirection::Before) => meta.next_before_position = at(&self.next),
            (ApiVersion::V2, PageDirection::After) => meta.next_after_position = at(&self.next),
            (ApiVersion::V2, PageDirection::Around) => {
                meta.next_before_position = at(&self.next);
                meta.next_after_position = at(&self.newer);
            }
        }
        serde_json::to_value(envelope)
    }
}
