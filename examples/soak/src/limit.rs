//! A limit that several clients share through a Redis server, which dies and comes back empty.

use std::{
    io::ErrorKind,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use carrot_examples::{program::Failure, redis_server::RedisServer};
use carrot_hyper::{
    RedisStore, TokioClock,
    rate_limit::{SharedRateLimiter, Start},
};
use tokio::{sync::watch, time::sleep};

/// The service allows 60 a minute. A second is enough to see many windows, and so few requests that the time which each
/// takes hides none of them: less than one comes while a permit is in use.
pub(crate) const LIMIT: u32 = 6;
pub(crate) const WINDOW: Duration = Duration::from_secs(1);

/// With how many permits a store without memory starts: one for each client.
const BURST: u32 = CLIENTS;

/// How many clients share the limit, each as a process of its own.
pub(crate) const CLIENTS: u32 = 3;

/// How long the server runs, and how long it is away, in turn: shorter than what a limiter waits for it, and longer
/// than a window.
const RUNS: Duration = Duration::from_secs(4);
const AWAY: [Duration; 2] = [Duration::from_millis(400), Duration::from_secs(2)];

/// The server that keeps the limit.
pub(crate) struct Redis {
    url: String,
    own: Option<RedisServer>,
    outages: Outages,
}

impl Redis {
    /// The server with this URL, or one that is started; none where there is no program to start.
    pub(crate) async fn find(url: Option<String>) -> Result<Option<Self>, Failure> {
        let (url, own) = match url {
            Some(url) => (url, None),
            None => match RedisServer::start().await {
                Ok(server) => (server.url(), Some(server)),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(format!("redis-server: {error}").into()),
            },
        };
        let outages = Outages::default();
        Ok(Some(Self { url, own, outages }))
    }

    /// Which one it is, for the report. A URL that was given may hold a password.
    pub(crate) fn name(&self) -> &str {
        self.own
            .as_ref()
            .map_or("that of --redis, which stays up", |_| &*self.url)
    }

    pub(crate) fn outages(&self) -> Outages {
        self.outages.clone()
    }

    /// The limiter of a client.
    pub(crate) fn limiter(&self) -> Result<SharedRateLimiter<RedisStore, TokioClock>, Failure> {
        let name = format!("soak-{}", std::process::id());
        let store = RedisStore::new(&self.url, &name)?;
        let limiter = SharedRateLimiter::with_limit(store, TokioClock::new(), LIMIT, WINDOW);
        Ok(limiter
            .start(Start::Cautious { burst: BURST })
            .processes(CLIENTS))
    }

    /// Kills the server and starts it again, for ever, where it is this program's own.
    pub(crate) async fn restart_again_and_again(
        self,
        mut ready: watch::Receiver<bool>,
    ) -> Result<(), Failure> {
        let Some(mut server) = self.own else {
            return Ok(());
        };
        ready.wait_for(|ready| *ready).await?;
        for away in AWAY.iter().cycle() {
            sleep(RUNS).await;
            self.outages.lock().push((Instant::now(), None));
            server.kill().await?;
            sleep(*away).await;
            server.restart().await?;
            if let Some((_, back)) = self.outages.lock().last_mut() {
                *back = Some(Instant::now());
            }
        }
        Ok(())
    }
}

/// From when to when the server was away.
#[derive(Clone, Default)]
pub(crate) struct Outages(Arc<Mutex<Vec<Outage>>>);

/// While it is away the end is not known.
type Outage = (Instant, Option<Instant>);

/// The most requests in any window.
#[derive(Default)]
pub(crate) struct Most {
    /// While the server responds and knows what was sent.
    pub(crate) with_server: u32,
    /// In the other windows.
    pub(crate) without: u32,
}

impl Outages {
    fn lock(&self) -> MutexGuard<'_, Vec<Outage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn number(&self) -> usize {
        self.lock().len()
    }

    /// `requests` is in the order of time.
    pub(crate) fn most(&self, requests: &[Instant]) -> Most {
        let outages = self.lock();
        let mut most = Most::default();
        for (index, last) in requests.iter().enumerate() {
            let first = requests.partition_point(|one| *one + WINDOW <= *last);
            let number = u32::try_from(index + 1 - first).unwrap_or(u32::MAX);
            // An empty server learns in a window what was sent, and the next one still has requests of that time.
            let is_touched = outages.iter().any(|(from, back)| {
                *from <= *last && back.is_none_or(|back| requests[first] <= back + 2 * WINDOW)
            });
            let most = match is_touched {
                true => &mut most.without,
                false => &mut most.with_server,
            };
            *most = number.max(*most);
        }
        most
    }

    /// The limit that was exceeded, if any. In the first window of an outage the burst comes to the limit.
    pub(crate) fn broken(&self, requests: &[Instant]) -> Vec<String> {
        let most = self.most(requests);
        [
            (most.with_server, LIMIT, "while the Redis server responded"),
            (most.without, LIMIT + BURST, "about an outage of the Redis server"),
        ]
        .into_iter()
        .filter(|(most, limit, _)| most > limit)
        .map(|(most, limit, when)| {
            format!("{most} requests with the shared limit came in {WINDOW:?}, {when}: at most {limit} may")
        })
        .collect()
    }
}
