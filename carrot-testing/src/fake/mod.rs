//! The service as a test tells it to be: what it expects, and what it responds.
//!
//! A [`Fake`] stands below the retry of the client, as a transport. So the code under test runs with
//! its real client: retries, deadlines, the reading of responses, all of it. Nothing opens a port and
//! nothing sleeps: time is a [`VirtualClock`] of the fake's own.
//!
//! ```
//! use carrot_core::{types::UserRef, users};
//! use carrot_testing::{Fake, fake};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), carrot_core::Error> {
//! let fake = Fake::new();
//! fake.on::<users::Get>().user("order-42").reply(fake::user());
//!
//! let user = fake.client().call(users::Get::new(UserRef::external("order-42"))).await?;
//! assert_eq!(user.name(), Some("Ada"));
//! # Ok(())
//! # }
//! ```
//!
//! # The rules
//!
//! * A request goes to the expectation that is written first among those that match and have a reply
//!   left. Every attempt of a call is a request.
//! * Each reply is given exactly once unless the test says otherwise.
//! * A request that no expectation matches fails in the code under test, as a request that was never
//!   sent and need not be tried again, and fails the test. So does an expectation that is not used as
//!   often as it should be.
//! * The test fails when the last clone of the [`Fake`] is dropped, or at
//!   [`verify`](Fake::verify). Keep that clone in the test: a panic in a spawned task fails no test, but
//!   the last drop verifies once more. A client does not keep the fake from being verified. A call
//!   after that fails and says that the fake was dropped.
//! * A `static` is never dropped: call [`verify`](Fake::verify) at the end of the test. Without it, a fake with
//!   problems that is still there when the thread ends that made it is told on the standard error, and fails nothing.
//!   The same goes for a thread-local variable, whose drop must not fail: it aborts the program.
//! * A test that panics already is not failed again. What came unexpected is then printed, since it
//!   often is the cause.
//! * The checks and closures of a test run once for a request. A panic in one fails the call in the code
//!   under test, and is a problem of its own in the report.
//! * A report names at most ten problems one by one, and counts the rest.
//!
//! # Models to respond with
//!
//! Each function of this module returns a fixed, plausible value of one model, to be changed with its
//! setters: models of the API, of webhooks, of the realtime service and of a shop. All of them
//! tell one story: the user 7, whose external id is `order-42`, asked in conversation 716 where the order is,
//! and the operator 12 replied.
//!
//! ```
//! use carrot_core::types::UserId;
//! use carrot_testing::fake;
//!
//! let user = fake::user().with_id(UserId::new(8)).with_name("Grace").with_prop("plan", "pro");
//! assert_eq!(user.name(), Some("Grace"));
//! assert_eq!(user.email(), fake::user().email());
//! ```

mod expectation;
mod explain;
mod listing;
mod log;
mod matcher;
mod models;
pub(crate) mod operations;
mod outlived;
mod record;
mod replies;
#[cfg(feature = "server")]
mod route;
#[cfg(feature = "server")]
mod server;
mod service;
mod typed;

use std::{
    fmt,
    panic::Location,
    sync::{Arc, Weak},
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    Body, Client, ClientBuilder, Endpoint, HttpTransport, TransportError,
    client::{CallReport, Observer, Outcome},
};
use http::{Request, Response};

pub(crate) use self::matcher::diff::json as differences;
#[cfg(feature = "server")]
#[cfg_attr(docsrs, doc(cfg(feature = "server")))]
pub use self::server::FakeServer;
pub use self::{expectation::Expectation, models::*, record::RecordedCall};
use self::{explain::calls, log::Record, matcher::Matcher, service::State};
use crate::{VirtualClock, client, fail, response::CannedResponse};

/// The service as a test tells it to be. All clones are the same fake.
///
/// See the [module](self) for the rules.
#[derive(Clone)]
pub struct Fake(Arc<Handle>);

/// What the clones share. The clients hold only the state within, so that a client that outlives the
/// test does not keep it from being verified.
struct Handle(Arc<State>);

impl Default for Fake {
    fn default() -> Self {
        Self::new()
    }
}

