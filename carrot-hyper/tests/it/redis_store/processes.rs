//! Three processes with one limit over Redis, as the service sees them: one is killed, and the server dies
//! and comes back empty. The only test of the limiter in real time.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use carrot_core::rate_limit::{AcquireRequest, PermitOutcome, SharedRateLimiter};
use carrot_hyper::{RateLimiter, RedisStore, TokioClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::Server;

const LIMIT: u32 = 60;
const WINDOW: Duration = Duration::from_secs(6);
const WORKERS: usize = 4;
const ENVIRONMENT: &str = "CARROT_TEST_SHARED_LIMIT";

/// The service, which only counts.
#[derive(Clone)]
struct Service {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Instant>,
    failures: usize,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::<Mutex<Seen>>::default();
        let service = Self { port, seen };
        let counting = service.clone();
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let counting = counting.clone();
                thread::spawn(move || counting.serve(socket));
            }
        });
        service
    }

    /// A byte is a request, and is sent back as the response; `F` is a call without a permit.
    fn serve(&self, mut socket: TcpStream) {
        let mut byte = [0];
        while socket.read_exact(&mut byte).is_ok() {
            let number = {
                let mut seen = self.seen.lock().expect("no panic");
                match byte[0] {
                    b'F' => seen.failures += 1,
                    _ => seen.requests.push(Instant::now()),
                }
                seen.requests.len()
            };
            thread::sleep(Duration::from_millis(20 + number as u64 * 37 % 100));
            if socket.write_all(&byte).is_err() {
                return;
            }
        }
    }

    fn process(&self, server: &Server) -> Process {
        let program = std::env::current_exe().expect("this program");
        let child = Command::new(program)
            .args(["redis_store::processes::worker", "--exact", "--ignored"])
            .env(ENVIRONMENT, format!("{} {}", server.url(), self.port))
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        Process(child)
    }

    /// The most requests in any window.
    fn most(&self) -> usize {
        let mut requests = self.seen.lock().expect("no panic").requests.clone();
        requests.sort_unstable();
        let in_window = |(index, end): (usize, &Instant)| {
            index + 1 - requests.partition_point(|one| *one + WINDOW <= *end)
        };
        requests
            .iter()
            .enumerate()
            .map(in_window)
            .max()
            .unwrap_or(0)
    }

    /// Waits for a window, and returns how many requests came in it.
    fn count_a_window(&self) -> usize {
        let from = Instant::now();
        thread::sleep(WINDOW);
        let seen = self.seen.lock().expect("no panic");
        let is_in = |one: &&Instant| (from..from + WINDOW).contains(*one);
        seen.requests.iter().filter(is_in).count()
    }
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program of one process: calls, one after the other, for ever.
#[tokio::test]
#[ignore = "started by the test below"]
async fn worker() {
    let Ok(settings) = std::env::var(ENVIRONMENT) else {
        return;
    };
    let (url, port) = settings.split_once(' ').expect("two settings");
    let store = RedisStore::new(url, "test").expect("a sound URL");
    let limiter =
        SharedRateLimiter::with_limit(store, TokioClock::new(), LIMIT, WINDOW).processes(3);
    let limiter = Arc::new(limiter);
    let port: u16 = port.parse().expect("a port");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WORKERS {
        let limiter = Arc::clone(&limiter);
        tasks.spawn(async move {
            let mut socket = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .expect("the service listens");
            let mut request = AcquireRequest::new("test");
            request.patience = Some(Duration::from_secs(15));
            request.lease = Some(Duration::from_secs(2));
            loop {
                let permit = limiter.acquire(&request).await;
                let byte = match &permit {
                    Ok(_) => b'R',
                    Err(error) => {
                        eprintln!("{error}");
                        b'F'
                    }
                };
                // The service is gone when the test is over.
                if socket.write_all(&[byte]).await.is_err() || socket.read_u8().await.is_err() {
                    std::process::exit(0);
                }
                if let Ok(permit) = permit {
                    permit.complete(PermitOutcome::Responded);
                }
            }
        });
    }
    tasks.join_next().await;
}

#[test]
fn dead_processes_and_dead_stores_exceed_nothing() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let service = Service::start();
    let mut processes: Vec<Process> = (0..3).map(|_| service.process(&server)).collect();
    // The first window is that of the careful start.
    thread::sleep(WINDOW + Duration::from_secs(1));
    let mut counts = vec![service.count_a_window()];
    processes.pop();
    thread::sleep(Duration::from_secs(1));
    for away in [500, 3_000, 15_000] {
        server.kill();
        thread::sleep(Duration::from_millis(away));
        server.restart();
        // In the first window each process goes on with its share.
        thread::sleep(WINDOW + Duration::from_secs(1));
        counts.push(service.count_a_window());
    }
    let most = service.most();
    let failures = service.seen.lock().expect("no panic").failures;
    println!("most in a window: {most}; windows with the store: {counts:?}; failed: {failures}");
    assert!(most <= LIMIT as usize, "{most} of {LIMIT} in a window");
    assert_eq!(failures, 0, "calls without a permit");
    // Nine tenths.
    assert!(
        counts.iter().all(|count| *count >= 54),
        "{counts:?} of {LIMIT}"
    );
}
