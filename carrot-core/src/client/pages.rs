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
    offsets::{Offsets, Step, Then},
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
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::apps::Leads;
///
/// let mut pages = client.pages(Leads::new());
/// while let Some(page) = pages.next().await? {
///     println!("{} of {:?}", page.items.len(), page.total);
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages<E: Paginate> {
    client: Client,
    state: State<E>,
    cursor: Option<Cursor>,
    seen: HashSet<Cursor>,
    /// The start of the page that was returned last.
    page_cursor: Option<Cursor>,
    offsets: Offsets,
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
    /// A listing by offset, that of the leads, may move while it is read. So one that is longer than a page is
    /// read twice: after the last page `next` reads it again from the start, and returns a page only if it has
    /// records that the first reading missed. It is repeated, up to three times, until one proves that no
    /// record is missing. Each page repeats one record of the page before. If the list became shorter, pages are read
    /// again; records that were returned before are left out. That takes 16 bytes for each record.
    /// [`Paging::single_pass`](crate::endpoint::Paging::single_pass) reads the list once.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`]. A cursor that occurs a second time ends the listing with
    /// [`ErrorKind::RepeatedCursor`], since the listing would repeat forever. In v2 the last page has the
    /// cursor `null`; a page with records and no cursor ends the listing with
    /// [`ErrorKind::MissingCursor`], since more records may follow. In v1 a page without a cursor is the
    /// last. A listing by offset that may have missed records ends with [`ErrorKind::ListMoved`].
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
    /// none of them. (While a listing by offset is read a second time, it repeats records.) Stored before
    /// them, it loses that page if the process ends in between; stored together
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
    pub(crate) fn poll_next_page(
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

    /// Moves to the next page after a response. Returns `None` if the page has nothing to return.
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
        let records = page.records();
        self.empty_pages = match records == 0 {
            true => self.empty_pages + 1,
            false => 0,
        };
        let is_by_offset = |cursor: Option<&Cursor>| {
            cursor.is_some_and(|cursor| cursor.kind() == CursorKind::Offset)
        };
        let step = match is_by_offset(requested.as_ref()) || is_by_offset(page.next.cursor()) {
            true => self.offsets.step(&mut endpoint, &mut page),
            false => Step {
                then: self.after(&page, requested.as_ref()),
                page: Some(requested),
            },
        };
        self.state = State::Finished;
        self.cursor = None;
        match step.then {
            Then::Read(_) if self.empty_pages >= MAX_EMPTY_PAGES => {
                self.state = State::Broken(ErrorKind::RepeatedCursor);
            }
            Then::Read(cursor) => self.read_at(endpoint, cursor),
            Then::Fail(kind) => self.state = State::Broken(kind),
            Then::End => {}
        }
        step.page.map(|start| {
            self.page_cursor = start;
            Ok(page)
        })
    }

    /// Returns what follows a page of a listing by cursor.
    fn after(&mut self, page: &E::Output, requested: Option<&Cursor>) -> Then {
        let cursor = match &page.next {
            NextCursor::At(cursor) if fits(cursor, self.client.context().version) => cursor,
            NextCursor::End => return Then::End,
            // Nothing says that more records follow.
            NextCursor::Absent if page.records() == 0 => return Then::End,
            // `null` marks the last page. Without a cursor, or with one of the other API version, more
            // records may follow, and ending here would lose them silently.
            _ => return Then::Fail(ErrorKind::MissingCursor),
        };
        // Some listings end with an empty page whose cursor points to itself.
        if page.records() == 0 && requested == Some(cursor) {
            return Then::End;
        }
        match self.seen.insert(cursor.clone()) {
            true => Then::Read(cursor.clone()),
            false => Then::Fail(ErrorKind::RepeatedCursor),
        }
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
