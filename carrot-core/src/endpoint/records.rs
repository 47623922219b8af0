//! Reads the records of a page, each by itself where they cannot be read together.

use std::fmt;

use carrot_types::json;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::ResponseError;

/// The largest part of a record that is kept, in bytes.
const MAX_KEPT_JSON: usize = 4 * 1024;

/// A record of a page that cannot be read. The other records of the page are read all the same.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnreadableRecord {
    /// The position on the page, from 0; the readable records count too.
    pub index: usize,
    /// The place in the body, such as `data[3].id`.
    pub path: String,
    /// What was expected there and what was found, without the value.
    pub problem: String,
    /// The JSON of the record as received, up to 4 KiB. It may hold people's data.
    pub json: String,
}

impl UnreadableRecord {
    /// Creates the error of a record that does not follow the documentation, for a
    /// [`Page`](super::Page) of your own. JSON beyond 4 KiB is cut.
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

/// Reads all records together, which costs the least, and each by itself only where that fails.
///
/// `whole` and `each` open the body around the list, which stands at `place`. Both give what the body says
/// beside the list.
pub(crate) fn read<T: DeserializeOwned, B>(
    place: &str,
    whole: Result<(B, Option<Vec<T>>), ResponseError>,
    each: impl FnOnce() -> Result<(B, Option<Vec<Box<RawValue>>>), ResponseError>,
) -> Result<(B, Records<T>), ResponseError> {
    let error = match whole {
        Ok((beside, items)) => {
            let records = Records {
                items: items.unwrap_or_default(),
                unreadable: Vec::new(),
            };
            return Ok((beside, records));
        }
        Err(error @ ResponseError::Service(_)) => return Err(error),
        Err(error) => error,
    };
    // Where there is no list, the first error says more.
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

/// The text up to the cap, without half a character at its end.
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
    fn long_json_is_cut_between_characters() {
        for extra in 0..3 {
            let text = format!("{}{}", "a".repeat(MAX_KEPT_JSON - extra), "я".repeat(9));
            let record = UnreadableRecord::new(0, String::new(), String::new(), &text);
            assert!((MAX_KEPT_JSON - 1..=MAX_KEPT_JSON).contains(&record.json.len()));
            assert!(text.starts_with(&record.json));
            assert!(!format!("{record:?}").contains("aaa"));
        }
    }
}
