//! The client: what stands between an operation and the transport.

mod activity;
mod attempt;
mod builder;
mod call;
mod items;
mod observe;
mod options;
mod pages;
mod request;
mod response;
mod response_times;
#[cfg(feature = "stream")]
mod stream;
mod trace;
mod watch;

use std::{fmt, sync::Arc};

pub(crate) use self::activity::Activity;
use self::response_times::ResponseTimes;
pub use self::{
    builder::ClientBuilder,
    items::Items,
    observe::{AttemptReport, CallReport, Observer, Outcome},
    options::CallOptions,
    pages::Pages,
    response::Response,
};
use crate::{
    ApiContext, AuthToken, BaseUrl, Body, Clock, Endpoint, Error, HttpTransport, Paginate,
    RateLimiter, RetryPolicy, rate_limit::RateLimitStatus, retry::RetryBudget,
};

/// Calls the operations of the service.
///
/// Cheap to clone; all clones share one transport, one token and one clock. It is not generic: the
/// transport stands behind it.
///
/// With `carrot-hyper` it is made by `carrot_hyper::client(token)`; with a transport of your own, by
/// [`Client::builder`].
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    options: CallOptions,
}

/// What all clones of a client share.
struct Shared {
    transport: Box<dyn HttpTransport>,
    clock: Arc<dyn Clock>,
    rate_limit: Box<dyn RateLimiter>,
    retry: Arc<dyn RetryPolicy>,
    budget: RetryBudget,
    response_times: ResponseTimes,
    observer: Option<Box<dyn Observer>>,
    token: AuthToken,
    base_url: BaseUrl,
    context: ApiContext,
    user_agent: http::HeaderValue,
}

impl Client {
    /// A client over this transport, with this token, that takes its time from this clock.
    pub fn builder(
        transport: impl HttpTransport,
        clock: impl Clock,
        token: AuthToken,
    ) -> ClientBuilder {
        ClientBuilder::new(Box::new(transport), Arc::new(clock), token)
    }

    /// The same client with other options for the calls made through it. The original keeps its own.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use carrot_core::{Client, client::CallOptions};
    ///
    /// fn patient(client: &Client) -> Client {
    ///     client.with_options(CallOptions::new().call_timeout(Duration::from_secs(120)))
    /// }
    /// ```
    #[must_use = "the client itself is not changed"]
    pub fn with_options(&self, options: CallOptions) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            options,
        }
    }

    /// The options of the calls made through this client.
    pub fn options(&self) -> &CallOptions {
        &self.options
    }

    /// The pinned API version and the app.
    #[must_use]
    pub fn context(&self) -> &ApiContext {
        &self.shared.context
    }

    /// The rate limit as it is now; `None` where the limiter cannot tell.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimitStatus> {
        self.shared.rate_limit.status()
    }

    /// Calls an operation and returns its output.
    ///
    /// The call ends within [`CallOptions::call_timeout`], 30 seconds by default, the wait for the rate
    /// limit and all retries included. A failed attempt is repeated by the rules of
    /// [`retry`](crate::retry). Dropping the future cancels the call; whether the service still applies
    /// it is then unknown, as after any lost connection, and the observer gets it as
    /// [`Outcome::Cancelled`].
    ///
    /// # Errors
    ///
    /// The client rejects the request because a field breaks a rule, and nothing is sent; no response
    /// comes, or none in time; the service returns an error; the response cannot be read.
    /// [`Error::may_have_been_applied`] says whether a write may have happened all the same.
    pub async fn call<E: Endpoint>(&self, endpoint: E) -> Result<E::Output, Error> {
        self.execute(endpoint).await.map(|response| response.value)
    }

    /// Calls an operation as [`call`](Self::call) does, and returns its output with the status, the
    /// headers and the raw body of the response.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call).
    pub async fn execute<E: Endpoint>(&self, endpoint: E) -> Result<Response<E::Output>, Error> {
        call::execute(&self.shared, &self.options, &endpoint, &Activity::default()).await
    }

    /// A call of a job: without a deadline, since a job takes as long as the rate limit needs. Only its
    /// attempts have a limit.
    pub(crate) async fn call_in_job<E: Endpoint>(
        &self,
        endpoint: &E,
        activity: &Activity,
    ) -> Result<E::Output, Error> {
        call::execute(&self.shared, &self.options.for_job(), endpoint, activity)
            .await
            .map(|response| response.value)
    }

    /// Reads a listing page by page.
    ///
    /// The page size is 50, the largest that the service gives, unless the operation sets its own:
    /// requests are the scarce thing. The deadline of a single call does not apply, only that of each
    /// attempt: a long listing takes as long as the rate limit needs.
    #[must_use = "nothing is sent until `next` is called"]
    pub fn pages<E: Paginate>(&self, endpoint: E) -> Pages<E> {
        Pages::new(self.clone(), endpoint)
    }

    /// Reads a listing record by record; see [`pages`](Self::pages).
    #[must_use = "nothing is sent until `next` is called"]
    pub fn items<E: Paginate>(&self, endpoint: E) -> Items<E> {
        Items::new(self.pages(endpoint))
    }

    /// The request of an operation, with the token, without sending it.
    ///
    /// # Errors
    ///
    /// A field breaks a rule.
    pub fn prepare<E: Endpoint>(&self, endpoint: &E) -> Result<http::Request<Body>, Error> {
        request::build(&self.shared, &self.options, endpoint)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.shared.base_url.to_string())
            .field("context", &self.shared.context)
            .field("transport", &self.shared.transport)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
