//! Decodes the records of a page, one by one if they cannot be decoded together.

use std::{fmt, marker::PhantomData};

use carrot_types::{json, read_object};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{ResponseError, paging::MAX_PAGE_SIZE};

/// The largest part of a record that is kept, in bytes.
const MAX_KEPT_JSON: usize = 4 * 1024;

/// A record of a page that cannot be decoded. It does not affect the other records of the page.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UnreadableRecord {
    /// The position on the page, from 0; the readable records count too.
    pub index: usize,
    /// The path in the body, such as `data[3].id`.
    pub path: String,
    /// What was expected and what was found, without the value.
    pub problem: String,
    /// The JSON of the record as received, up to 4 KiB. May contain personal data.
    pub json: String,
}

read_object!(UnreadableRecord {
    index: usize,
    path: String,
    problem: String,
    json: String,
});

impl UnreadableRecord {
    /// Creates the error of a record, for your own [`Page`](super::Page). Truncates JSON beyond 4 KiB.
    #[must_use]
    pub fn new(index: usize, path: String, problem: String, json: &str) -> Self {
        Self {
            index,
            path,
            problem,
            json: start_of(json).to_owned(),
        }
    }
}

/// Shows the length of the JSON instead of the JSON.
impl fmt::Debug for UnreadableRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableRecord")
            .field("index", &self.index)
            .field("path", &self.path)
            .field("problem", &self.problem)
            .field("json_bytes", &self.json.len())
            .finish()
    }
}

/// The records of a page.
pub(crate) struct Records<T> {
    pub(crate) items: Vec<T>,
    pub(crate) unreadable: Vec<UnreadableRecord>,
}

/// A list with room for a whole page from the first record on: a list that grows moves those that it has.
pub(crate) struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.is_empty() {
                items.reserve_exact(MAX_PAGE_SIZE as usize);
            }
            items.push(item);
        }
        items.shrink_to_fit();
        Ok(List(items))
    }
}

/// Decodes all records together, which is fastest, and one by one only if that fails.
///
/// `whole` and `each` decode the body around the list, which is at `place`. Both also return the rest of
/// the body.
pub(crate) fn read<T: DeserializeOwned, B>(
    place: &str,
    whole: Result<(B, Option<List<T>>), ResponseError>,
    each: impl FnOnce() -> Result<(B, Option<Vec<Box<RawValue>>>), ResponseError>,
) -> Result<(B, Records<T>), ResponseError> {
    let error = match whole {
        Ok((beside, items)) => {
            let records = Records {
                items: items.map(|List(items)| items).unwrap_or_default(),
                unreadable: Vec::new(),
            };
            return Ok((beside, records));
        }
        Err(error @ ResponseError::Service(_)) => return Err(error),
        Err(error) => error,
    };
    // Without a list, the first error is more precise.
    let (beside, list) = each().map_err(|_| error)?;
    let mut records = Records {
        items: Vec::new(),
        unreadable: Vec::new(),
    };
    for (index, raw) in list.unwrap_or_default().iter().enumerate() {
        match json::read(raw.get()) {
            Ok(item) => records.items.push(item),
            Err(error) => {
                let path = match error.path() {
                    "." => format!("{place}[{index}]"),
                    below if below.starts_with('[') => format!("{place}[{index}]{below}"),
                    below => format!("{place}[{index}].{below}"),
                };
                let problem = error.problem().to_owned();
                let record = UnreadableRecord::new(index, path, problem, raw.get());
                records.unreadable.push(record);
            }
        }
    }
    Ok((beside, records))
}

/// Truncates a text to the limit, between two characters.
fn start_of(text: &str) -> &str {
    let mut end = MAX_KEPT_JSON.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_json_is_truncated_between_characters() {
        for extra in 0..3 {
            let text = format!("{}{}", "a".repeat(MAX_KEPT_JSON - extra), "я".repeat(9));
            let record = UnreadableRecord::new(0, String::new(), String::new(), &text);
            assert!((MAX_KEPT_JSON - 1..=MAX_KEPT_JSON).contains(&record.json.len()));
            assert!(text.starts_with(&record.json));
            assert!(!format!("{record:?}").contains("aaa"));
        }
    }
}