impl Fake {
    /// Creates a strict fake: whatever is not expected fails the test.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::with_clock(VirtualClock::new())
    }

    /// Creates a strict fake whose clients take their time from this clock.
    #[must_use]
    #[track_caller]
    pub fn with_clock(clock: VirtualClock) -> Self {
        Self::of(State::new(clock, None))
    }

    /// Creates a fake that responds with an empty success to what nobody expects. What is expected must come all
    /// the same.
    ///
    /// An operation whose response has something to say cannot read an empty one: a call of
    /// [`Reply`](carrot_core::conversations::Reply) or [`Parts`](carrot_core::conversations::Parts)
    /// ends with an error of the kind [`Unreadable`](carrot_core::ErrorKind::Unreadable). Expect those
    /// all the same.
    #[must_use]
    #[track_caller]
    pub fn lenient() -> Self {
        Self::lenient_with(CannedResponse::ok())
    }

    /// Creates a fake that responds to every unexpected call with this response.
    #[must_use]
    #[track_caller]
    pub fn lenient_with(response: impl Into<CannedResponse>) -> Self {
        Self::of(State::new(VirtualClock::new(), Some(response.into())))
    }

    #[track_caller]
    fn of(state: State) -> Self {
        let state = Arc::new(state);
        outlived::watch(&state);
        Self(Arc::new(Handle(state)))
    }

    fn state(&self) -> &Arc<State> {
        &self.0.0
    }

    /// Returns a client that talks to the fake: with the usual retries, but no rate limit, no jitter in the
    /// pauses, and the clock of the fake.
    #[must_use]
    pub fn client(&self) -> Client {
        client::build(self.client_builder())
    }

    /// Returns the builder of such a client, for further setters.
    pub fn client_builder(&self) -> ClientBuilder {
        let builder = client::builder_with(self.transport(), self.clock().clone(), client::TOKEN);
        builder.observer(Watcher(Arc::downgrade(self.state())))
    }

    /// Returns the fake as a transport, for a client of your own.
    #[must_use]
    pub fn transport(&self) -> FakeTransport {
        FakeTransport(Arc::clone(self.state()))
    }

    /// Returns the clock of the fake's clients, to look at pauses and to turn time.
    #[must_use]
    pub fn clock(&self) -> &VirtualClock {
        &self.state().clock
    }

    /// Expects calls of an operation.
    #[track_caller]
    pub fn on<E: Endpoint>(&self) -> Expectation<E> {
        Expectation::new(self.state(), Location::caller())
    }

    /// Expects exactly the request that this operation sends, whatever the API version and the app of
    /// the client: the same path, parameters and files. The order of the parameters does not count.
    ///
    /// ```
    /// use carrot_core::{conversations::Reply, types::ConversationId};
    /// use carrot_testing::{Fake, fake};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), carrot_core::Error> {
    /// let reply = Reply::new(ConversationId::new(716), "On its way");
    /// let fake = Fake::new();
    /// fake.on_call(reply.clone()).reply(fake::reply_receipt());
    /// fake.client().call(reply).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn on_call<E: Endpoint + 'static>(&self, endpoint: E) -> Expectation<E> {
        let request_of = Arc::new(move |context: &_| endpoint.request(context));
        self.on::<E>().want(Matcher::Exactly(request_of))
    }

    /// Expects a request that has everything that this operation sends: the same path, and at least its
    /// parameters and files. What the request has beyond that does not count.
    ///
    /// ```
    /// use carrot_core::{conversations::{Reply, Sender}, types::ConversationId};
    /// use carrot_testing::{Fake, fake};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), carrot_core::Error> {
    /// let id = ConversationId::new(716);
    /// let fake = Fake::new();
    /// fake.on_like(Reply::new(id, "On its way")).reply(fake::reply_receipt());
    /// fake.client().call(Reply::new(id, "On its way").sender(Sender::DefaultAdmin)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn on_like<E: Endpoint + 'static>(&self, endpoint: E) -> Expectation<E> {
        let request_of = Arc::new(move |context: &_| endpoint.request(context));
        self.on::<E>().want(Matcher::Like(request_of))
    }

    /// Returns every request so far, oldest first. Every attempt of a call is one.
    #[must_use]
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.state().record().calls.clone()
    }

    /// Returns the requests of one operation.
    #[must_use]
    pub fn calls_of<E: Endpoint>(&self) -> Vec<RecordedCall> {
        let mut calls = self.calls();
        calls.retain(RecordedCall::is::<E>);
        calls
    }

    /// Returns the only request of an operation.
    ///
    /// # Panics
    ///
    /// No such request came, or more than one; a repeated attempt counts.
    #[track_caller]
    pub fn single<E: Endpoint>(&self) -> RecordedCall {
        let mut calls = self.calls_of::<E>();
        match (calls.pop(), calls.len()) {
            (Some(call), 0) => call,
            (_, more) => {
                let came = match more {
                    0 => "never was".to_owned(),
                    more => format!(
                        "was called {}; repeated attempts count",
                        explain::times(more + 1)
                    ),
                };
                let text = format!("{} should be called once, and {came}\n", E::NAME);
                self.fail_with(|record| text + &explain::what_came(record))
            }
        }
    }

    /// Checks that nothing came.
    ///
    /// # Panics
    ///
    /// Something did.
    #[track_caller]
    pub fn assert_no_calls(&self) {
        if !self.state().record().calls.is_empty() {
            self.fail_with(|record| format!("nothing should be called\n{}", calls::list(record)));
        }
    }

    /// Checks which operations were called, all of them in their order. Repeated attempts do not
    /// count.
    ///
    /// # Panics
    ///
    /// Others were, or in another order.
    #[track_caller]
    pub fn assert_order<'a>(&self, operations: impl IntoIterator<Item = &'a str>) {
        let operations: Vec<&str> = operations.into_iter().collect();
        let problem = calls::order(&self.state().copy(), &operations);
        if let Some(text) = problem {
            self.fail_with(|record| text + &explain::what_came(record));
        }
    }

    #[track_caller]
    fn fail_with(&self, text: impl FnOnce(&Record) -> String) -> ! {
        // What unwinds from here tells it already.
        self.state().record().told = true;
        let record = self.state().copy();
        fail(&record.redact(&text(&record)))
    }

    /// Checks that everything came that was expected, and nothing else. The fake does it by itself
    /// when its last clone is dropped; call it where a test wants to know earlier.
    ///
    /// # Panics
    ///
    /// Something came unexpected, or did not come; the text tells what, and what would have matched.
    #[track_caller]
    pub fn verify(&self) {
        self.state().record().is_verified = true;
        let problems = explain::problems(&self.state().copy(), true);
        if let Some(text) = problems {
            self.fail_with(|_| text);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.record().is_over = true;
        let record = self.0.copy();
        if std::thread::panicking() {
            // What was not called yet may be the consequence of the panic; what came unexpected is
            // often its cause.
            let problems = explain::problems(&record, false).filter(|_| !record.told);
            if let Some(text) = problems {
                eprintln!("{text}");
            }
            return;
        }
        // Also where an assertion failed before: its panic may have ended in a task or been caught.
        let problems = explain::problems(&record, true);
        if let Some(text) = problems {
            fail(&text);
        }
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.transport().fmt(f)
    }
}

/// Sees how the calls of the fake's clients end.
struct Watcher(Weak<State>);

impl Observer for Watcher {
    fn call(&self, report: &CallReport) {
        if let (Outcome::Failed(kind), Some(state)) = (report.outcome, self.0.upgrade()) {
            state.record().failed.push((report.operation, kind));
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher(..)")
    }
}

/// A [`Fake`] as a transport; made by [`Fake::transport`].
#[derive(Clone)]
pub struct FakeTransport(Arc<State>);

#[async_trait]
impl HttpTransport for FakeTransport {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        self.0.respond(request).await
    }
}

impl fmt::Debug for FakeTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0.record();
        f.debug_struct("Fake")
            .field("expectations", &record.expected.len())
            .field("calls", &record.calls)
            .finish_non_exhaustive()
    }
}
