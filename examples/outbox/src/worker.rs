//! The worker: takes rows from the outbox and sends them, each at most once.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use carrot_examples::program::Failure;
use carrot_hyper::{Client, Clock, Error, ErrorKind, TokioClock, types::Timestamp};

use crate::{
    abort::{self, Point},
    job::Found,
    mistakes::Mistake,
    store::{Entry, State, Store},
};

/// How long a row waits after the service was not reached.
const PAUSE: Duration = Duration::from_secs(1);

/// The worker of an outbox.
#[derive(Debug)]
pub struct Worker {
    store: Store,
    client: Client,
    settle: Duration,
    clock: Arc<dyn Clock>,
    mistake: Option<Mistake>,
}

impl Worker {
    /// A worker over this outbox. `settle`: after this time the service is done with a request whose response
    /// did not come; it has to exceed the time limit of an attempt.
    pub fn new(store: Store, client: Client, settle: Duration) -> Self {
        Self {
            store,
            client,
            settle,
            clock: Arc::new(TokioClock::new()),
            mistake: None,
        }
    }

    /// Takes the time from another clock: a virtual one, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Works with one of the usual mistakes, to prove that the tests find it.
    #[must_use]
    pub fn with_mistake(mut self, mistake: Option<Mistake>) -> Self {
        self.mistake = mistake;
        self
    }

    /// The outbox.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Works until nothing is open.
    pub async fn run(&mut self) -> Result<(), Failure> {
        let settled = self.settled();
        self.store.take_over(settled)?;
        loop {
            match self.store.next(self.now())? {
                Some(entry) if entry.is_unsure => self.reconcile(entry).await?,
                Some(entry) => self.send(entry).await?,
                None => match self.store.next_moment()? {
                    Some(moment) => self.sleep_until(moment).await,
                    None => return Ok(()),
                },
            }
        }
    }

    fn settled(&self) -> i64 {
        match self.mistake {
            Some(Mistake::ReconcileAtOnce) => 0,
            _ => self.now() + millis(self.settle),
        }
    }

    async fn send(&mut self, entry: Entry) -> Result<(), Failure> {
        match self.mistake {
            // The row stays queued while it is sent: a worker that dies now sends it again.
            Some(Mistake::SendThenMark) => {}
            // The row is done before it is sent: a worker that dies now never sends it.
            Some(Mistake::MarkThenSend) => self.store.set(entry.id, State::Done, 0, None)?,
            _ => self.store.claim(entry.id, self.now())?,
        }
        abort::at(Point::AfterClaim);
        let sending = entry.job.send(&self.client);
        let result = abort::during(Point::InSend, sending).await;
        abort::at(Point::AfterResponse);
        let (state, not_before, error) = match result {
            Ok(Ok(())) => (State::Done, 0, None),
            Ok(Err(error)) if error.may_have_been_applied() => {
                (State::Unsure, self.settled(), Some(error.to_string()))
            }
            // Not done, and nothing else would be. The row is sent when the program runs again.
            Ok(Err(error)) if error.is_auth() => {
                let text = error.to_string();
                self.store.set(entry.id, State::Queued, 0, Some(&text))?;
                return Err(stop(&error));
            }
            // A field breaks a rule, and will again.
            Ok(Err(error)) if error.invalid_value().is_some() => {
                (State::Failed, 0, Some(error.to_string()))
            }
            // 429, no connection: not done, and it may go better later.
            Ok(Err(error)) if error.status().is_none_or(|status| status == 429) => {
                let wait = error.retry_after().unwrap_or(PAUSE);
                (
                    State::Queued,
                    self.now() + millis(wait),
                    Some(error.to_string()),
                )
            }
            Ok(Err(error)) => (State::Failed, 0, Some(error.to_string())),
            Err(invalid) => (State::Failed, 0, Some(invalid.to_string())),
        };
        abort::at(Point::BeforeMark);
        self.store
            .set(entry.id, state, not_before, error.as_deref())?;
        Ok(())
    }

    /// Looks for what may have been done. Runs after the settling time: before it, the service may still
    /// do what it was asked, and the job would be done twice.
    async fn reconcile(&mut self, entry: Entry) -> Result<(), Failure> {
        let first_sent = entry.first_sent.unwrap_or_else(|| self.now());
        let since = Timestamp::from_seconds(first_sent / 1000);
        let found = entry.job.find(&self.client, since);
        let found = abort::during(Point::InReconcile, found).await;
        let (state, not_before, error) = match found {
            Ok(Ok(Found::Done)) => (State::Done, 0, None),
            Ok(Ok(Found::NotDone)) => (State::Queued, 0, None),
            Ok(Ok(Found::Unclear)) => (State::Review, 0, None),
            // It stays unsure, and is looked for when the program runs again.
            Ok(Err(error)) if error.is_auth() => return Err(stop(&error)),
            Ok(Err(error)) if may_pass(&error) => {
                let wait = error.retry_after().unwrap_or(PAUSE);
                (
                    State::Unsure,
                    self.now() + millis(wait),
                    Some(error.to_string()),
                )
            }
            // The service will never tell, such as of a conversation that is gone.
            Ok(Err(error)) => (State::Review, 0, Some(error.to_string())),
            Err(invalid) => (State::Review, 0, Some(invalid.to_string())),
        };
        self.store
            .set(entry.id, state, not_before, error.as_deref())?;
        abort::at(Point::AfterRequeue);
        Ok(())
    }

    fn now(&self) -> i64 {
        let since = self.clock.system_time().duration_since(UNIX_EPOCH);
        since.map_or(0, millis)
    }

    async fn sleep_until(&self, moment: i64) {
        let wait = u64::try_from(moment - self.now()).unwrap_or(0);
        self.clock.sleep(Duration::from_millis(wait)).await;
    }
}

/// Whether a read may go better later: no connection, an outage, a rate limit.
fn may_pass(error: &Error) -> bool {
    match error.status() {
        Some(status) => matches!(status, 408 | 429 | 500..),
        None => matches!(
            error.kind(),
            ErrorKind::Transport | ErrorKind::Deadline | ErrorKind::RateLimit
        ),
    }
}

fn stop(error: &Error) -> Failure {
    let advice = "nothing is lost: mend the token, and run it again";
    format!("{error}; {advice}").into()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
