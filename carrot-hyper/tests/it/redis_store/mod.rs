//! The shared rate limit over a real Redis server: the script keeps the rules of the store in memory, and
//! nothing secret is said.

mod conformance;
mod processes;
mod server;

use std::{
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};

use carrot_core::rate_limit::{
    AcquireError, AcquireRequest, CompletedPermit, Grant, MemoryStore, Outage, PermitId,
    PermitOutcome, Priority, RateLimitStore, RestoreRequest, RestoredPermit, SharedLimit,
    SharedRateLimiter, StoreState, TakeRequest,
};
use carrot_hyper::{RateLimiter, RedisStore, RedisStoreError, TokioClock};
use carrot_testing::VirtualClock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use self::server::Server;

/// So long that no time passes for the limit.
const WINDOW: Duration = Duration::from_secs(24 * 3600);
/// For a busy machine.
const PLENTY: Duration = Duration::from_secs(60);
const PASSWORD: &str = "hunter2-of-the-store";

fn store(server: &Server, name: &str) -> RedisStore {
    let store = RedisStore::new(&server.url(), name).expect("a sound URL");
    store.response_timeout(PLENTY)
}

/// What two stores must agree on.
#[derive(Debug, PartialEq)]
struct Told {
    grant: &'static str,
    members: u32,
    is_rebuilding: bool,
    limit: u32,
    used: u32,
    is_paused: bool,
}

fn told(state: StoreState, grant: &'static str) -> Told {
    Told {
        grant,
        members: state.members,
        is_rebuilding: state.is_rebuilding,
        limit: state.limit,
        used: state.used,
        is_paused: state.paused_for.is_some(),
    }
}

/// A store in the time of a test, and what a process knows of it.
struct Side<'a> {
    store: &'a dyn RateLimitStore,
    time: Time<'a>,
    epoch: Option<u64>,
}

/// Passes only with [`Step::Pass`], however slow the machine is.
#[derive(Clone, Copy)]
enum Time<'a> {
    Memory(&'a VirtualClock),
    /// The name of the limit.
    Redis(&'a Server, &'a str),
}

impl Time<'_> {
    /// Lets time pass, and none besides until the next step.
    fn pass(self, time: Duration) {
        match self {
            Self::Memory(clock) => clock.advance(time),
            Self::Redis(server, name) => server.stop_clock(name, time),
        }
    }

    /// Returns true unless the store has still to learn of a step.
    fn has_passed(self) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::Redis(server, name) => server.clock_goes(name),
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Take(TakeRequest),
    Restore(RestoreRequest),
    Completed(CompletedPermit),
    Pass(Duration),
}

impl Side<'_> {
    /// Tells the store a step of a history, of a process that knows its memory or an older one.
    async fn step(&mut self, step: &Step, is_known: bool) -> Option<Told> {
        let epoch = match is_known {
            true => self.epoch,
            false => Some(7),
        };
        self.time.pass(match step {
            Step::Pass(time) => *time,
            _ => Duration::ZERO,
        });
        match step {
            Step::Take(request) => {
                let mut request = request.clone();
                request.epoch = epoch;
                let taken = self.store.take(&request).await.expect("a response");
                self.epoch = Some(taken.state.epoch);
                let grant = match taken.grant {
                    Grant::Granted => "granted",
                    Grant::Wait(_) => "wait",
                    _ => "forgotten",
                };
                Some(told(taken.state, grant))
            }
            Step::Restore(request) => {
                let mut request = request.clone();
                request.epoch = epoch;
                let state = self.store.restore(&request).await.expect("a response");
                self.epoch = Some(state.epoch);
                Some(told(state, "restored"))
            }
            Step::Completed(permit) => {
                self.store.completed(permit);
                // It is sent in the background.
                while !self.time.has_passed() {
                    tokio::task::yield_now().await;
                }
                None
            }
            Step::Pass(_) => None,
        }
    }
}

