//! Many calls, a bounded number at a time.

mod report;

use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    ops::ControlFlow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pub use self::report::{CallAllReport, Item, Progress};
use crate::{Client, Endpoint, Error, client::Activity};

const CONCURRENCY: usize = 8;

/// An operation for each of many items; made by [`Client::call_all`].
///
/// Take the outcomes one by one with [`next`](Self::next), or all together with [`run`](Self::run).
///
/// It loses no item, but for one whose operation panics while it is made. To stop, break from the
/// callback of `run`, or call [`stop`](Self::stop): what is on its way is finished, nothing new is
/// sent, and the report has the other items, for another time; see [`into_rest`](CallAllReport::into_rest).
/// Where there is no time to finish, as when a program has to end now,
/// [`into_report`](Self::into_report) gives up what is on its way and names it. The futures of `run`
/// and `next` can be dropped at any point as long as this is kept: the next `run` or `next` goes on
/// where they were.
///
/// ```
/// # async fn example(
/// #     client: &carrot_core::Client,
/// #     mut told_to_end: impl FnMut() -> bool,
/// # ) {
/// use std::ops::ControlFlow;
///
/// use carrot_core::{conversations::Close, types::ConversationId};
///
/// let close = |id: &ConversationId| Close::new(*id);
/// let report = client
///     .call_all((700..800).map(ConversationId::new), close)
///     .run(|_| match told_to_end() {
///         true => ControlFlow::Break(()),
///         false => ControlFlow::Continue(()),
///     })
///     .await;
/// for (id, error) in &report.failed {
///     eprintln!("{id}: {error}");
/// }
/// // Later:
/// client.call_all(report.into_rest(), close).run(|_| ControlFlow::Continue(())).await;
/// # }
/// ```
#[must_use = "nothing is sent until it is run"]
pub struct CallAll<I: Iterator, F, E: Endpoint> {
    client: Client,
    operation: F,
    concurrency: usize,
    stopped: bool,
    progress: Progress,
    in_flight: Vec<InFlight<I::Item, E::Output>>,
    /// What the next [`run`](Self::run) will report; its `rest` is where items come from.
    report: CallAllReport<I, E::Output>,
}

impl Client {
    /// Calls an operation for each of many items, several at a time, under the rate limit.
    ///
    /// A failure does not stop the rest, and the callback can; see [`CallAll`]. The deadline of a single
    /// call does not apply, only that of each attempt: the work takes as long as the rate limit needs.
    ///
    /// ```
    /// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::ops::ControlFlow;
    ///
    /// use carrot_core::{conversations::Close, types::ConversationId};
    ///
    /// let stale = [716, 717, 718].map(ConversationId::new);
    /// let report = client
    ///     .call_all(stale, |id| Close::new(*id))
    ///     .concurrency(4)
    ///     .run(|progress| {
    ///         println!("{} closed", progress.succeeded);
    ///         ControlFlow::Continue(())
    ///     })
    ///     .await;
    /// for (id, error) in &report.failed {
    ///     eprintln!("{id}: {error}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_all<I, F, E>(&self, items: I, operation: F) -> CallAll<I::IntoIter, F, E>
    where
        I: IntoIterator,
        F: FnMut(&I::Item) -> E,
        E: Endpoint + 'static,
    {
        CallAll::new(self.clone(), items.into_iter(), operation)
    }
}

/// The item stands beside its call, so that it outlives it.
struct InFlight<T, O> {
    item: T,
    is_idempotent: bool,
    activity: Arc<Activity>,
    /// Boxed, so that it can be polled among others without being pinned in place.
    call: Pin<Box<dyn Future<Output = Result<O, Error>> + Send>>,
}

impl<T, O> InFlight<T, O> {
    fn begin<E>(client: Client, endpoint: E, item: T) -> Self
    where
        E: Endpoint<Output = O> + 'static,
    {
        let activity = Arc::<Activity>::default();
        Self {
            item,
            is_idempotent: endpoint.is_idempotent(),
            activity: Arc::clone(&activity),
            call: Box::pin(async move { client.call_in_job(&endpoint, &activity).await }),
        }
    }

    fn is_unsent(&self) -> bool {
        self.activity.is_unsent()
    }
}

