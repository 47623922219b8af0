//! Many calls, a bounded number at a time.

mod report;

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
};

pub use self::report::{EachReport, Outcome, Progress};
use super::{Client, call};
use crate::{Endpoint, Error};

const CONCURRENCY: usize = 8;

type InFlight<T, O> = Pin<Box<dyn Future<Output = Outcome<T, O>> + Send>>;

/// An operation for each of many items; made by [`Client::each`].
///
/// Take the outcomes one by one with [`next`](Self::next), or all together with [`run`](Self::run).
/// To stop, call [`stop`](Self::stop): what is on its way is finished, nothing new is begun, and
/// [`into_rest`](Self::into_rest) gives the items that were not begun, for another time.
pub struct Each<I: Iterator, F, E: Endpoint> {
    client: Client,
    rest: I,
    operation: F,
    concurrency: usize,
    stopped: bool,
    progress: Progress,
    in_flight: Vec<InFlight<I::Item, E::Output>>,
}

impl<I, F, E> Each<I, F, E>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: FnMut(&I::Item) -> E,
    E: Endpoint + 'static,
{
    /// At most this many calls at a time: 8 by default; 0 counts as 1.
    #[must_use = "a setter returns the changed value"]
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// The next outcome, in the order in which the calls end; `None` when all is done, or all that
    /// was begun before [`stop`](Self::stop).
    ///
    /// Dropping the future loses nothing: the next call goes on where it was.
    pub async fn next(&mut self) -> Option<Outcome<I::Item, E::Output>> {
        poll_fn(|context| self.poll_outcome(context)).await
    }

    /// Begins no more calls.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Calls for all items, tells `watch` after each, and reports. Dropping the future drops the calls
    /// that are on their way; to be able to stop and resume, use [`next`](Self::next).
    pub async fn run(mut self, mut watch: impl FnMut(&Progress)) -> EachReport<I::Item, E::Output> {
        let mut report = EachReport::new();
        while let Some(outcome) = self.next().await {
            report.add(outcome);
            watch(&self.progress);
        }
        report
    }

    fn poll_outcome(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Outcome<I::Item, E::Output>>> {
        while !self.stopped && self.in_flight.len() < self.concurrency {
            let Some(item) = self.rest.next() else { break };
            let endpoint = (self.operation)(&item);
            self.progress.begun += 1;
            self.in_flight
                .push(begin(self.client.clone(), item, endpoint));
        }
        let ready = self
            .in_flight
            .iter_mut()
            .enumerate()
            .find_map(|(index, call)| match call.as_mut().poll(context) {
                Poll::Ready(outcome) => Some((index, outcome)),
                Poll::Pending => None,
            });
        match ready {
            Some((index, outcome)) => {
                // The order stays: the oldest is polled first, so that none waits behind ever new ones.
                drop(self.in_flight.remove(index));
                self.progress.count(&outcome);
                Poll::Ready(Some(outcome))
            }
            None if self.in_flight.is_empty() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl<I: Iterator, F, E: Endpoint> Each<I, F, E> {
    pub(super) fn new(client: Client, rest: I, operation: F) -> Self {
        Self {
            client,
            rest,
            operation,
            concurrency: CONCURRENCY,
            stopped: false,
            progress: Progress::default(),
            in_flight: Vec::new(),
        }
    }

    /// How far the work is.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The items that were not begun. Calls that are on their way are dropped: take all outcomes
    /// before, if their fate matters.
    #[must_use]
    pub fn into_rest(self) -> I {
        self.rest
    }
}

/// Boxed, so that it can be polled among others without being pinned in place.
fn begin<T, E>(client: Client, item: T, endpoint: E) -> InFlight<T, E::Output>
where
    T: Send + 'static,
    E: Endpoint + 'static,
{
    Box::pin(async move {
        let result: Result<E::Output, Error> =
            call::call(&client.shared, &client.options, &endpoint, None).await;
        Outcome::new(item, result)
    })
}

impl<I: Iterator, F, E: Endpoint> fmt::Debug for Each<I, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Each")
            .field("operation", &E::NAME)
            .field("progress", &self.progress)
            .field("concurrency", &self.concurrency)
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}