/// A random history of three processes with a limit of twelve.
fn history(seed: u64) -> Vec<(Step, bool)> {
    let mut random = Random(seed);
    let mut limit = SharedLimit::new(12, WINDOW);
    limit.burst = [12, 4][random.below(2)];
    limit.reserve = 2;
    let mut steps = Vec::new();
    let mut ids = vec![(PermitId::new(9, 9), Priority::Bulk)];
    for number in 0..40 {
        let process = random.below(3) as u64 + 1;
        let id = PermitId::new(process, number);
        let priority = [Priority::Interactive, Priority::Bulk][random.below(2)];
        let step = match random.below(11) {
            0..6 => {
                ids.push((id, priority));
                let mut request = TakeRequest::new(id, limit);
                request.priority = priority;
                request.waiting = random.below(5) as u32 + 1;
                request.is_share = random.below(4) == 0;
                request.waited = Duration::from_secs(random.below(100) as u64);
                request.lease = [WINDOW / 50, WINDOW / 2, WINDOW * 20][random.below(3)];
                Step::Take(request)
            }
            6..9 => {
                let outcome = match random.below(6) {
                    0 => PermitOutcome::Unsent,
                    1 => PermitOutcome::Unknown,
                    2 => PermitOutcome::Throttled {
                        retry_after: Some(Duration::from_secs(60)),
                    },
                    _ => PermitOutcome::Responded,
                };
                // Each ends once.
                let (id, priority) = match ids.is_empty() {
                    true => (id, priority),
                    false => ids.swap_remove(random.below(ids.len())),
                };
                let mut permit = CompletedPermit::new(id, outcome, limit);
                permit.priority = priority;
                Step::Completed(permit)
            }
            9 => Step::Pass(match random.below(4) {
                // Less than the pause of the service, and more than one of its own.
                0 => Duration::from_secs(10),
                1 => WINDOW * 3 / 7,
                2 => WINDOW * 17 / 13,
                // Not so long that the limit starts again.
                _ => WINDOW * 3,
            }),
            _ => {
                let permits = (0..random.below(4) as u64).map(|one| {
                    let priority = [Priority::Interactive, Priority::Bulk][one as usize % 2];
                    let id = PermitId::new(process, 1000 + one);
                    RestoredPermit::new(id, priority, WINDOW / 2)
                });
                Step::Restore(RestoreRequest::new(process, permits.collect(), limit))
            }
        };
        steps.push((step, random.below(12) != 0));
    }
    steps
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % bound
    }
}

/// Tells a history to a store.
async fn tell(store: &dyn RateLimitStore, time: Time<'_>, seed: u64) -> Vec<Option<Told>> {
    let epoch = None;
    let mut side = Side { store, time, epoch };
    let mut all = Vec::new();
    for (step, is_known) in history(seed) {
        all.push(side.step(&step, is_known).await);
    }
    all
}

#[tokio::test]
async fn script_has_the_rules_of_the_memory_store() {
    let Some(server) = Server::start() else {
        return;
    };
    for seed in 0..200 {
        let name = format!("history {seed}");
        let store = store(&server, &name);
        let by_redis = tell(&store, Time::Redis(&server, &name), seed).await;
        let clock = VirtualClock::manual();
        let store = MemoryStore::new(clock.clone());
        let by_memory = tell(&store, Time::Memory(&clock), seed).await;
        for (number, (step, _)) in history(seed).iter().enumerate() {
            let (redis, memory) = (&by_redis[number], &by_memory[number]);
            assert_eq!(redis, memory, "history {seed}, step {number}: {step:?}");
        }
    }
}