impl<I, F, E> CallAll<I, F, E>
where
    I: Iterator,
    F: FnMut(&I::Item) -> E,
    E: Endpoint + 'static,
{
    /// At most this many calls at a time: 8 by default; 0 counts as 1. More than the rate limit allows at
    /// once gains nothing.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// The next outcome, in the order in which the calls end; `None` when all is done, or all that
    /// was begun before [`stop`](Self::stop). No report has it then.
    ///
    /// Dropping the future loses nothing: the next call goes on where it was. Between the two the
    /// time of each attempt runs on, and calls that wait for the rate limit keep the places they are
    /// given. So where other calls are made between two outcomes, keep the concurrency below the
    /// limit of the rate limit, or those wait for places that nobody uses.
    pub async fn next(&mut self) -> Option<Item<I::Item, E::Output>> {
        poll_fn(|context| self.poll_outcome(context)).await
    }

    /// Calls for all items and reports. `watch` is told after each; when it breaks, that is
    /// [`stop`](Self::stop), and it is still told of what is on its way.
    ///
    /// Dropping the future loses nothing as long as this is kept: the next `run` goes on where it
    /// was, and reports everything since the last report.
    pub async fn run(
        &mut self,
        mut watch: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> CallAllReport<I, E::Output> {
        while let Some(outcome) = self.next().await {
            self.report.add(outcome);
            if watch(&self.progress).is_break() {
                self.stop();
            }
        }
        self.take_report()
    }

    fn poll_outcome(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Item<I::Item, E::Output>>> {
        if self.stopped {
            self.take_back_unsent();
        }
        while !self.stopped && self.in_flight.len() < self.concurrency {
            let Some(items) = &mut self.report.rest else {
                break;
            };
            let Some(item) = items.next() else {
                // Nothing is left, and it is not asked again.
                self.report.rest = None;
                break;
            };
            let endpoint = (self.operation)(&item);
            self.progress.begun += 1;
            let one = InFlight::begin(self.client.clone(), endpoint, item);
            self.in_flight.push(one);
        }
        let ready = self
            .in_flight
            .iter_mut()
            .enumerate()
            .find_map(|(index, one)| match one.call.as_mut().poll(context) {
                Poll::Ready(result) => Some((index, result)),
                Poll::Pending => None,
            });
        match ready {
            Some((index, result)) => {
                // The order stays: the oldest is polled first, so that none waits behind ever new ones.
                let InFlight { item, .. } = self.in_flight.remove(index);
                let outcome = Item::new(item, result);
                self.progress.count(&outcome);
                Poll::Ready(Some(outcome))
            }
            None if self.in_flight.is_empty() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl<I: Iterator, F, E: Endpoint> CallAll<I, F, E> {
    pub(super) fn new(client: Client, items: I, operation: F) -> Self {
        Self {
            client,
            operation,
            concurrency: CONCURRENCY,
            stopped: false,
            progress: Progress::default(),
            in_flight: Vec::new(),
            report: CallAllReport::new(items),
        }
    }

    /// Begins no more calls, and gives up those of which the service saw nothing yet, such as those
    /// that wait for the rate limit: their items are [`unsent`](CallAllReport::unsent). The others go on with
    /// [`next`](Self::next) and [`run`](Self::run).
    pub fn stop(&mut self) {
        self.stopped = true;
        self.take_back_unsent();
    }

    fn take_back_unsent(&mut self) {
        let in_flight = mem::take(&mut self.in_flight).into_iter();
        let (unsent, on_its_way) = in_flight.partition::<Vec<_>, _>(InFlight::is_unsent);
        self.in_flight = on_its_way;
        self.progress.begun -= unsent.len();
        let unsent = unsent.into_iter().map(|one| (one.item, one.call));
        let (items, calls): (Vec<_>, Vec<_>) = unsent.unzip();
        self.report.unsent.extend(items);
        // At the end, since the observer is told of each here, and is code of the program.
        drop(calls);
    }

    /// How far the work is, from its beginning.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Ends the work at once, without waiting for what is on its way: those calls are given up, and
    /// their items are [`cut_off`](CallAllReport::cut_off), or [`unsent`](CallAllReport::unsent) where the
    /// service saw nothing of them. What [`next`](Self::next) gave, and what [`run`](Self::run)
    /// reported before, is not in the report.
    #[must_use = "the items that are not done are in it"]
    pub fn into_report(mut self) -> CallAllReport<I, E::Output> {
        self.stop();
        let given_up = self.in_flight.drain(..);
        let mut report = mem::take(&mut self.report);
        report.cut_off = given_up.map(|one| (one.item, one.is_idempotent)).collect();
        report
    }

    fn take_report(&mut self) -> CallAllReport<I, E::Output> {
        mem::take(&mut self.report)
    }
}

impl<I: Iterator, F, E: Endpoint> fmt::Debug for CallAll<I, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Each")
            .field("operation", &E::NAME)
            .field("progress", &self.progress)
            .field("concurrency", &self.concurrency)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
