//! All pages of a listing, cut out of a list as they are asked for.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use carrot_core::{
    ApiVersion, Paginate,
    endpoint::{EncodeResponse, Page, RequestView},
    types::{Cursor, InvalidValue},
};
use serde_json::Value;

use super::record::RecordedCall;

type Write =
    Arc<dyn Fn(&RequestView<'_>, Range<usize>) -> Result<Value, serde_json::Error> + Send + Sync>;

/// A list that is given page by page. A cursor is the number of the items in front of it.
#[derive(Clone)]
pub(super) struct Listing {
    total: usize,
    per_page: usize,
    /// The client asks on after a full page, and reads more than one page twice: it may move while it is read.
    moves: bool,
    /// The client reads it twice.
    pub(super) is_checked: bool,
    write: Write,
}

impl Listing {
    pub(super) fn new<E>(items: impl IntoIterator<Item = E::Item>, per_page: u32) -> Self
    where
        E: Paginate + EncodeResponse,
        E::Item: Clone,
    {
        let items: Vec<E::Item> = items.into_iter().collect();
        let total = items.len();
        let moves = items.first().and_then(E::identity).is_some();
        // Items may be `Send` alone, and requests come from many threads.
        let items = Mutex::new(items);
        let write = move |asked: &RequestView<'_>, range: Range<usize>| {
            let end = range.end;
            let items = items.lock().unwrap_or_else(PoisonError::into_inner);
            let items = items.get(range).unwrap_or_default().to_vec();
            let mut page = Page::new(items).total(total as u64);
            if end < total {
                let cursor = cursor(asked.version(), end).map_err(serde::ser::Error::custom)?;
                page = page.next(cursor);
            }
            E::encode(asked, &page)
        };
        Self {
            total,
            per_page: per_page as usize,
            moves,
            is_checked: moves && total > per_page as usize,
            write: Arc::new(write),
        }
    }

    /// The items that a request asks for; the error says why its cursor does not fit.
    fn range(&self, call: &RecordedCall) -> Result<Range<usize>, String> {
        let number = |name: &str| call.param(name)?.parse::<usize>().ok();
        let size = self.asked_size(call).min(self.per_page);
        let start = match (call.param("paginate_position"), call.param("after")) {
            (Some(position), _) => {
                let start = serde_json::from_str(position).ok();
                let start = start.map(|[start]: [usize; 1]| start);
                // The item in front of a cursor was given before, unless it is asked for again.
                let again = call.param("paginate_including") == Some("true");
                start.map(|start| start.saturating_sub(again.into()))
            }
            (None, Some(after)) => after.parse().ok(),
            // A list may have become shorter than an offset.
            (None, None) => return Ok(self.cut(number("offset").unwrap_or_default(), size)),
        };
        match start {
            Some(start) if start <= self.total => Ok(self.cut(start, size)),
            _ => Err("its cursor did not come from the pages of this reply".to_owned()),
        }
    }

    fn asked_size(&self, call: &RecordedCall) -> usize {
        let size = ["paginate_count", "count", "limit"];
        let mut size = size
            .iter()
            .filter_map(|name| call.param(name)?.parse().ok());
        size.next().unwrap_or(self.per_page)
    }

    fn cut(&self, start: usize, size: usize) -> Range<usize> {
        let start = start.min(self.total);
        start..self.total.min(start.saturating_add(size))
    }

    /// True where the page that a request asks for is the last one.
    pub(super) fn ends_with(&self, call: &RecordedCall) -> bool {
        let is_followed = |len| self.moves && len > 0 && len >= self.asked_size(call);
        self.range(call)
            .is_ok_and(|range| range.end == self.total && !is_followed(range.len()))
    }

    /// Writes the page that a request asks for.
    pub(super) fn page(&self, call: &RecordedCall) -> Result<Value, String> {
        let range = self.range(call)?;
        let asked = RequestView::new(call.version(), call.params());
        (self.write)(&asked, range)
            .map_err(|error| format!("the reply does not serialize: {error}"))
    }
}

fn cursor(version: ApiVersion, start: usize) -> Result<Cursor, InvalidValue> {
    match version {
        ApiVersion::V1 => Cursor::after(start.to_string()),
        _ => Cursor::position(format!("[{start}]")),
    }
}