/// After a 429 the limit drops, one request probes, and all go on when it is accepted.
#[tokio::test]
async fn script_probes_like_the_store_in_memory() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = store(&server, "probe");
    let clock = VirtualClock::manual();
    let memory = MemoryStore::new(clock.clone());
    let limit = SharedLimit::new(60, WINDOW);
    let take = |number| Step::Take(TakeRequest::new(PermitId::new(number % 2, number), limit));
    let completed = |number, outcome| {
        let id = PermitId::new(number % 2, number);
        Step::Completed(CompletedPermit::new(id, outcome, limit))
    };
    let throttled = PermitOutcome::Throttled {
        retry_after: Some(Duration::from_secs(1)),
    };
    let mut steps: Vec<Step> = (0..20).map(take).collect();
    steps.extend((0..10).map(|number| completed(number, PermitOutcome::Responded)));
    steps.push(completed(10, throttled));
    steps.push(completed(11, throttled));
    // The pause is over.
    steps.push(Step::Pass(Duration::from_secs(1)));
    // The probe, and one that has to wait for it.
    steps.extend([take(40), take(41), completed(40, PermitOutcome::Unsent)]);
    steps.extend([take(42), completed(42, PermitOutcome::Responded), take(43)]);
    let mut grants = Vec::new();
    let mut limits = Vec::new();
    let sides = [
        (&redis as &dyn RateLimitStore, Time::Redis(&server, "probe")),
        (&memory, Time::Memory(&clock)),
    ];
    for (store, time) in sides {
        let epoch = None;
        let mut side = Side { store, time, epoch };
        let mut all = Vec::new();
        for step in &steps {
            all.extend(side.step(step, true).await);
        }
        limits.push(all.iter().map(|told| told.limit).collect::<Vec<_>>());
        grants.push(
            all.iter()
                .map(|told| told.grant)
                .skip(20)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(grants[0], ["granted", "wait", "granted", "granted"]);
    assert_eq!(grants[0], grants[1]);
    // Few were sent, and half of the limit remains.
    assert_eq!((limits[0][19], limits[0][20]), (60, 30));
    assert_eq!(limits[0], limits[1]);
}

fn request(patience: Duration) -> AcquireRequest {
    let mut request = AcquireRequest::new("test");
    request.patience = Some(patience);
    request.lease = Some(Duration::from_secs(1));
    request
}

#[tokio::test]
async fn lost_script_and_lost_memory_fail_no_call() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = store(&server, "test");
    let limiter = SharedRateLimiter::with_limit(store, TokioClock::new(), 60, WINDOW);
    let limiter = limiter.store_timeout(PLENTY).on_outage(Outage::Fail);
    let first = limiter.acquire(&request(PLENTY)).await.expect("a permit");
    server.send("SCRIPT FLUSH").expect("a reply");
    // Not loaded in a step of its own, after which it could be lost again.
    server.send("ACL SETUSER default -script").expect("a reply");
    let second = limiter.acquire(&request(PLENTY)).await;
    assert!(second.is_ok(), "{second:?}");
    server.send("FLUSHALL").expect("a reply");
    let third = limiter.acquire(&request(PLENTY)).await;
    assert!(third.is_ok(), "{third:?}");
    drop((first, second, third));
    // The keys share a slot of a cluster and expire.
    let keys = server.send("KEYS *").expect("a reply");
    assert!(keys.contains("{carrot:test}:state"), "{keys}");
    let left = server.send("PTTL {carrot:test}:state").expect("a reply");
    assert!(left.starts_with(":86"), "{left}");
}

/// In milliseconds.
fn expires_in(server: &Server, key: &str) -> u64 {
    let command = format!("PTTL {{carrot:test}}:{key}");
    let left = server.send(&command).expect("a reply");
    left.trim().trim_start_matches(':').parse().expect("a time")
}

/// The keys of a short window live as long as a pause of an hour.
#[tokio::test]
async fn long_pause_outlives_ten_windows() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = store(&server, "test");
    let limit = SharedLimit::new(60, Duration::from_millis(50));
    let take = |number| TakeRequest::new(PermitId::new(1, number), limit);
    store.take(&take(1)).await.expect("a response");
    let retry_after = Some(Duration::from_secs(3_600));
    let outcome = PermitOutcome::Throttled { retry_after };
    store.completed(&CompletedPermit::new(take(1).id, outcome, limit));
    let mut told = store.take(&take(2)).await.expect("a response");
    while told.state.paused_for.is_none() {
        tokio::task::yield_now().await;
        told = store.take(&take(3)).await.expect("a response");
    }
    let left = expires_in(&server, "state");
    assert!(left > 3_500_000, "{left} ms");
}

/// Nor is the permit of a request forgotten that may take longer than ten windows.
#[tokio::test]
async fn long_lease_outlives_ten_windows() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = store(&server, "test");
    let limit = SharedLimit::new(3, Duration::from_secs(1));
    let mut take = TakeRequest::new(PermitId::new(1, 1), limit);
    take.lease = Duration::from_secs(3_600);
    store.take(&take).await.expect("a response");
    let left = expires_in(&server, "permits");
    assert!(left > 3_500_000, "{left} ms");
}

/// The latest time that the limit saw, in milliseconds.
fn time_of_limit(server: &Server) -> u64 {
    let reply = server.send("HGET {carrot:test}:state now");
    let reply = reply.expect("a reply");
    let number = reply.lines().nth(1).expect("a number");
    number.parse().expect("a number")
}

