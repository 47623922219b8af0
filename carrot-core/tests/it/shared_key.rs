//! Several programs that share a key, each with its own limiter: how many requests get a 429, and how
//! soon a program recovers. An hour of virtual time in steps of a tenth of a second.

use std::{
    fmt::Write as _,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use carrot_core::{
    Clock as _, LocalRateLimiter, RateLimiter,
    rate_limit::{AcquireError, AcquireRequest, Permit, PermitOutcome},
};
use carrot_testing::VirtualClock;
use expect_test::expect_file;

const STEP: Duration = Duration::from_millis(100);
const MINUTE: Duration = Duration::from_secs(60);
const LIMIT: usize = 60;
const AT_A_TIME: usize = 8;

/// How the service counts its minute.
#[derive(Clone, Copy, Debug)]
enum Window {
    /// The last sixty seconds, with or without rejected requests.
    Sliding { counts_rejected: bool },
    /// From one full minute to the next.
    Fixed { counts_rejected: bool },
}

struct Service {
    window: Window,
    counted: Vec<Duration>,
    accepted: Vec<Duration>,
    rejected: Vec<Duration>,
}

impl Service {
    fn new(window: Window) -> Self {
        Self {
            window,
            counted: Vec::new(),
            accepted: Vec::new(),
            rejected: Vec::new(),
        }
    }

    fn accepts(&mut self, now: Duration) -> bool {
        let (since, counts_rejected) = match self.window {
            Window::Sliding { counts_rejected } => (
                now.saturating_sub(MINUTE - Duration::from_nanos(1)),
                counts_rejected,
            ),
            Window::Fixed { counts_rejected } => (
                Duration::from_secs(now.as_secs() / 60 * 60),
                counts_rejected,
            ),
        };
        let recent = self
            .counted
            .iter()
            .rev()
            .take_while(|at| **at >= since)
            .count();
        let accepts = recent < LIMIT;
        if accepts || counts_rejected {
            self.counted.push(now);
        }
        match accepts {
            true => self.accepted.push(now),
            false => self.rejected.push(now),
        }
        accepts
    }

    /// Returns the most requests rejected in one minute.
    fn worst_minute(&self) -> usize {
        let minutes = (0..60).map(|minute| {
            let in_minute = |at: &&Duration| at.as_secs() / 60 == minute;
            self.rejected.iter().filter(in_minute).count()
        });
        minutes.max().unwrap_or_default()
    }
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Acquire<'a> = Pin<Box<dyn Future<Output = Result<Permit, AcquireError>> + Send + 'a>>;

/// A worker of a program, which makes one request after the other.
enum Lane<'a> {
    Waits(Acquire<'a>, Arc<Flag>),
    /// The time of arrival at the service, the permit, and how long the response takes.
    Travels(Duration, Permit, Duration),
    /// The time of the response, and whether the service accepted the request.
    Returns(Duration, Permit, bool),
}

fn start<'a>(limiter: &'a LocalRateLimiter<VirtualClock>, request: &'a AcquireRequest) -> Lane<'a> {
    let flag = Flag(AtomicBool::new(true));
    Lane::Waits(limiter.acquire(request), Arc::new(flag))
}

struct Chance(fastrand::Rng);

impl Chance {
    fn travel(&mut self) -> Duration {
        Duration::from_millis(self.0.u64(50..250))
    }
}

/// Runs programs that always have requests to make. Calls `at` with the service at each step.
fn run(
    clock: &VirtualClock,
    limiters: &[LocalRateLimiter<VirtualClock>],
    service: &mut Service,
    minutes: u32,
    mut at: impl FnMut(&mut Service, Duration),
) {
    let request = AcquireRequest::new("test");
    let mut chance = Chance(fastrand::Rng::with_seed(7));
    let mut lanes: Vec<_> = limiters
        .iter()
        .flat_map(|limiter| (0..AT_A_TIME).map(move |_| limiter))
        .map(|limiter| (limiter, start(limiter, &request)))
        .collect();
    while clock.now() < minutes * MINUTE {
        let now = clock.now();
        at(service, now);
        for (limiter, lane) in &mut lanes {
            step(limiter, lane, &request, service, &mut chance, now);
        }
        clock.advance(STEP);
    }
}

fn step<'a>(
    limiter: &'a LocalRateLimiter<VirtualClock>,
    lane: &mut Lane<'a>,
    request: &'a AcquireRequest,
    service: &mut Service,
    chance: &mut Chance,
    now: Duration,
) {
    let next = match std::mem::replace(lane, start(limiter, request)) {
        Lane::Waits(mut acquire, flag) => {
            if !flag.0.swap(false, Ordering::Relaxed) {
                Lane::Waits(acquire, flag)
            } else {
                let waker = Waker::from(Arc::clone(&flag));
                match acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Pending => Lane::Waits(acquire, flag),
                    Poll::Ready(permit) => {
                        let permit = permit.expect("a wait without a limit");
                        Lane::Travels(now + chance.travel(), permit, chance.travel())
                    }
                }
            }
        }
        Lane::Travels(arrives, permit, back) if arrives <= now => {
            Lane::Returns(now + back, permit, service.accepts(now))
        }
        Lane::Returns(comes, permit, accepted) if comes <= now => {
            permit.complete(match accepted {
                true => PermitOutcome::Responded,
                false => PermitOutcome::Throttled { retry_after: None },
            });
            return;
        }
        other => other,
    };
    *lane = next;
}

