use std::{
    collections::HashSet,
    fmt,
    future::poll_fn,
    task::{Context, Poll, ready},
    vec,
};

use super::Pages;
use crate::{Error, Paginate, types::Cursor};

/// Reads a listing record by record. Created by [`Client::items`](super::Client::items).
///
/// A listing that changes while it is read may contain a record twice, as that of the leads does. Then
/// the second one is skipped; this takes 8 bytes of memory for each record read.
pub struct Items<E: Paginate> {
    pages: Pages<E>,
    page: vec::IntoIter<E::Item>,
    /// The start of the page of the records that `next` returns now.
    page_cursor: Option<Cursor>,
    seen: HashSet<u64>,
}

impl<E: Paginate> Items<E> {
    pub(super) fn new(pages: Pages<E>) -> Self {
        Self {
            page_cursor: pages.cursor().cloned(),
            pages,
            page: Vec::new().into_iter(),
            seen: HashSet::new(),
        }
    }

    /// Returns the next record, or `None` after the last one.
    ///
    /// Cancel-safe: dropping the future loses no record.
    ///
    /// # Errors
    ///
    /// Those of [`Pages::next`].
    pub async fn next(&mut self) -> Result<Option<E::Item>, Error> {
        poll_fn(|context| self.poll_item(context)).await.transpose()
    }

    /// Returns the start of the page of the current record, or `None` for the first page of the listing.
    ///
    /// A listing that starts at this cursor, for example in another process, returns the records of that
    /// page again and misses none.
    #[must_use]
    pub fn page_cursor(&self) -> Option<&Cursor> {
        self.page_cursor.as_ref()
    }

    pub(super) fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<E::Item, Error>>> {
        loop {
            for item in self.page.by_ref() {
                if E::identity(&item).is_none_or(|identity| self.seen.insert(identity)) {
                    return Poll::Ready(Some(Ok(item)));
                }
            }
            match ready!(self.pages.poll_page(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(output)) => {
                    self.page_cursor = self.pages.page_cursor().cloned();
                    self.page = output.items.into_iter();
                }
            }
        }
    }
}

impl<E: Paginate> fmt::Debug for Items<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}
