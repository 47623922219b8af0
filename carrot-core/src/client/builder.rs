use std::{fmt, sync::Arc};

use carrot_types::InvalidValue;
use http::HeaderValue;

use super::{CallOptions, Client, Observer, Shared, response_times::ResponseTimes};
use crate::{
    ApiContext, ApiVersion, App, AuthToken, BaseUrl, Clock, ExponentialBackoff, HttpTransport,
    LocalRateLimiter, RateLimiter, RetryPolicy, retry::RetryBudget,
};

const USER_AGENT: &str = concat!("carrot-rs/", env!("CARGO_PKG_VERSION"));

/// Sets up a [`Client`]. Every setting has a default that holds.
#[must_use = "call `build` to get the client"]
pub struct ClientBuilder {
    transport: Box<dyn HttpTransport>,
    clock: Arc<dyn Clock>,
    rate_limit: Option<Box<dyn RateLimiter>>,
    retry: Arc<dyn RetryPolicy>,
    observer: Option<Box<dyn Observer>>,
    token: AuthToken,
    base_url: BaseUrl,
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
            context: ApiContext::default(),
            user_agent: USER_AGENT.to_owned(),
            options: CallOptions::default(),
            allow_plain_http: false,
        }
    }

    /// Sets the service: [`BaseUrl::CARROT_QUEST`] by default, [`BaseUrl::DASHLY`], or an address of your
    /// own.
    pub fn base_url(mut self, base_url: BaseUrl) -> Self {
        self.base_url = base_url;
        self
    }

    /// The app: that of the token by default.
    pub fn app(mut self, app: impl Into<App>) -> Self {
        self.context.app = app.into();
        self
    }

    /// The version of the API: 2 by default.
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.context.version = version;
        self
    }

    /// The limits of the calls; see [`CallOptions::new`] for the defaults.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// When failed attempts are made again: [`ExponentialBackoff::new`] by default.
    pub fn retry(mut self, policy: impl RetryPolicy) -> Self {
        self.retry = Arc::new(policy);
        self
    }

    /// How many requests the key may make: 60 a minute by default, counted within this client and its
    /// clones. Give the same `Arc<LocalRateLimiter<_>>` to all clients that use one key.
    pub fn rate_limiter(mut self, rate_limit: impl RateLimiter) -> Self {
        self.rate_limit = Some(Box::new(rate_limit));
        self
    }

    /// Who is told of every attempt and every call, also of one that is dropped, for metrics: nobody by
    /// default.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// The `User-Agent` header: `carrot-rs/` and the version of this crate by default.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Allows plain `http` to another machine, where everybody on the way can read the token.
    /// Without it, plain `http` is allowed to this machine only.
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// The host is plain `http` on another machine and
    /// [`allow_plain_http`](Self::allow_plain_http) was not called; the user agent is not fit for a
    /// header.
    pub fn build(self) -> Result<Client, InvalidValue> {
        let base_url = self.base_url;
        if !base_url.is_secure() && !self.allow_plain_http {
            return Err(InvalidValue::new(
                "base URL",
                "must be `https`, since plain `http` shows the token to everybody on the way; \
                 call `allow_plain_http` if that is what you want",
            ));
        }
        let invalid = || InvalidValue::new("user agent", "must be visible ASCII characters");
        // `HeaderValue` takes more, such as letters beyond ASCII, which not every server does.
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
                response_times: ResponseTimes::new(),
                observer: self.observer,
                token: self.token,
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
