//! The store of a shared rate limit on a Redis server.

mod ask_error;
mod script;

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use carrot_core::rate_limit::{
    CompletedPermit, RateLimitStore, RestoreRequest, StoreError, StoreState, TakeRequest,
    TakeResponse,
};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, IntoConnectionInfo, RedisResult,
    aio::MultiplexedConnection,
};
use tokio::{runtime::Handle, time::Instant};

use self::{
    ask_error::AskError,
    script::{Action, Reply},
};
use crate::runtime;

const SCRIPT: &str = include_str!("limit.lua");
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(400);

/// The store of a [`SharedRateLimiter`](carrot_core::rate_limit::SharedRateLimiter) on a Redis server.
///
/// Redis 5 and newer, and Valkey. Every step is one script, which the server runs atomically and with its
/// own clock; the clocks of the machines do not matter. If the clock of the server goes back, the limiter
/// goes on from the time it had.
///
/// The keys start with `{carrot:name}` and expire when nobody uses them. The server needs no file: if it
/// comes back empty, the processes restore what they know. Set `maxmemory-policy noeviction`.
/// Redirections of a cluster are not followed: use a single server.
///
/// The store connects with the first call and again after each failure, within the time that
/// [`SharedRateLimiter`](carrot_core::rate_limit::SharedRateLimiter) waits for it. The ends of requests are
/// sent in the background; what a program has not sent when it exits ends with its lease.
///
/// **Not promised.** After a failover to a replica, the permits that were not replicated are not counted,
/// except those that their processes restore; the same holds for keys that the server evicts. For what
/// else the limit cannot promise, see
/// [`SharedRateLimiter`](carrot_core::rate_limit::SharedRateLimiter).
///
/// ```no_run
/// use carrot_hyper::{RedisStore, TokioClock, rate_limit::SharedRateLimiter};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let token = "token";
/// let store = RedisStore::new("redis://redis.internal:6379", "support-app")?;
/// let limiter = SharedRateLimiter::new(store, TokioClock::new()).processes(3);
/// let client = carrot_hyper::builder(token)?.rate_limiter(limiter).build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    /// Host and port.
    address: String,
    keys: [String; 6],
    script: redis::Script,
    timeout: Duration,
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// The error of [`RedisStore::new`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisStoreError {
    /// The URL is not one of a Redis server. It is not part of the error, since it may hold a password.
    #[error(
        "the URL of the Redis server is invalid: {reason}; write redis://host:port, or \
         redis://:password@host:port/database"
    )]
    InvalidUrl {
        /// What is wrong.
        reason: String,
    },
    /// The URL asks for TLS, which the store does not speak.
    #[error(
        "the Redis store does not speak TLS; reach the server over a private network or a tunnel, with \
         redis:// instead of rediss://"
    )]
    Tls,
    /// The name of the limit is empty or has braces, which have a meaning in the keys of a cluster.
    #[error("the name of the limit must not be empty or contain braces")]
    InvalidName,
}

