use std::{fmt, sync::Arc};

use carrot_types::InvalidValue;
use http::HeaderValue;

use super::{CallOptions, Client, Observer, Shared, response_times::ResponseTimes};
use crate::{
    ApiContext, ApiVersion, App, AuthToken, BaseUrl, Clock, ExponentialBackoff, HttpTransport,
    LocalRateLimiter, RateLimiter, RetryPolicy, retry::RetryBudget,
};

const USER_AGENT: &str = concat!("carrot-rs/", env!("CARGO_PKG_VERSION"));

/// Builds a [`Client`]. Every setting has a default.
///
/// ```
/// use std::time::Duration;
///
/// use carrot_core::{
///     ApiVersion, AuthToken, BaseUrl, Client, Clock, ExponentialBackoff, HttpTransport,
///     client::CallOptions, types::InvalidValue,
/// };
///
/// fn client(transport: impl HttpTransport, clock: impl Clock, token: &str) -> Result<Client, InvalidValue> {
///     Client::builder(transport, clock, AuthToken::new(token)?)
///         .base_url(BaseUrl::DASHLY)
///         .version(ApiVersion::V1)
///         .options(CallOptions::new().call_timeout(Duration::from_secs(10)))
///         .retry(ExponentialBackoff::new().max_attempts(5))
///         .build()
/// }
/// # use carrot_testing::{Sandbox, VirtualClock};
/// # assert!(client(Sandbox::new(), VirtualClock::new(), "app.1.secret").is_ok());
/// ```
#[must_use = "call `build` to get the client"]
pub struct ClientBuilder {
    transport: Box<dyn HttpTransport>,
    clock: Arc<dyn Clock>,
    rate_limit: Option<Box<dyn RateLimiter>>,
    retry: Arc<dyn RetryPolicy>,
    observer: Option<Box<dyn Observer>>,
    token: AuthToken,
    base_url: BaseUrl,
    realtime_base_url: Option<BaseUrl>,
    context: ApiContext,
    user_agent: String,
    options: CallOptions,
    allow_plain_http: bool,
}

impl ClientBuilder {
    pub(super) fn new(
        transport: Box<dyn HttpTransport>,
        clock: Arc<dyn Clock>,
        token: AuthToken,
    ) -> Self {
        Self {
            transport,
            clock,
            rate_limit: None,
            retry: Arc::new(ExponentialBackoff::new()),
            observer: None,
            token,
            base_url: BaseUrl::default(),
            realtime_base_url: None,
            context: ApiContext::default(),
            user_agent: USER_AGENT.to_owned(),
            options: CallOptions::default(),
            allow_plain_http: false,
        }
    }

    /// Sets the base URL: [`BaseUrl::CARROT_QUEST`], [`BaseUrl::DASHLY`] or another.
    /// [`BaseUrl::CARROT_QUEST`] by default.
    pub fn base_url(mut self, base_url: BaseUrl) -> Self {
        self.base_url = base_url;
        self
    }

    /// Sets the base URL of the realtime service. By default that of Carrot quest or Dashly, depending on
    /// [`base_url`](Self::base_url), or the same as a custom base URL.
    pub fn realtime_base_url(mut self, base_url: BaseUrl) -> Self {
        self.realtime_base_url = Some(base_url);
        self
    }

    /// Sets the app. That of the token by default. In v1 only the operations on apps name it: the others work
    /// on the app of the token.
    pub fn app(mut self, app: impl Into<App>) -> Self {
        self.context.app = app.into();
        self
    }

    /// Sets the version of the API. v2 by default.
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.context.version = version;
        self
    }

    /// Sets the options of all calls. [`CallOptions::new`] by default.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets the retry policy. [`ExponentialBackoff::new`] by default.
    pub fn retry(mut self, policy: impl RetryPolicy) -> Self {
        self.retry = Arc::new(policy);
        self
    }

    /// Sets the rate limiter. By default 60 requests a minute, shared by this client and its clones. Pass
    /// the same `Arc<LocalRateLimiter<_>>` to all clients with the same key.
    pub fn rate_limiter(mut self, rate_limit: impl RateLimiter) -> Self {
        self.rate_limit = Some(Box::new(rate_limit));
        self
    }

    /// Sets the observer notified after every attempt and call, cancelled ones included. None by default.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Sets the `User-Agent` header. `carrot-rs/` and the version of this crate by default.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Allows plain `http` to other machines, although the network then sees the token. By default plain
    /// `http` is allowed only to this machine.
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Creates the client. Sends nothing.
    ///
    /// # Errors
    ///
    /// The base URL, or that of the realtime service, is plain `http` on another machine, without
    /// [`allow_plain_http`](Self::allow_plain_http); or the user agent is not visible ASCII.
    pub fn build(self) -> Result<Client, InvalidValue> {
        let base_url = self.base_url;
        let realtime_base_url = self
            .realtime_base_url
            .unwrap_or_else(|| base_url.realtime());
        let is_secure = base_url.is_secure() && realtime_base_url.is_secure();
        if !is_secure && !self.allow_plain_http {
            return Err(InvalidValue::new(
                "base URL",
                "must be `https`, since plain `http` shows the token to the network; \
                 call `allow_plain_http` to accept that",
            ));
        }
        let invalid = || InvalidValue::new("user agent", "must be visible ASCII characters");
        // `HeaderValue` also accepts letters beyond ASCII, which some servers do not.
        if !self
            .user_agent
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~'))
        {
            return Err(invalid());
        }
        let user_agent = HeaderValue::from_str(&self.user_agent).map_err(|_| invalid())?;
        let rate_limit = match self.rate_limit {
            Some(rate_limit) => rate_limit,
            None => Box::new(LocalRateLimiter::new(Arc::clone(&self.clock))),
        };
        Ok(Client {
            shared: Arc::new(Shared {
                transport: self.transport,
                clock: self.clock,
                rate_limit,
                retry: self.retry,
                budget: RetryBudget::new(),
                response_times: ResponseTimes::default(),
                observer: self.observer,
                token: self.token,
                root: base_url.root(&format!("/{}", self.context.version.segment()))?,
                realtime_root: realtime_base_url.root("")?,
                base_url,
                context: self.context,
                user_agent,
            }),
            options: self.options,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base_url", &self.base_url.to_string())
            .field("context", &self.context)
            .field("transport", &self.transport)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
