use carrot_types::{Cursor, Envelope, Meta, NextCursor, read_object};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    PageDirection, Paging, RequestView, ResponseError, UnreadableRecord, read_records, response,
};
use crate::ApiVersion;

/// One page of a listing, with the cursor of the next page.
///
/// Source: <https://developers.dashly.io/webapi/pagination>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The records, in the order of the service.
    pub items: Vec<T>,
    /// The cursor of the next page in the requested direction.
    pub next: NextCursor,
    /// The cursor of the page of newer records. Only with [`PageDirection::Around`], where
    /// [`next`](Self::next) is the page of older records.
    pub newer: NextCursor,
    /// The number of matching records on all pages, if the service returns it, as for leads.
    pub total: Option<u64>,
    /// The records that cannot be decoded, sorted by [`index`](UnreadableRecord::index). They do not make
    /// the page fail, so check this list if no record may be missed. `pages` and `items` return each of
    /// them as an error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<UnreadableRecord>,
}

read_object!(Page<T> {
    items: Vec<T>,
    next: NextCursor,
    newer: NextCursor,
    total: Option<u64>,
    #[serde(default)]
    unreadable: Vec<UnreadableRecord>,
});

impl<T> Page<T> {
    /// Creates a last page.
    #[must_use]
    pub fn new(items: Vec<T>) -> Self {
        Self {
            items,
            next: NextCursor::End,
            newer: NextCursor::Absent,
            total: None,
            unreadable: Vec::new(),
        }
    }

    /// How many records the page has, the unreadable ones included.
    pub(crate) fn records(&self) -> usize {
        self.items.len() + self.unreadable.len()
    }

    /// Sets the cursor of the next page.
    #[must_use = "a setter returns the changed value"]
    pub fn next(mut self, cursor: Cursor) -> Self {
        self.next = NextCursor::At(cursor);
        self
    }

    /// Sets the cursor of the page of newer records.
    #[must_use = "a setter returns the changed value"]
    pub fn newer(mut self, cursor: Cursor) -> Self {
        self.newer = NextCursor::At(cursor);
        self
    }

    /// Sets the number of matching records on all pages.
    #[must_use = "a setter returns the changed value"]
    pub fn total(mut self, records: u64) -> Self {
        self.total = Some(records);
        self
    }
}

impl<T: DeserializeOwned> Page<T> {
    /// Decodes a page, for [`Endpoint::decode`](crate::Endpoint::decode): the records from `data`, the
    /// cursor from `meta`.
    ///
    /// Some samples of one API version contain the cursor of the other version. It is returned if the
    /// right one is missing or `null`, but no request can use it: the listing ends there with an error.
    ///
    /// A record that cannot be decoded does not affect the others: it is in [`unreadable`](Self::unreadable).
    ///
    /// # Errors
    ///
    /// Those of [`response::envelope`].
    pub fn decode(
        version: ApiVersion,
        paging: &Paging,
        body: &[u8],
    ) -> Result<Self, ResponseError> {
        fn open<L: DeserializeOwned>(body: &[u8]) -> Result<(Meta, Option<L>), ResponseError> {
            response::envelope(body).map(|Envelope { meta, data, .. }| (meta, data))
        }
        let (meta, records) = read_records("data", open(body), || open(body))?;
        let direction = paging.requested_direction();
        let mut newer = NextCursor::Absent;
        let after = ("next_after", meta.next_after);
        let before_position = ("next_before_position", meta.next_before_position);
        let ((of_version, next), (of_other, other)) = match (version, direction) {
            (ApiVersion::V1, _) => (after, before_position),
            (ApiVersion::V2, PageDirection::After) => {
                (("next_after_position", meta.next_after_position), after)
            }
            (ApiVersion::V2, PageDirection::Before) => (before_position, after),
            (ApiVersion::V2, PageDirection::Around) => {
                newer = meta.next_after_position;
                (before_position, after)
            }
        };
        for (field, cursor) in [
            (of_version, &next),
            ("next_after_position", &newer),
            (of_other, &other),
        ] {
            if matches!(cursor, NextCursor::Malformed(_)) {
                let path = format!("meta.{field}");
                return Err(ResponseError::unreadable(path, "expected a cursor or null"));
            }
        }
        let next = match (next, other) {
            // Also instead of `null`: more records follow, so the listing must not end here.
            (NextCursor::Absent | NextCursor::End, other @ NextCursor::At(_)) => other,
            (NextCursor::Absent, NextCursor::End) => NextCursor::End,
            // Documented for v1: a last page has `null` or no cursor.
            (NextCursor::Absent, _) if version == ApiVersion::V1 => NextCursor::End,
            (next, _) => next,
        };
        Ok(Self {
            items: records.items,
            next,
            newer,
            total: None,
            unreadable: records.unreadable,
        })
    }
}

impl<T: Serialize> Page<T> {
    /// Writes the response that [`decode`](Self::decode) reads, for
    /// [`EncodeResponse::encode`](crate::endpoint::EncodeResponse::encode).
    ///
    /// # Errors
    ///
    /// A record cannot be serialized.
    pub fn encode(&self, request: &RequestView<'_>) -> Result<Value, serde_json::Error> {
        let mut envelope = Envelope::ok(&self.items);
        let meta = &mut envelope.meta;
        match (request.version(), PageDirection::of(request)) {
            (ApiVersion::V1, _) => meta.next_after = self.next.clone(),
            (ApiVersion::V2, PageDirection::Before) => {
                meta.next_before_position = self.next.clone();
            }
            (ApiVersion::V2, PageDirection::After) => meta.next_after_position = self.next.clone(),
            (ApiVersion::V2, PageDirection::Around) => {
                meta.next_before_position = self.next.clone();
                meta.next_after_position = self.newer.clone();
            }
        }
        serde_json::to_value(envelope)
    }
}
