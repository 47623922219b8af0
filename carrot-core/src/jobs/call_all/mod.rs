//! Many calls with bounded concurrency.

mod report;
mod woken;

use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    ops::ControlFlow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

pub use self::report::{CallAllReport, CancelledItem, Item, Progress};
use self::woken::{Signal, Woken};
use crate::{Client, Endpoint, Error, client::Activity};

const CONCURRENCY: usize = 8;

/// Calls one operation for each of many items. Created by [`Client::call_all`].
///
/// Read the results one by one with [`next`](Self::next), or all of them with [`run`](Self::run).
///
/// To stop, break from the callback of `run`, or call [`stop`](Self::stop): calls in flight finish,
/// no new call starts, and the report holds the remaining items; see
/// [`into_rest`](CallAllReport::into_rest). To stop without waiting,
/// [`into_report`](Self::into_report) cancels the calls in flight and reports their items. No item is
/// lost, except one for which the closure panics.
///
/// The futures of `run` and `next` are cancel-safe: the next `run` or `next` resumes the work.
///
/// ```
/// # async fn example(
/// #     client: &carrot_core::Client,
/// #     mut is_shutting_down: impl FnMut() -> bool,
/// # ) {
/// use std::ops::ControlFlow;
///
/// use carrot_core::{conversations::Close, types::ConversationId};
///
/// let close = |id: &ConversationId| Close::new(*id);
/// let report = client
///     .call_all((700..800).map(ConversationId::new), close)
///     .run(|_| match is_shutting_down() {
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
///
/// # A job that may be killed
///
/// Log each item before its first request and after its result. After a restart an item with neither
/// entry was not sent, one with both is done, and one with the first alone may have been applied: find
/// out, for example with [`Client::reconcile_reply`], before you send it again. An item that waits for the
/// rate limit is not logged yet, so at most as many items as were in flight are in doubt. Before you append
/// to the log again, remove a last line without a line break: the process ended while it wrote it.
///
/// ```
/// # async fn example(
/// #     client: &carrot_core::Client,
/// #     todo: Vec<carrot_core::types::ConversationId>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// use std::{
///     fs::File,
///     io::{self, Write},
///     ops::ControlFlow,
/// };
///
/// use carrot_core::{conversations::Reply, types::{ConversationId, RandomId}};
///
/// let log = &File::options().create(true).append(true).open("replies.log")?;
/// let note = |mut log: &File, what: &str, id: &ConversationId| -> io::Result<()> {
///     writeln!(log, "{what} {id}")?;
///     log.sync_data()
/// };
/// // The same number for the same reply in every run, to find it again.
/// let random_id = RandomId::new(20_261_126)?;
/// let mut replies = client
///     .call_all(todo, |id| Reply::new(*id, "We are back").random_id(random_id))
///     .on_start(|id| match note(log, "start", id) {
///         Ok(()) => ControlFlow::Continue(()),
///         Err(_) => ControlFlow::Break(()), // what is not logged is not sent
///     });
/// while let Some(reply) = replies.next().await {
///     match reply.result {
///         Ok(_) => note(log, "done", &reply.item)?,
///         // Without a second entry it may have been applied.
///         Err(error) if error.may_have_been_applied() => eprintln!("{}: {error}", reply.item),
///         Err(_) => note(log, "failed", &reply.item)?,
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until it is run"]
pub struct CallAll<I: Iterator, F, E: Endpoint, S = fn(&<I as Iterator>::Item) -> ControlFlow<()>> {
    client: Client,
    operation: F,
    on_start: S,
    concurrency: usize,
    stopped: bool,
    progress: Progress,
    slots: Vec<Slot<I::Item, E::Output>>,
    free: Vec<usize>,
    woken: Woken,
    /// The number of calls that have been created.
    created: usize,
    /// The next report of [`run`](Self::run). Its `rest` is the source of the items.
    report: CallAllReport<I, E::Output>,
}

