use std::{env, fmt, sync::Arc, time::Duration};

use crate::{
    BuildError, HyperTransport, TlsRoots,
    connect::{Connector, Proxies},
    limits::Limits,
    pool::{Pool, Settings},
    tls::{Tls, roots::Root},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_IDLE_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BODY_BYTES: u64 = 16 * 1024 * 1024;
/// Below what common servers use: Apache and Node.js close after 5 seconds.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Sets up a [`HyperTransport`]. Every setting has a default that holds.
#[derive(Clone, Debug)]
#[must_use = "call `build` to get the transport"]
pub struct HyperTransportBuilder {
    connect_timeout: Option<Duration>,
    limits: Limits,
    pool_idle_timeout: Option<Duration>,
    pool_max_idle_per_host: usize,
    http2: bool,
    gzip: bool,
    roots: Option<TlsRoots>,
    added_roots: Vec<Root>,
    proxy: ProxySetting,
}

/// Where a request goes first.
#[derive(Clone)]
enum ProxySetting {
    Direct,
    All(String),
    FromEnv,
}

/// The address may hold a password.
impl fmt::Debug for ProxySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "Direct",
            Self::All(_) => "All([redacted])",
            Self::FromEnv => "FromEnv",
        })
    }
}

impl HyperTransport {
    /// Sets up a transport; see the methods of the builder for the defaults.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::new()
    }
}

impl HyperTransportBuilder {
    fn new() -> Self {
        Self {
            connect_timeout: Some(CONNECT_TIMEOUT),
            limits: Limits {
                attempt_timeout: Some(ATTEMPT_TIMEOUT),
                body_idle_timeout: Some(BODY_IDLE_TIMEOUT),
                max_body_bytes: Some(MAX_BODY_BYTES),
            },
            pool_idle_timeout: Some(POOL_IDLE_TIMEOUT),
            pool_max_idle_per_host: usize::MAX,
            http2: false,
            gzip: false,
            roots: None,
            added_roots: Vec::new(),
            proxy: ProxySetting::Direct,
        }
    }

