use std::{
    collections::{HashSet, VecDeque},
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use super::{
    Activity, Client,
    offsets::{Join, Offsets, anchored},
};
use crate::{
    ApiVersion, Endpoint, Error, ErrorKind, Paginate,
    endpoint::{MAX_PAGE_SIZE, UnreadableRecord},
    types::{Cursor, CursorKind, NextCursor},
};

/// The most empty pages in a row, so that a listing of empty pages ends.
const MAX_EMPTY_PAGES: u32 = 100;

type Fetch<E> = Pin<Box<dyn Future<Output = (E, Result<<E as Endpoint>::Output, Error>)> + Send>>;

/// Reads a listing page by page. Created by [`Client::pages`].
///
/// The listing ends after the last page, or with [`ErrorKind::RepeatedCursor`],
/// [`ErrorKind::MissingCursor`] or [`ErrorKind::ListMoved`]. After any other error, `next` requests the same page again.
pub struct Pages<E: Paginate> {
    client: Client,
    state: State<E>,
    cursor: Option<Cursor>,
    seen: HashSet<Cursor>,
    /// The start of the page that was returned last.
    page_cursor: Option<Cursor>,
    offsets: Offsets,
    /// The offset of the first page.
    started_at: u64,
    /// Empty pages in a row.
    empty_pages: u32,
    /// The unreadable records of the last page that were not returned as errors yet.
    unreadable: VecDeque<UnreadableRecord>,
}

enum State<E: Paginate> {
    Idle(E),
    /// The request in flight survives a dropped `next`, so no page is lost. The mutex is never locked:
    /// it makes the listing `Sync`, which a future alone is not.
    Fetching(Mutex<Fetch<E>>),
    /// The last page, which was returned, has no usable cursor.
    Broken(ErrorKind),
    Finished,
}

impl<E: Paginate> Pages<E> {
    pub(super) fn new(client: Client, mut endpoint: E) -> Self {
        let paging = endpoint.paging();
        paging.size.get_or_insert(MAX_PAGE_SIZE);
        let cursor = paging.cursor.clone();
        Self {
            client,
            offsets: Offsets::new(cursor.as_ref()),
            started_at: paging.offset(),
            seen: cursor.iter().cloned().collect(),
            page_cursor: cursor.clone(),
            cursor,
            empty_pages: 0,
            unreadable: VecDeque::new(),
            state: State::Idle(endpoint),
        }
    }

    /// Returns the next page, or `None` after the last one.
    ///
    /// Cancel-safe: dropping the future loses no page.
    ///
    /// A record that cannot be decoded does not affect the other records: its page is returned first, with
    /// the record in [`Page::unreadable`](crate::endpoint::Page::unreadable), and the next call returns the
    /// error of the record, with its JSON in [`Error::body`]. [`Error::record_index`] identifies such an
    /// error; the listing continues after it.
    ///
    /// A listing by offset, that of the leads, repeats one record on each page to see whether it moved. If it
    /// became shorter, pages are read again, so that no record is skipped; records that were returned
    /// before are left out. That takes 8 bytes for each record.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`]. A cursor that occurs a second time ends the listing with
    /// [`ErrorKind::RepeatedCursor`], since the listing would repeat forever. A full page without a
    /// cursor ends it with [`ErrorKind::MissingCursor`], since more records may follow. A listing by
    /// offset that may have missed records ends with [`ErrorKind::ListMoved`].
    pub async fn next(&mut self) -> Result<Option<E::Output>, Error> {
        poll_fn(|context| self.poll_next_page(context))
            .await
            .transpose()
    }

    /// Returns the start of the page that [`next`](Self::next) requests next, or `None` for the first
    /// page and after the end of the listing.
    ///
    /// To continue in another process, store the cursor (`Serialize`) and pass it to
    /// [`Paging::starting_at`](crate::endpoint::Paging::starting_at). It is safe to store once the records
    /// of the page that was returned last are stored: a listing that starts there misses none and repeats
    /// none of them. Stored before them, it loses that page if the process ends in between; stored together
    /// with them, in one transaction, it needs no order. After the last page it is `None`, as at the
    /// start: store that the listing [is finished](Self::is_finished) instead.
    ///
    /// ```
    /// # fn store(records: &[carrot_core::types::Event]) {}
    /// # fn store_cursor(json: &str) {}
    /// # fn stored_cursor() -> Option<String> { None }
    /// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use carrot_core::{endpoint::Paging, types::UserRef, users::Events};
    ///
    /// let paging = match stored_cursor() {
    ///     Some(json) => Paging::new().starting_at(serde_json::from_str(&json)?),
    ///     None => Paging::new(),
    /// };
    /// let mut pages = client.pages(Events::new(UserRef::external("ada")).page(paging));
    /// while let Some(page) = pages.next().await? {
    ///     store(&page.items); // first the records,
    ///     if let Some(cursor) = pages.cursor() {
    ///         store_cursor(&serde_json::to_string(cursor)?); // then the cursor
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// Returns the start of the page that was returned last.
    pub(super) fn page_cursor(&self) -> Option<&Cursor> {
        self.page_cursor.as_ref()
    }

    /// Returns true after the last page.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished) && self.unreadable.is_empty()
    }

    /// Returns the next page, or the error of a record of the last page.
    pub(super) fn poll_next_page(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<E::Output, Error>>> {
        if let Some(record) = self.unreadable.pop_front() {
            return Poll::Ready(Some(Err(self.record_error(record))));
        }
        let page = ready!(self.poll_page(context));
        if let Some(Ok(page)) = &page {
            self.unreadable.extend(page.unreadable.iter().cloned());
        }
        Poll::Ready(page)
    }

    /// Returns the error of a record of the page that was returned last.
    pub(super) fn record_error(&self, mut record: UnreadableRecord) -> Error {
        let token = &self.client.shared.token;
        token.redact_in(&mut record.path);
        token.redact_in(&mut record.problem);
        Error::unreadable_record::<E>(record, self.page_cursor.clone())
    }

    pub(super) fn poll_page(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<E::Output, Error>>> {
        loop {
            if let State::Idle(_) = self.state {
                if let State::Idle(endpoint) = mem::replace(&mut self.state, State::Finished) {
                    self.state = State::Fetching(Mutex::new(fetch(self.client.clone(), endpoint)));
                }
            }
            let fetching = match &mut self.state {
                State::Fetching(fetching) => {
                    fetching.get_mut().unwrap_or_else(PoisonError::into_inner)
                }
                State::Broken(kind) => {
                    let error = Error::pagination::<E>(*kind);
                    self.state = State::Finished;
                    return Poll::Ready(Some(Err(error)));
                }
                State::Idle(_) | State::Finished => return Poll::Ready(None),
            };
            let (endpoint, result) = ready!(fetching.as_mut().poll(context));
            if let Some(result) = self.advance(endpoint, result) {
                return Poll::Ready(Some(result));
            }
        }
    }

    /// Moves to the next page after a response. Returns `None` if records moved to an earlier page, which
    /// is read again.
    fn advance(
        &mut self,
        mut endpoint: E,
        result: Result<E::Output, Error>,
    ) -> Option<Result<E::Output, Error>> {
        let mut page = match result {
            Ok(page) => page,
            Err(error) => {
                self.state = State::Idle(endpoint);
                return Some(Err(error));
            }
        };
        let requested = endpoint.paging().cursor.clone();
        let size = endpoint.paging().size.unwrap_or(MAX_PAGE_SIZE);
        let next = page.next.cursor().cloned();
        let next = next.map(|cursor| anchored::<E>(&page, cursor));
        self.page_cursor.clone_from(&requested);
        let is_by_offset = |cursor: Option<&Cursor>| {
            cursor.is_some_and(|cursor| cursor.kind() == CursorKind::Offset)
        };
        if is_by_offset(requested.as_ref()) || is_by_offset(next.as_ref()) {
            let offset = endpoint.paging().offset();
            match self
                .offsets
                .join::<E>(&page, requested.as_ref(), offset, size.into())
            {
                Join::Sound(start) => self.page_cursor = start,
                Join::Back(offset) => {
                    self.read_at(endpoint, Cursor::offset(offset));
                    return None;
                }
                Join::Never => {
                    self.state = State::Finished;
                    self.cursor = None;
                    return Some(Err(Error::pagination::<E>(ErrorKind::ListMoved)));
                }
            }
        }
        let records = page.records();
        let is_new = self.offsets.keep_new::<E>(&mut page);
        if let Some(next) = next
            .as_ref()
            .filter(|next| records > 0 && !is_new && is_by_offset(Some(next)))
        {
            // Nothing but what was returned before. A short page may be the end, which an empty one is.
            let is_short = records < endpoint.paging().limit(size) as usize;
            let next = match is_short {
                true => Cursor::offset(endpoint.paging().offset().saturating_add(records as u64)),
                false => next.clone(),
            };
            self.read_at(endpoint, next);
            return None;
        }
        self.state = State::Finished;
        self.cursor = None;
        self.empty_pages = match records == 0 {
            true => self.empty_pages + 1,
            false => 0,
        };
        let version = self.client.context().version;
        let cursor = match &page.next {
            NextCursor::At(cursor) if fits(cursor, version) => {
                next.unwrap_or_else(|| cursor.clone())
            }
            NextCursor::End => {
                if is_by_offset(requested.as_ref()) && self.offsets.is_incomplete(self.started_at) {
                    self.state = State::Broken(ErrorKind::ListMoved);
                }
                return Some(Ok(page));
            }
            // Without a cursor, a page that is not full is the last one. After a full page more records
            // may follow, and ending here would lose them silently; so would a cursor of the other API
            // version.
            NextCursor::Absent if records < size as usize => return Some(Ok(page)),
            _ => {
                self.state = State::Broken(ErrorKind::MissingCursor);
                return Some(Ok(page));
            }
        };
        // Some listings end with an empty page whose cursor points to itself.
        if records == 0 && requested.as_ref() == Some(&cursor) {
            return Some(Ok(page));
        }
        // An offset may repeat after records moved, and otherwise only grows.
        let is_new = cursor.kind() == CursorKind::Offset || self.seen.insert(cursor.clone());
        if !is_new || self.empty_pages >= MAX_EMPTY_PAGES {
            self.state = State::Broken(ErrorKind::RepeatedCursor);
            return Some(Ok(page));
        }
        self.read_at(endpoint, cursor);
        Some(Ok(page))
    }

    /// Reads the page at this cursor next.
    fn read_at(&mut self, mut endpoint: E, cursor: Cursor) {
        self.cursor = Some(cursor.clone());
        endpoint.paging().continue_at(cursor);
        self.state = State::Idle(endpoint);
    }
}

/// Returns false for a cursor of the other API version, which some responses contain and no request
/// can use.
fn fits(cursor: &Cursor, version: ApiVersion) -> bool {
    match cursor.kind() {
        CursorKind::After => version == ApiVersion::V1,
        CursorKind::Position => version == ApiVersion::V2,
        _ => true,
    }
}

fn fetch<E: Paginate>(client: Client, endpoint: E) -> Fetch<E> {
    Box::pin(async move {
        let result = client.call_in_job(&endpoint, &Activity::default()).await;
        (endpoint, result)
    })
}

impl<E: Paginate> fmt::Debug for Pages<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &E::NAME)
            .field("cursor", &self.cursor)
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