impl Client {
    /// Calls an operation for each of many items, several at a time, within the rate limit.
    ///
    /// A failed call does not stop the others; see [`CallAll`] for how to stop. The timeout of an
    /// attempt applies. The timeout of a call does not, since a call may wait long for the rate limit.
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

/// One of the concurrent calls. The next one in its slot uses its waker again.
struct Slot<T, O> {
    signal: Signal,
    call: Option<InFlight<T, O>>,
}

/// A call in flight. Keeps the item, so that a cancelled call does not lose it.
struct InFlight<T, O> {
    item: T,
    /// The order in which the calls were created.
    number: usize,
    is_idempotent: bool,
    /// The first request was sent.
    is_started: bool,
    activity: Arc<Activity>,
    /// Boxed, so that the list of calls can move it.
    call: Pin<Box<dyn Future<Output = Result<O, Error>> + Send>>,
}

impl<T, O> InFlight<T, O> {
    fn start<E>(client: Client, endpoint: E, item: T, number: usize) -> Self
    where
        E: Endpoint<Output = O> + 'static,
    {
        let activity = Arc::new(Activity::gated());
        Self {
            item,
            number,
            is_idempotent: endpoint.is_idempotent(),
            is_started: false,
            activity: Arc::clone(&activity),
            call: Box::pin(async move { client.call_in_job(&endpoint, &activity).await }),
        }
    }

