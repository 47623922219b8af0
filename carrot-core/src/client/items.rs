use std::{
    fmt,
    future::poll_fn,
    task::{Context, Poll, ready},
    vec,
};

use super::Pages;
use crate::{
    Error, Paginate,
    endpoint::{Page, UnreadableRecord},
    types::Cursor,
};

/// Reads a listing record by record. Created by [`Client::items`](super::Client::items).
///
/// A record that a listing contains twice, because it changes while it is read, is returned once; see
/// [`Pages::next`].
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::{apps::Leads, types::Filter};
///
/// let mut leads = client.items(Leads::new().filter(Filter::known("$email")));
/// while let Some(lead) = leads.next().await? {
///     println!("{}", lead.email().unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Items<E: Paginate> {
    pages: Pages<E>,
    page: vec::IntoIter<Result<E::Item, UnreadableRecord>>,
    /// The start of the page of the records that `next` returns now.
    page_cursor: Option<Cursor>,
}

impl<E: Paginate> Items<E> {
    pub(super) fn new(pages: Pages<E>) -> Self {
        Self {
            page_cursor: pages.cursor().cloned(),
            pages,
            page: Vec::new().into_iter(),
        }
    }

    /// Returns the next record, or `None` after the last one.
    ///
    /// Cancel-safe: dropping the future loses no record.
    ///
    /// # Errors
    ///
    /// Those of [`Pages::next`]. A record that cannot be decoded is returned as an error in its place, with
    /// its JSON in [`Error::body`]. [`Error::record_index`] identifies such an error, and the next call
    /// returns the next record. After any other error the next call requests the page again.
    ///
    /// ```
    /// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
    /// use carrot_core::apps;
    ///
    /// let mut leads = client.items(apps::Leads::new());
    /// loop {
    ///     match leads.next().await {
    ///         Ok(Some(lead)) => println!("{}", lead.id),
    ///         Ok(None) => break,
    ///         Err(error) if error.record_index().is_some() => eprintln!("{error}"),
    ///         Err(error) => return Err(error),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn next(&mut self) -> Result<Option<E::Item>, Error> {
        poll_fn(|context| self.poll_item(context)).await.transpose()
    }

    /// Returns the start of the page of the current record, or `None` for the first page of the listing.
    ///
    /// A listing that starts at this cursor, for example in another process, returns the records of that
    /// page again and misses none. It is safe to store once all records that were returned before the
    /// current one are stored; the current one need not be. Store it when it changes, which is once a page,
    /// and store records so that a repeated one does no harm, for example by id.
    #[must_use]
    pub fn page_cursor(&self) -> Option<&Cursor> {
        self.page_cursor.as_ref()
    }

    pub(super) fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<E::Item, Error>>> {
        loop {
            if let Some(record) = self.page.next() {
                match record {
                    Ok(item) => return Poll::Ready(Some(Ok(item))),
                    Err(record) => {
                        return Poll::Ready(Some(Err(self.pages.record_error(record))));
                    }
                }
            }
            match ready!(self.pages.poll_page(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(output)) => {
                    self.page_cursor = self.pages.page_cursor().cloned();
                    self.page = in_order(output).into_iter();
                }
            }
        }
    }
}

/// Returns all records of a page, with the unreadable ones in their places.
fn in_order<T>(page: Page<T>) -> Vec<Result<T, UnreadableRecord>> {
    let count = page.records();
    let mut items = page.items.into_iter();
    let mut unreadable = page.unreadable.into_iter().peekable();
    let record = |index| match unreadable.next_if(|record| record.index == index) {
        Some(record) => Some(Err(record)),
        None => items
            .next()
            .map(Ok)
            // An index beyond the page, which a custom operation may return.
            .or_else(|| unreadable.next().map(Err)),
    };
    (0..count).filter_map(record).collect()
}

impl<E: Paginate> fmt::Debug for Items<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}
