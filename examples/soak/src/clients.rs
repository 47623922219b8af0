//! The clients, one for each way to the server, and which of them a worker takes.

use std::{sync::Arc, time::Duration};

use carrot_examples::program::Failure;
use carrot_hyper::{
    AuthToken, BaseUrl, Client, ExponentialBackoff, HyperTransport, NoRateLimit, RateLimiter,
    TlsRoots, TokioClock,
};

use crate::{
    limit::{CLIENTS, Redis},
    plan::ATTEMPTS,
    proxy::Proxy,
    secrets::TOKEN,
    server::{Server, Way},
    tally::Told,
};

/// The ways of ten workers. The second runtime has the odd ones.
const WORKERS: [Way; 10] = [
    Way::Direct,
    Way::Direct,
    Way::Limited,
    Way::Limited,
    Way::Http2,
    Way::Http2,
    Way::Proxied,
    Way::Proxied,
    Way::Direct,
    Way::Direct,
];

/// More workers than these would wait for the shared limit until their calls run out of time.
const LIMITED_ROUNDS: usize = 8;

pub(crate) struct Clients {
    pub(crate) direct: Client,
    pub(crate) http2: Client,
    proxied: Client,
    limited: Vec<Client>,
}

impl Clients {
    /// Without a Redis server none shares a limit.
    pub(crate) fn new(
        server: &Server,
        proxy: &Proxy,
        redis: Option<&Redis>,
        told: &Arc<Told>,
        connections: u32,
    ) -> Result<Self, Failure> {
        let client = |way, limiter: Arc<dyn RateLimiter>| {
            let transport = HyperTransport::builder().pool_max_idle_per_host(connections as usize);
            let transport = match way {
                Way::Direct | Way::Limited => transport,
                Way::Proxied => transport.proxy(proxy.url()),
                Way::Http2 => transport
                    .http2(true)
                    .tls_roots(TlsRoots::OnlyAdded)
                    .add_root_certificate_der(server.authority()),
            };
            let retry = ExponentialBackoff::new()
                .max_attempts(ATTEMPTS)
                .transient_base(Duration::from_millis(1))
                .unavailable_base(Duration::from_millis(1))
                .throttled_base(Duration::from_millis(1));
            let token = AuthToken::new(TOKEN)?;
            let client = Client::builder(transport.build()?, TokioClock::new(), token)
                .base_url(server.url(way).parse::<BaseUrl>()?)
                .rate_limiter(limiter)
                .retry(retry)
                .observer(Arc::clone(told));
            Ok::<_, Failure>(client.build()?)
        };
        let unlimited = || Arc::new(NoRateLimit::new());
        let limited = redis.iter().flat_map(|redis| {
            (0..CLIENTS).map(|_| client(Way::Limited, Arc::new(redis.limiter()?)))
        });
        Ok(Self {
            direct: client(Way::Direct, unlimited())?,
            http2: client(Way::Http2, unlimited())?,
            proxied: client(Way::Proxied, unlimited())?,
            limited: limited.collect::<Result<_, _>>()?,
        })
    }

    /// What this worker takes.
    pub(crate) fn of_worker(&self, number: usize) -> (&Client, Way) {
        let (round, way) = (number / WORKERS.len(), WORKERS[number % WORKERS.len()]);
        match way {
            Way::Proxied => (&self.proxied, way),
            Way::Http2 => (&self.http2, way),
            Way::Limited if !self.limited.is_empty() && round < LIMITED_ROUNDS => {
                (&self.limited[round % self.limited.len()], way)
            }
            Way::Direct | Way::Limited => (&self.direct, Way::Direct),
        }
    }
}