    fn is_unsent(&self) -> bool {
        self.activity.is_unsent()
    }
}

impl<I, F, E, S> CallAll<I, F, E, S>
where
    I: Iterator,
    F: FnMut(&I::Item) -> E,
    E: Endpoint + 'static,
    S: FnMut(&I::Item) -> ControlFlow<()>,
{
    /// Sets the maximum number of concurrent calls. 8 by default; 0 counts as 1. More than the burst of
    /// the rate limit does not make the work faster.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Waits for the next result, in the order in which the calls end. Returns `None` after the last
    /// item, or, after [`stop`](Self::stop), after the last call in flight. No report repeats a result
    /// that `next` returned.
    ///
    /// Cancel-safe: dropping the future loses no result. The calls make progress only while this
    /// future is polled; in between, the timeouts of attempts run, and other calls get the permits of calls
    /// that are not polled. A program that drops `next` again and again should give it a window of the rate
    /// limit each time: with less, other calls can use all permits of a low limit.
    pub async fn next(&mut self) -> Option<Item<I::Item, E::Output>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    /// Makes all calls and returns a report. `watch` runs after each call. If it returns `Break`,
    /// [`stop`](Self::stop) is called; `watch` still runs after each call in flight.
    ///
    /// Cancel-safe: after the future is dropped, the next `run` resumes the work and reports everything
    /// since the last report.
    pub async fn run(
        &mut self,
        mut watch: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> CallAllReport<I, E::Output> {
        while let Some(item) = self.next().await {
            self.report.add(item);
            if watch(&self.progress).is_break() {
                self.stop();
            }
        }
        self.take_report()
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Item<I::Item, E::Output>>> {
        if self.stopped {
            self.take_back_unsent();
        }
        self.woken.start_round();
        self.start_calls();
        while let Some(slot) = self.woken.first() {
            let polled = self.poll_slot(slot);
            self.woken.polled();
            if let Poll::Ready(item) = polled {
                return Poll::Ready(Some(item));
            }
        }
        if self.free.len() == self.slots.len() {
            return Poll::Ready(None);
        }
        self.woken.wait(context);
        Poll::Pending
    }

    fn start_calls(&mut self) {
        while !self.stopped && self.slots.len() - self.free.len() < self.concurrency {
            let Some(items) = &mut self.report.rest else {
                break;
            };
            let Some(item) = items.next() else {
                // An iterator must not be polled again after its end.
                self.report.rest = None;
                break;
            };
            let endpoint = (self.operation)(&item);
            let call = InFlight::start(self.client.clone(), endpoint, item, self.created);
            self.created += 1;
            let index = match self.free.pop() {
                Some(index) => {
                    if let Some(slot) = self.slots.get_mut(index) {
                        slot.call = Some(call);
                    }
                    index
                }
                None => {
                    let index = self.slots.len();
                    self.slots.push(Slot {
                        signal: self.woken.signal(index),
                        call: Some(call),
                    });
                    index
                }
            };
            self.woken.push(index);
        }
    }

    fn poll_slot(&mut self, index: usize) -> Poll<Item<I::Item, E::Output>> {
        loop {
            // Also the waker of an earlier call in this slot may have asked for this.
            let Some(slot) = self.slots.get_mut(index) else {
                return Poll::Pending;
            };
            let Some(one) = &mut slot.call else {
                return Poll::Pending;
            };
            match one.call.as_mut().poll(&mut slot.signal.context()) {
                Poll::Ready(result) => {
                    let Some(one) = slot.call.take() else {
                        return Poll::Pending;
                    };
                    self.free.push(index);
                    let item = Item::new(one.item, result);
                    self.progress.started += usize::from(!one.is_started);
                    self.progress.count(&item);
                    return Poll::Ready(item);
                }
                Poll::Pending if one.activity.is_at_gate() => {
                    if (self.on_start)(&one.item).is_continue() {
                        one.activity.open();
                        one.is_started = true;
                        self.progress.started += 1;
                    } else {
                        // Takes this call out, and maybe others.
                        self.stop();
                    }
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<I: Iterator, F, E: Endpoint> CallAll<I, F, E> {
    pub(super) fn new(client: Client, items: I, operation: F) -> Self {
        Self {
            client,
            operation,
            on_start: |_| ControlFlow::Continue(()),
            concurrency: CONCURRENCY,
            stopped: false,
            progress: Progress::default(),
            slots: Vec::new(),
            free: Vec::new(),
            woken: Woken::default(),
            created: 0,
            report: CallAllReport::new(items),
        }
    }

    /// Sets the function that runs with each item immediately before its first request is sent: after the
    /// wait for the rate limit, and not again for a retry. `Break` stops the work as
    /// [`stop`](Self::stop) does, with this item unsent.
    ///
    /// It is the place to log that an item may have been applied; see
    /// [a job that may be killed](Self#a-job-that-may-be-killed).
    pub fn on_start<S2>(self, on_start: S2) -> CallAll<I, F, E, S2>
    where
        S2: FnMut(&I::Item) -> ControlFlow<()>,
    {
        CallAll {
            client: self.client,
            operation: self.operation,
            on_start,
            concurrency: self.concurrency,
            stopped: self.stopped,
            progress: self.progress,
            slots: self.slots,
            free: self.free,
            woken: self.woken,
            created: self.created,
            report: self.report,
        }
    }
}

impl<I: Iterator, F, E: Endpoint, S> CallAll<I, F, E, S> {
    /// Starts no more calls and cancels those that the service cannot have seen, such as calls that
    /// wait for the rate limit; their items are [`unsent`](CallAllReport::unsent) in the report.
    /// [`next`](Self::next) and [`run`](Self::run) finish the other calls.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.take_back_unsent();
    }

    fn take_back_unsent(&mut self) {
        let unsent = self.take_out(InFlight::is_unsent);
        self.progress.started -= unsent.iter().filter(|one| one.is_started).count();
        let unsent = unsent.into_iter().map(|one| (one.item, one.call));
        let (items, calls): (Vec<_>, Vec<_>) = unsent.unzip();
        self.report.unsent.extend(items);
        // Last, since dropping a call notifies the observer, which is foreign code.
        drop(calls);
    }

    /// Takes calls out of their slots, in the order in which they were created.
    fn take_out(
        &mut self,
        which: impl Fn(&InFlight<I::Item, E::Output>) -> bool,
    ) -> Vec<InFlight<I::Item, E::Output>> {
        let mut taken = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if let Some(call) = slot.call.take_if(|call| which(call)) {
                taken.push(call);
                self.free.push(index);
            }
        }
        taken.sort_unstable_by_key(|call| call.number);
        taken
    }

    /// Returns the number of calls started, succeeded and failed so far.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Stops at once and cancels the calls in flight. Their items are
    /// [`cancelled`](CallAllReport::cancelled), or [`unsent`](CallAllReport::unsent) if the service cannot
    /// have seen them. The report does not repeat what [`next`](Self::next) returned or an earlier
    /// [`run`](Self::run) reported.
    #[must_use = "the items that are not done are in it"]
    pub fn into_report(mut self) -> CallAllReport<I, E::Output> {
        self.stop();
        let mut report = mem::take(&mut self.report);
        let in_flight = self.take_out(|_| true).into_iter();
        report.cancelled = in_flight
            .map(|one| CancelledItem::new(one.item, one.is_idempotent))
            .collect();
        report
    }

    fn take_report(&mut self) -> CallAllReport<I, E::Output> {
        mem::take(&mut self.report)
    }
}

impl<I: Iterator, F, E: Endpoint, S> fmt::Debug for CallAll<I, F, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallAll")
            .field("operation", &E::NAME)
            .field("progress", &self.progress)
            .field("concurrency", &self.concurrency)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