/// A clock that went back leaves the time of the limit where it was.
#[tokio::test]
async fn clock_that_goes_back_stops_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = store(&server, "test");
    let limit = SharedLimit::new(3, WINDOW);
    let mut take = TakeRequest::new(PermitId::new(1, 1), limit);
    store.take(&take).await.expect("a response");
    // The limit saw a time an hour from now.
    let now = time_of_limit(&server);
    let later = now + 3_600_000;
    server
        .send(&format!("HSET {{carrot:test}}:state now {later}"))
        .expect("a reply");
    for number in 2..4 {
        take.id = PermitId::new(1, number);
        tokio::time::sleep(Duration::from_millis(5)).await;
        store.take(&take).await.expect("a response");
    }
    let now = time_of_limit(&server);
    assert!(
        (later + 1..later + 10_000).contains(&now),
        "{}",
        now - later
    );
}

/// A clock that jumps ahead, or a limit that nobody used for long: what was used meanwhile is not known.
#[tokio::test]
async fn clock_that_jumps_ahead_starts_with_care() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = store(&server, "test");
    let mut limit = SharedLimit::new(12, WINDOW);
    limit.burst = 4;
    let mut take = TakeRequest::new(PermitId::new(1, 0), limit);
    store.take(&take).await.expect("a response");
    for (number, windows, allowed) in [(1, 9, 12), (2, 11, 4)] {
        server.pass("test", WINDOW * windows);
        take.id = PermitId::new(1, number);
        let told = store.take(&take).await.expect("a response");
        assert_eq!((told.state.limit, told.state.used), (allowed, 1));
    }
}

#[tokio::test]
async fn errors_name_the_server_and_hold_no_password() {
    let store = RedisStore::new(&format!("redis://:{PASSWORD}@127.0.0.1:1"), "test");
    let store = store.expect("a sound URL");
    let shown = format!("{store:?}");
    let limiter = SharedRateLimiter::new(store, TokioClock::new()).on_outage(Outage::Fail);
    let error = limiter.acquire(&request(Duration::from_secs(1))).await;
    let Err(AcquireError::Store(source)) = &error else {
        panic!("{error:?}");
    };
    let text = source.to_string();
    assert!(text.starts_with("Redis at 127.0.0.1:1: "), "{text}");
    assert!(text.contains("check that the server runs"), "{text}");
    let all = format!("{shown} {text} {error:?} {limiter:?}");
    assert!(!all.contains("hunter2"), "{all}");
}

#[tokio::test]
async fn wrong_password_is_not_told() {
    let Some(server) = Server::with_password(Some(PASSWORD)) else {
        return;
    };
    let good = store(&server, "test");
    let wrong = format!("redis://:{PASSWORD}x@127.0.0.1:{}", server.port());
    let wrong = RedisStore::new(&wrong, "test").expect("a sound URL");
    let wrong = wrong.response_timeout(PLENTY);
    let take = TakeRequest::new(PermitId::new(1, 1), SharedLimit::new(3, WINDOW));
    assert!(good.take(&take).await.is_ok());
    let error = wrong.take(&take).await.expect_err("it is wrong");
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("WRONGPASS") || text.contains("assword"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("check the user and the password"), "{text}");
    let none = format!("redis://127.0.0.1:{}", server.port());
    let none = RedisStore::new(&none, "test").expect("a sound URL");
    let none = none.response_timeout(PLENTY);
    let text = none.take(&take).await.expect_err("none").to_string();
    assert!(text.contains("check the user and the password"), "{text}");
}

