//! The client, which calls operations through a transport.

mod activity;
mod attempt;
mod builder;
mod call;
mod items;
mod observe;
mod offsets;
mod options;
mod pages;
mod realtime_report;
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
    realtime_report::{RealtimeChange, RealtimeReport},
    response::Response,
};
use crate::{
    ApiContext, AuthToken, BaseUrl, Body, Clock, Endpoint, Error, HttpTransport, Paginate,
    RateLimiter, RetryPolicy, TransportError, config::Root, rate_limit::RateLimitStatus,
    retry::RetryBudget,
};

/// Calls the operations of the service.
///
/// Cheap to clone: all clones share the transport, token, clock, rate limiter and retry budget. The type
/// is not generic over the transport.
///
/// Create one with `carrot_hyper::client(token)`, or with your own transport with [`Client::builder`].
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    options: CallOptions,
}

/// The state shared by all clones of a client.
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
    root: Root,
    realtime_root: Root,
    context: ApiContext,
    user_agent: http::HeaderValue,
}

impl Client {
    /// Starts to build a client with this transport, clock and token.
    pub fn builder(
        transport: impl HttpTransport,
        clock: impl Clock,
        token: AuthToken,
    ) -> ClientBuilder {
        ClientBuilder::new(Box::new(transport), Arc::new(clock), token)
    }

    /// Returns a clone of this client with other call options. This client keeps its options.
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

    /// Returns the call options of this client.
    pub fn options(&self) -> &CallOptions {
        &self.options
    }

    /// Returns the API version and the app.
    #[must_use]
    pub fn context(&self) -> &ApiContext {
        &self.shared.context
    }

    /// Returns the current state of the rate limit, or `None` if the limiter does not know it.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimitStatus> {
        self.shared.rate_limit.status()
    }

    /// Calls an operation and returns its output.
    ///
    /// The call ends within [`CallOptions::call_timeout`], 30 seconds by default, including the wait for
    /// the rate limit and all retries; see [`retry`](crate::retry). Dropping the future cancels the call.
    /// The service may still apply a request that was sent. The observer receives
    /// [`Outcome::Cancelled`].
    ///
    /// # Errors
    ///
    /// The client rejects the request because a field breaks a rule, and nothing is sent; there is no
    /// response, or not in time; the service returns an error; the response cannot be decoded.
    /// [`Error::may_have_been_applied`] tells whether the service may have applied a write nevertheless.
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

    /// Makes a call of a job: without a deadline, since a job may wait long for the rate limit. Only its
    /// attempts have a timeout.
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
    /// The page size is 50, the maximum of the service, unless the operation sets another. The timeout of
    /// an attempt applies. The timeout of a call does not, since a listing may wait long for the rate
    /// limit.
    #[must_use = "nothing is sent until `next` is called"]
    pub fn pages<E: Paginate>(&self, endpoint: E) -> Pages<E> {
        Pages::new(self.clone(), endpoint)
    }

    /// Reads a listing record by record; see [`pages`](Self::pages).
    #[must_use = "nothing is sent until `next` is called"]
    pub fn items<E: Paginate>(&self, endpoint: E) -> Items<E> {
        Items::new(self.pages(endpoint))
    }

    /// Returns the HTTP request of an operation without sending it. It contains the token.
    ///
    /// # Errors
    ///
    /// A field breaks a rule.
    pub fn prepare<E: Endpoint>(&self, endpoint: &E) -> Result<http::Request<Body>, Error> {
        let (mut request, context) = request::build(&self.shared, &self.options, endpoint)?;
        request.extensions_mut().insert(context);
        Ok(request)
    }
}

/// What the listener of the realtime service needs.
impl Client {
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    pub(crate) fn token(&self) -> &AuthToken {
        &self.shared.token
    }

    pub(crate) fn user_agent(&self) -> &http::HeaderValue {
        &self.shared.user_agent
    }

    pub(crate) fn realtime_root(&self) -> &Root {
        &self.shared.realtime_root
    }

    pub(crate) fn observer(&self) -> Option<&dyn Observer> {
        self.shared.observer.as_deref()
    }

    /// Sends a request that is not a call of an operation, within the limits of its `CallContext`.
    pub(crate) async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<bytes::Bytes>, TransportError> {
        attempt::send(&self.shared, request).await
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
