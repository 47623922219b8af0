//! Pages of a listing, in both API versions.
//!
//! Source: <https://developers.dashly.io/webapi/pagination>

use std::ops::Bound::{self, Excluded, Included, Unbounded};

use serde_json::{Value, json};

use super::{
    call::Call,
    id_format::IdFormat,
    parameters::{digits, micros},
    response::{Failure, Response},
};

/// Where a record stands in a listing. Positions grow with time.
pub(in crate::sandbox) trait Position: Copy + Ord {
    /// How the cursor of v2 looks, for the error.
    const SHAPE: &'static str;

    /// Reads the elements of `paginate_position`.
    fn read(elements: &[Value]) -> Option<Self>;
    /// Writes `next_before_position` and `next_after_position`.
    fn write(self, ids: IdFormat) -> Value;
    /// Reads `after` of v1.
    fn read_after(text: &str) -> Option<Self>;
    /// Writes `next_after` of v1.
    fn write_after(self, ids: IdFormat) -> Value;
}

/// The id of the record.
impl Position for u64 {
    const SHAPE: &'static str = "must be a JSON array of an id: [1]";

    fn read(elements: &[Value]) -> Option<Self> {
        match elements {
            [id] => read_id(id),
            _ => None,
        }
    }

    fn write(self, ids: IdFormat) -> Value {
        json!([ids.write(self)])
    }

    fn read_after(text: &str) -> Option<Self> {
        digits(text)
    }

    fn write_after(self, ids: IdFormat) -> Value {
        ids.write(self)
    }
}

/// The moment of the last change in microseconds, and the id.
impl Position for (i64, u64) {
    const SHAPE: &'static str = "must be a JSON array of a timestamp and an id: [1.5, 1]";

    fn read(elements: &[Value]) -> Option<Self> {
        let [moment, id] = elements else { return None };
        let moment = match moment {
            Value::Number(number) => micros(&number.to_string())?,
            Value::String(text) => micros(text)?,
            _ => return None,
        };
        Some((moment, read_id(id)?))
    }

    fn write(self, ids: IdFormat) -> Value {
        json!([decimal_seconds(self.0), ids.write(self.1)])
    }

    fn read_after(text: &str) -> Option<Self> {
        // No two changes have the same moment, so the id may be left out.
        Some((micros(text)?, 0))
    }

    fn write_after(self, _ids: IdFormat) -> Value {
        json!(decimal_seconds(self.0))
    }
}

fn read_id(id: &Value) -> Option<u64> {
    id.as_u64().or_else(|| digits(id.as_str()?))
}

fn decimal_seconds(micros: i64) -> f64 {
    // Exact enough: microseconds of our time need 51 of the 53 bits.
    micros as f64 / 1e6
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Direction {
    Before,
    After,
    Around,
}

impl Direction {
    pub(in crate::sandbox) const ALL: [Self; 3] = [Self::Before, Self::After, Self::Around];
}

/// Which page is asked for.
#[derive(Debug)]
pub(in crate::sandbox) struct Window<K> {
    from: Option<K>,
    count: usize,
    direction: Direction,
    including: bool,
    ascending: bool,
}

impl<K: Position> Window<K> {
    /// Reads the parameters of the API version.
    pub(in crate::sandbox) fn read(call: &Call, allowed: &[Direction]) -> Result<Self, Failure> {
        let parameters = &call.parameters;
        let count = |name| {
            let count = parameters.integer(name, 1..=50)?.unwrap_or(20);
            Ok(usize::try_from(count).unwrap_or(20))
        };
        if call.is_v1() {
            // Clients that know no first position start with 0, and nothing stands before it.
            let from = parameters
                .text("after")
                .filter(|text| *text != "0")
                .map(|text| {
                    let rule = "must be the `next_after` of an earlier page";
                    K::read_after(text).ok_or_else(|| Failure::validation("after", rule))
                })
                .transpose()?;
            return Ok(Self {
                from,
                count: count("count")?,
                direction: Direction::Before,
                including: false,
                ascending: false,
            });
        }
        let from = match parameters.json("paginate_position")? {
            None | Some(Value::Null) => None,
            Some(position) => {
                let elements = position.as_array().map(Vec::as_slice).unwrap_or_default();
                let from = K::read(elements);
                Some(from.ok_or_else(|| Failure::validation("paginate_position", K::SHAPE))?)
            }
        };
        let name = "paginate_direction";
        let direction = match parameters.one_of(name, &["before", "after", "around"])? {
            Some("after") => Direction::After,
            Some("around") => Direction::Around,
            _ => Direction::Before,
        };
        if !allowed.contains(&direction) {
            let rule = "is a direction that this method does not allow";
            return Err(Failure::validation(name, rule));
        }
        if direction == Direction::Around && from.is_none() {
            let rule = "is required to read around it";
            return Err(Failure::validation("paginate_position", rule));
        }
        Ok(Self {
            from,
            count: count("paginate_count")?,
            direction,
            including: parameters.is_set("paginate_including"),
            ascending: parameters.one_of("paginate_page_order", &["asc", "desc"])? == Some("asc"),
        })
    }

    /// The page, from what the listing has in a range of positions, oldest first.
    pub(in crate::sandbox) fn select<I: DoubleEndedIterator<Item = K>>(
        &self,
        listed: impl Fn((Bound<K>, Bound<K>)) -> I,
    ) -> Page<K> {
        let (older, newer) = match self.direction {
            Direction::Before => (self.count, None),
            Direction::After => (0, Some(self.count)),
            // The element at the cursor counts to the older half.
            Direction::Around => (self.count.div_ceil(2), Some(self.count / 2)),
        };
        let bound = |including: bool| match self.from {
            None => Unbounded,
            Some(from) if including => Included(from),
            Some(from) => Excluded(from),
        };
        let mut page = Page {
            keys: Vec::new(),
            older: None,
            newer: None,
        };
        if self.direction != Direction::After {
            let mut keys = listed((Unbounded, bound(self.including))).rev();
            page.keys.extend(keys.by_ref().take(older));
            let end = page.keys.last().copied().or(self.from);
            page.older = Some(end.filter(|_| keys.next().is_some()));
        }
        if let Some(newer) = newer {
            let including = self.including && self.direction == Direction::After;
            let mut keys = listed((bound(including), Unbounded));
            let found: Vec<K> = keys.by_ref().take(newer).collect();
            let end = found.last().copied().or(self.from);
            page.newer = Some(end.filter(|_| keys.next().is_some()));
            page.keys.extend(found);
        }
        page.keys.sort_unstable();
        if !self.ascending {
            page.keys.reverse();
        }
        page
    }
}

/// The positions of a page in its order, and the starts of the pages beside it: `None` where that
/// direction was not asked for, `Some(None)` at its end.
#[derive(Debug)]
pub(in crate::sandbox) struct Page<K> {
    pub(in crate::sandbox) keys: Vec<K>,
    older: Option<Option<K>>,
    newer: Option<Option<K>>,
}

impl<K: Position> Page<K> {
    /// The response with these records and the cursors of the API version.
    pub(in crate::sandbox) fn response(&self, call: &Call, records: Vec<Value>) -> Response {
        let ids = call.ids();
        let mut response = Response::new(records.into());
        if call.is_v1() {
            let next = self.older.flatten().map(|key| key.write_after(ids));
            return response.meta("next_after", next);
        }
        for (name, next) in [
            ("next_before_position", self.older),
            ("next_after_position", self.newer),
        ] {
            if let Some(next) = next {
                response = response.meta(name, next.map(|key| key.write(ids)));
            }
        }
        response
    }
}