/// Advice fits who gets it: a server that responds is there.
#[tokio::test]
async fn advice_fits_the_response_of_the_server() {
    let Some(server) = Server::start() else {
        return;
    };
    let take = TakeRequest::new(PermitId::new(1, 1), SharedLimit::new(3, WINDOW));
    let replica = "DEL {carrot:test}:state\r\nREPLICAOF 127.0.0.1 1";
    let other = "SET {carrot:test}:state x";
    for (command, advice) in [
        (other, "; another program has keys"),
        (replica, "; use the address of the primary server"),
    ] {
        server.send(command).expect("a reply");
        let error = store(&server, "test").take(&take).await;
        let text = error.expect_err("no permit").to_string();
        assert!(text.contains(advice), "{text}");
    }
    let http = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = http.local_addr().expect("an address").port();
    let responds = std::thread::spawn(move || {
        let (mut socket, _) = http.accept()?;
        let _ = socket.read(&mut [0; 4096])?;
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    });
    let store = RedisStore::new(&format!("redis://[::ffff:127.0.0.1]:{port}"), "test");
    let store = store.expect("a sound URL").response_timeout(PLENTY);
    let text = store.take(&take).await.expect_err("not Redis").to_string();
    assert!(text.starts_with("Redis at [::ffff:127.0.0.1]:"), "{text}");
    assert!(text.contains("; check that this is the port"), "{text}");
    assert!(!text.contains('\n'), "{text}");
    responds.join().expect("no panic").expect("a socket");
}

/// Connecting takes most of the time. The next question uses the connection instead of a new one.
#[tokio::test(start_paused = true)]
async fn slow_connection_is_kept() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.expect("a port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let granted = format!("*7\r\n{}", "$1\r\n1\r\n".repeat(7));
        let replies = [(700, "+OK\r\n+OK\r\n"), (500, &granted), (500, &granted)];
        for (takes, reply) in replies {
            let _question = socket.read(&mut [0; 4096]).await.expect("a question");
            tokio::time::sleep(Duration::from_millis(takes)).await;
            socket.write_all(reply.as_bytes()).await.expect("a reply");
        }
        std::future::pending::<()>().await;
    });
    let store = RedisStore::new(&url, "test").expect("a sound URL");
    let store = store.response_timeout(Duration::from_secs(1));
    let take = TakeRequest::new(PermitId::new(1, 1), SharedLimit::new(3, WINDOW));
    store.take(&take).await.expect_err("too slow");
    store.take(&take).await.expect("a response");
}

/// A server that accepts and says nothing counts as away after the time that is set.
#[tokio::test(start_paused = true)]
async fn silent_server_is_away_in_time() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("redis://{}", silent.local_addr().expect("an address"));
    let limit = SharedLimit::new(3, WINDOW);
    for timeout in [Duration::from_millis(50), Duration::from_secs(30)] {
        let store = RedisStore::new(&url, "test").expect("a sound URL");
        let store = store.response_timeout(timeout);
        let started = tokio::time::Instant::now();
        let taken = store
            .take(&TakeRequest::new(PermitId::new(1, 1), limit))
            .await;
        taken.expect_err("nobody responds");
        let waited = started.elapsed();
        // The timer of the runtime rounds up.
        let most = timeout + Duration::from_millis(5);
        assert!((timeout..most).contains(&waited), "{timeout:?}: {waited:?}");
    }
}

#[test]
fn sound_urls_and_names_only() {
    let url = format!("http://:{PASSWORD}@host");
    let error = RedisStore::new(&url, "test").expect_err("not Redis");
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("redis://host:port") && !text.contains("hunter2"),
        "{text}"
    );
    for url in ["valkeys://host", " REDISS://host"] {
        let error = RedisStore::new(url, "test");
        assert!(matches!(error, Err(RedisStoreError::Tls)), "{url}");
    }
    let error = RedisStore::new("rediss://host", "test");
    let error = error.expect_err("no TLS");
    assert!(matches!(error, RedisStoreError::Tls));
    assert_eq!(
        error.to_string(),
        "the Redis store does not speak TLS; reach the server over a private network or a tunnel, with \
         redis:// instead of rediss://"
    );
    for name in ["", "a}b"] {
        let error = RedisStore::new("redis://host", name);
        assert!(matches!(error, Err(RedisStoreError::InvalidName)));
    }
}

#[test]
fn no_runtime_is_an_error() {
    let store = RedisStore::new("redis://127.0.0.1:1", "test").expect("a sound URL");
    let take = TakeRequest::new(PermitId::new(1, 1), SharedLimit::new(3, WINDOW));
    let mut taken = store.take(&take);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = taken.as_mut().poll(&mut context) else {
        panic!("it cannot respond");
    };
    assert!(error.to_string().contains("no tokio runtime"), "{error}");
    store.completed(&CompletedPermit::new(
        take.id,
        PermitOutcome::Unsent,
        take.limit,
    ));
}