    /// Sets the time for looking up the name, connecting and the TLS handshake together. 5 seconds by
    /// default; `None` for no limit but that of the attempt.
    ///
    /// The lookup of a name runs on a thread of its own, which no limit can stop. Where a resolver
    /// hangs, the request ends in time, and the end of the runtime waits for the thread: end the program
    /// with `Runtime::shutdown_background`, or with `std::process::exit`.
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.connect_timeout = limit.into();
        self
    }

    /// Sets the time for one attempt, from the lookup of the name to the last byte of the response. 10
    /// seconds by default; `None` for no limit.
    ///
    /// For requests without a [`CallContext`](crate::transport::CallContext) only. The requests of a
    /// client have one, with the limits of its [`CallOptions`](crate::client::CallOptions).
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.attempt_timeout = limit.into();
        self
    }

    /// Sets how long the body of a response may make no progress. 5 seconds by default; `None` for no
    /// limit but that of the attempt.
    ///
    /// It starts with the head of the response, and again with every piece of the body, compressed or
    /// not. Over TLS and HTTP/2 a piece counts when it is whole; the largest usual one is of 16 KiB. The
    /// connection of a body that stalled is not used again; over HTTP/2, the stream.
    ///
    /// For requests without a context only, as [`attempt_timeout`](Self::attempt_timeout).
    pub fn body_idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.body_idle_timeout = limit.into();
        self
    }

    /// Sets the largest body of a response, in bytes. 16 MiB by default; `None` for no limit.
    ///
    /// For requests without a context only, as [`attempt_timeout`](Self::attempt_timeout).
    pub fn max_body_bytes(mut self, limit: impl Into<Option<u64>>) -> Self {
        self.limits.max_body_bytes = limit.into();
        self
    }

    /// Sets how long a connection waits for its next request before it is closed. 4 seconds by default,
    /// below the 5 after which Apache and Node.js close it; `None` for no limit.
    ///
    /// Keep it below the server's own limit: a request on a connection that the server is closing fails,
    /// and nobody can tell whether it was read. A server that sends `Keep-Alive: timeout=N` gets its
    /// connection closed a second before that, where it is sooner.
    pub fn pool_idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.pool_idle_timeout = limit.into();
        self
    }

    /// Sets how many connections to one host, on one runtime, wait for their next request. No limit by
    /// default, since each waits only for [`pool_idle_timeout`](Self::pool_idle_timeout), and a lower limit
    /// than the number of concurrent calls makes calls connect anew; 0 turns keep-alive off. It does not
    /// limit how many are open at once.
    pub fn pool_max_idle_per_host(mut self, limit: usize) -> Self {
        self.pool_max_idle_per_host = limit;
        self
    }

    /// Offers HTTP/2 in the TLS handshake, where the server may choose it. Off by default. Plain `http`
    /// is always HTTP/1.1.
    #[cfg(feature = "http2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    pub fn http2(mut self, offered: bool) -> Self {
        self.http2 = offered;
        self
    }

    /// Asks for responses compressed with gzip, and decompresses them. Off by default.
    ///
    /// The cap on a body applies to the compressed and to the decompressed bytes: a response that grows
    /// beyond it is [`TooLarge`](crate::transport::TransportErrorKind::TooLarge). One that ends early is
    /// `Truncated`, one that is corrupt is `Protocol`. A request with an `accept-encoding` of its own
    /// gets its response as it came.
    #[cfg(feature = "gzip")]
    #[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
    pub fn gzip(mut self, asked: bool) -> Self {
        self.gzip = asked;
        self
    }

    /// Sets which root certificates are trusted, beside those added.
    ///
    /// By default the platform's; where it has none, such as in an image without certificates, the
    /// bundled ones. A source whose feature is off is left out.
    pub fn tls_roots(mut self, roots: TlsRoots) -> Self {
        self.roots = Some(roots);
        self
    }

    /// Adds the root certificates of a PEM bundle, such as those of a company's own authority. Comments,
    /// byte order marks, keys and certificate requests between them are skipped.
    pub fn add_root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.added_roots.push(Root::Pem(pem.into()));
        self
    }

    /// Adds a root certificate in DER.
    pub fn add_root_certificate_der(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.added_roots.push(Root::Der(der.into()));
        self
    }

    /// Sends every request through this proxy, in a tunnel that the proxy opens with `CONNECT`.
    ///
    /// The address is `http://host:port` or `https://host:port`, with `user:password@` before the host
    /// where the proxy wants credentials, in percent-encoding. They are sent to the proxy alone, and shown in no error and
    /// no `Debug`. The name of the server is looked up by the proxy. `https` stays encrypted from end to
    /// end; plain `http` can be read by the proxy, the token included.
    ///
    /// None by default, whatever the environment says.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = ProxySetting::All(url.into());
        self
    }

    /// Takes the proxy from `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`, or their names in small
    /// letters, and the hosts that need none from `NO_PROXY`, when the transport is built.
    ///
    /// * `HTTPS_PROXY` is for `https`, `HTTP_PROXY` for plain `http`, and `ALL_PROXY` for either where its
    ///   own variable is empty or not set. An address without a scheme is `http`, as with curl. `HTTP_PROXY`
    ///   is ignored where `REQUEST_METHOD` is set, since a CGI program gets it from a header.
    /// * `NO_PROXY` is a list, with commas or spaces, of domains such as `example.com`, `.example.com` or
    ///   `*.example.com`, which all mean the domain and those below it; of IP addresses; of networks such
    ///   as `10.0.0.0/8`; and of any of these but networks with a port. `*` is for every host.
    ///
    /// An address that cannot be used, such as that of a SOCKS proxy, is an error of [`build`](Self::build)
    /// that names the variable. See [`proxy`](Self::proxy) for what is sent to a proxy.
    pub fn proxy_from_env(mut self) -> Self {
        self.proxy = ProxySetting::FromEnv;
        self
    }

    /// Builds the transport. Nothing is sent, and no runtime is needed yet.
    ///
    /// The platform's root certificates are read when the first `https` request needs them, or by
    /// [`HyperTransport::check_tls`].
    ///
    /// # Errors
    ///
    /// An added certificate or the address of the proxy cannot be read; no cryptography is compiled
    /// in; no certificate is trusted.
    pub fn build(self) -> Result<HyperTransport, BuildError> {
        let mut added = Vec::new();
        for root in self.added_roots {
            added.extend(root.read()?);
        }
        let tls = Arc::new(Tls::new(self.roots, added, self.http2)?);
        let proxies = self.proxy.read()?;
        let connector = Connector::new(tls, proxies, self.connect_timeout);
        let pool = Pool::new(Settings {
            idle_timeout: self.pool_idle_timeout.unwrap_or(Duration::MAX),
            max_idle_per_host: self.pool_max_idle_per_host,
        });
        Ok(HyperTransport::new(connector, pool, self.limits, self.gzip))
    }
}

impl ProxySetting {
    fn read(&self) -> Result<Option<Proxies>, BuildError> {
        match self {
            Self::Direct => Ok(None),
            Self::All(url) => Ok(Some(Proxies::all(url)?)),
            Self::FromEnv => Proxies::from_env(|name| env::var_os(name)).map(Some),
        }
    }
}