fn limiters(clock: &VirtualClock, count: u64) -> Vec<LocalRateLimiter<VirtualClock>> {
    (0..count)
        .map(|seed| LocalRateLimiter::new(clock.clone()).jitter_seed(seed))
        .collect()
}

/// Another program uses the whole limit from minute 5 to 10. Returns the accepted requests of each
/// minute and the limit at its start, over 25 minutes.
fn with_greedy_program(window: Window) -> (Vec<usize>, Vec<u32>) {
    let clock = VirtualClock::manual();
    let programs = limiters(&clock, 1);
    let mut service = Service::new(window);
    let mut limits = Vec::new();
    run(&clock, &programs, &mut service, 25, |service, now| {
        let is_used_up = (5 * MINUTE..10 * MINUTE).contains(&now);
        if is_used_up {
            // Uses up what the service accepts; these requests are not the program's.
            while service.accepts(now) {
                service.accepted.pop();
            }
            service.rejected.pop();
        }
        if now.as_millis() % 60_000 == 0 {
            limits.push(programs[0].status().expect("a status").limit);
        }
    });
    let per_minute = (0..25).map(|minute| {
        let in_minute = |at: &&Duration| at.as_secs() / 60 == minute;
        service.accepted.iter().filter(in_minute).count()
    });
    (per_minute.collect(), limits)
}

#[test]
fn programs_on_one_key_rarely_exceed_its_limit() {
    let mut text = String::from(
        "A simulation of programs that share a key, each with its own limiter. For an hour, each program keeps\n\
         eight requests in flight; the service allows 60 requests in any minute.\n\n\
         | programs | accepted | rejected with 429 | rejected in the worst minute |\n|---|---|---|---|\n",
    );
    // An earlier limiter had 13, 52 and 110 in its worst minute.
    for (count, most) in [(2, 13), (4, 25), (8, 54)] {
        let clock = VirtualClock::manual();
        let programs = limiters(&clock, count);
        let mut service = Service::new(Window::Sliding {
            counts_rejected: false,
        });
        run(&clock, &programs, &mut service, 60, |_, _| {});
        let (accepted, rejected) = (service.accepted.len(), service.rejected.len());
        let worst = service.worst_minute();
        writeln!(text, "| {count} | {accepted} | {rejected} | {worst} |").expect("a string");
        assert!(worst <= most, "{count} programs: {worst}");
    }
    expect_file!["../../docs/shared_key.md"].assert_eq(&text);
}

#[test]
fn limit_recovers_after_other_program_stops() {
    let mut curve = None;
    for counts_rejected in [false, true] {
        for window in [
            Window::Sliding { counts_rejected },
            Window::Fixed { counts_rejected },
        ] {
            let (accepted, limits) = with_greedy_program(window);
            let back = accepted.iter().skip(10).position(|count| *count >= 54);
            let minutes = back.expect("the program recovers");
            assert!(minutes <= 6, "{window:?}: {accepted:?}");
            curve.get_or_insert((accepted, limits));
        }
    }
    let (accepted, limits) = curve.expect("four runs");
    expect_file!["../../docs/recovery.svg"].assert_eq(&picture(&accepted, &limits));
}

/// Draws the limit as a line and the accepted requests of each minute as bars.
fn picture(accepted: &[usize], limits: &[u32]) -> String {
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 260\" font-family=\"monospace\" \
         font-size=\"11\">\n<rect width=\"640\" height=\"260\" fill=\"#fff\"/>\n\
         <text x=\"40\" y=\"18\">Another program uses the whole limit from minute 5 to 10: requests accepted in \
         each minute (bars), the limit (line)</text>\n\
         <rect x=\"160\" y=\"30\" width=\"120\" height=\"190\" fill=\"#f4e6e6\"/>\n",
    );
    let y = |requests: f64| 220.0 - requests * 3.0;
    for requests in [0_u32, 20, 40, 60] {
        let y = y(f64::from(requests));
        writeln!(
            svg,
            "<line x1=\"40\" x2=\"640\" y1=\"{y}\" y2=\"{y}\" stroke=\"#ddd\"/><text x=\"14\" y=\"{y}\">{requests}</text>"
        )
        .expect("a string");
    }
    for (minute, count) in accepted.iter().enumerate() {
        let (x, height) = (42 + minute * 24, count * 3);
        let top = 220 - height;
        writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{top}\" width=\"20\" height=\"{height}\" fill=\"#7aa6d6\"/>"
        )
        .expect("a string");
        if minute % 5 == 0 {
            writeln!(svg, "<text x=\"{x}\" y=\"236\">{minute}</text>").expect("a string");
        }
    }
    let points: Vec<String> = limits
        .iter()
        .enumerate()
        .map(|(minute, limit)| format!("{},{}", 40 + minute * 24, 220 - limit * 3))
        .collect();
    writeln!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"#b03030\" stroke-width=\"2\"/>\n\
         <text x=\"290\" y=\"252\">minutes</text>\n</svg>",
        points.join(" ")
    )
    .expect("a string");
    svg
}