impl RedisStore {
    /// Creates a store on the server with this URL. Nothing is sent yet.
    ///
    /// `name` is the name of the limit: the same in all processes that use one API key, and different
    /// for each key. Do not use the token itself: the name is readable on the server.
    ///
    /// # Errors
    ///
    /// The URL or the name is invalid, or the URL asks for TLS.
    pub fn new(url: &str, name: &str) -> Result<Self, RedisStoreError> {
        if name.is_empty() || name.contains(['{', '}']) {
            return Err(RedisStoreError::InvalidName);
        }
        let scheme = url.split(':').next().unwrap_or_default().trim();
        if ["rediss", "valkeys"]
            .iter()
            .any(|tls| scheme.eq_ignore_ascii_case(tls))
        {
            return Err(RedisStoreError::Tls);
        }
        let invalid = |error: redis::RedisError| RedisStoreError::InvalidUrl {
            reason: reason(&error),
        };
        let info = url.into_connection_info().map_err(invalid)?;
        let address = match info.addr() {
            ConnectionAddr::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
            address => address.to_string(),
        };
        let keys = ["permits", "bulk", "accepted", "members", "claims", "state"];
        let inner = Inner {
            client: Client::open(info).map_err(invalid)?,
            address,
            keys: keys.map(|key| format!("{{carrot:{name}}}:{key}")),
            script: redis::Script::new(SCRIPT),
            timeout: RESPONSE_TIMEOUT,
            connection: Mutex::new(None),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Sets how long the server may take to respond, with the time for a new connection. 400 ms by default.
    /// After it the server counts as away. A connection that opens within this time is kept for the next
    /// question; one without a response in time is replaced.
    ///
    /// The limiter stops waiting after its own
    /// [`store_timeout`](carrot_core::rate_limit::SharedRateLimiter::store_timeout), 500 ms by default: for a
    /// server far away set both, this one to the shorter time. The returned store has a connection of its
    /// own; clones made before keep theirs.
    #[must_use = "a setter returns the changed value"]
    pub fn response_timeout(self, timeout: Duration) -> Self {
        let inner = Inner {
            client: self.inner.client.clone(),
            address: self.inner.address.clone(),
            keys: self.inner.keys.clone(),
            script: self.inner.script.clone(),
            timeout,
            connection: Mutex::new(None),
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

/// What is wrong, without the value that is wrong: it may hold a password.
fn reason(error: &redis::RedisError) -> String {
    match error.kind() {
        redis::ErrorKind::InvalidClientConfig => "it is not the URL of a Redis server".into(),
        kind => format!("{kind:?}"),
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("address", &self.inner.address)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn slot(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, action: &Action) -> Result<Reply, AskError> {
        let missing = |missing| AskError::Runtime {
            address: self.address.clone(),
            missing,
        };
        runtime::current().map_err(missing)?;
        if self.slot().is_none() {
            runtime::check().map_err(missing)?;
        }
        let texts = tokio::time::timeout(self.timeout, self.run(action))
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
            .map_err(|source| AskError::Redis {
                address: self.address.clone(),
                source,
            })?;
        Reply::read(&texts).ok_or_else(|| AskError::Reply {
            address: self.address.clone(),
        })
    }

    async fn run(&self, action: &Action) -> RedisResult<Vec<String>> {
        let open = self.slot().clone();
        let mut discard = Discard {
            inner: self,
            is_new: open.is_none(),
            started: Instant::now(),
            result: None,
        };
        let mut connection = match open {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut texts = self
            .call("EVALSHA", self.script.get_hash(), action)
            .query_async(&mut connection)
            .await;
        if matches!(&texts, Err(error) if error.code() == Some("NOSCRIPT")) {
            // In one step: a script that is loaded first can be lost again before it runs.
            texts = self
                .call("EVAL", SCRIPT, action)
                .query_async(&mut connection)
                .await;
        }
        discard.result = Some(texts.is_ok());
        texts
    }

    fn call(&self, command: &str, script: &str, action: &Action) -> Cmd {
        let mut call = redis::cmd(command);
        call.arg(script).arg(self.keys.len()).arg(&self.keys);
        call.arg(action.arguments());
        call
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        // The whole question has one limit.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        *self.slot() = Some(connection.clone());
        Ok(connection)
    }
}

/// Drops a connection that failed, or whose question was dropped after a long wait.
struct Discard<'a> {
    inner: &'a Inner,
    /// The time went by with connecting, which says nothing of the connection.
    is_new: bool,
    started: Instant,
    /// Whether the server responded; `None` if nobody waited for it.
    result: Option<bool>,
}

impl Drop for Discard<'_> {
    fn drop(&mut self) {
        let is_sound = match self.result {
            Some(is_sound) => is_sound,
            None => self.is_new || self.started.elapsed() < self.inner.timeout / 2,
        };
        if !is_sound {
            let old = self.inner.slot().take();
            drop(old);
        }
    }
}

#[async_trait]
impl RateLimitStore for RedisStore {
    async fn take(&self, request: &TakeRequest) -> Result<TakeResponse, StoreError> {
        let reply = self.inner.ask(&Action::take(request)).await?;
        Ok(reply.taken())
    }

    async fn restore(&self, request: &RestoreRequest) -> Result<StoreState, StoreError> {
        let reply = self.inner.ask(&Action::restore(request)).await?;
        Ok(reply.state())
    }

    fn completed(&self, permit: &CompletedPermit) {
        // Outside of a runtime nothing can be sent: the permit ends with its lease.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (inner, action) = (Arc::clone(&self.inner), Action::completed(permit));
        runtime.spawn(async move {
            // A failure is that of the store, which the next question notices.
            let _failed = inner.ask(&action).await;
        });
    }
}
