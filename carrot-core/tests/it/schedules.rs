//! Seeded schedules of clients, a rate limiter, retries, jobs, listings, cancelled calls, killed processes and a
//! lossy service, in virtual time. A third of them share the limit among processes, over a store that may be away.
//!
//! The rules, by the word with which a failure starts:
//!
//! * `law`: nothing is written twice, and no error denies what was applied or accepted;
//! * `limit`: in no window does the service see more requests than allowed;
//! * `accounts`: each call and each attempt ends once and is reported once, as the service saw them;
//! * `deadline`: no call ends after its deadline, and `endless`: each step ends;
//! * `useful`: no attempt starts without a useful time;
//! * `asked`: no retry comes before the service asked for it;
//! * `idle`: no attempt waits while a permit is free;
//! * `permits`: in the end all of them are back, and the limit has healed;
//! * `job`: it tells of each item once, and starts what it says; `list`: no lead that stays is missed in silence.
//!
//! `CARROT_SCHEDULES=100000` runs more of them, `CARROT_SCHEDULE_SEED=7` one alone.

mod books;
mod limits;
mod lossy;
mod run;
mod steps;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use carrot_core::{
    ApiVersion, Client, Clock as _, ExponentialBackoff,
    client::{CallOptions, Outcome},
    rate_limit::Priority,
};
use carrot_testing::VirtualClock;

use self::{
    books::{Books, Known, Reports},
    limits::Limits,
    lossy::Lossy,
    steps::Kind,
};
use crate::support::{
    SECOND, over,
    simulation::{Task, task},
};

const SCHEDULES: u64 = 10_000;
const WINDOW: Duration = Duration::from_secs(10);

/// One schedule.
struct Schedule {
    clock: VirtualClock,
    service: Lossy,
    books: RefCell<Books>,
    /// What is done, by the first id that it uses.
    steps: BTreeMap<u64, String>,
}

/// What all schedules did together.
#[derive(Debug, Default)]
struct Totals {
    shared: usize,
    outages: usize,
    killed: usize,
    calls: usize,
    requests: u32,
    throttled: u32,
    applied: u32,
    uncertain: usize,
    cancelled: usize,
    /// Waits for a permit that were compared with the permits in use.
    waits: usize,
}

fn millis(random: &mut fastrand::Rng, most: u64) -> Duration {
    Duration::from_millis(random.u64(0..most))
}

fn options(random: &mut fastrand::Rng) -> CallOptions {
    let mut limit = |in_ten, least, most| {
        let is_set = random.u8(0..10) < in_ten;
        is_set.then(|| Duration::from_millis(least) + millis(random, most))
    };
    let options = CallOptions::new()
        .call_timeout(limit(9, 500, 60_000))
        .attempt_timeout(limit(9, 100, 8_000))
        .permit_timeout(limit(2, 0, 5_000));
    let priorities = [Priority::Bulk, Priority::Interactive];
    options.priority(priorities.get(random.usize(0..10)).copied())
}

/// Runs one schedule and returns what broke.
fn run(seed: u64, totals: &mut Totals) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let clock = VirtualClock::manual();
    let service = Lossy::new(&clock, seed);
    let limits = Limits::draw(&clock, seed, &mut random);
    let reports = Reports::new(&clock);
    let limiters = limits.limiters.iter().enumerate().cycle();
    let client = |(number, (line, limiter)): (u64, (usize, &Arc<_>))| {
        let version = [ApiVersion::V1, ApiVersion::V2][usize::from(random.u8(0..4) > 0)];
        let client = over(service.line(line), &clock)
            .version(version)
            .rate_limiter(Arc::clone(limiter))
            .retry(ExponentialBackoff::new().seed(seed + number))
            .observer(reports.clone());
        (line, client.build().expect("a client"))
    };
    let clients: Vec<(usize, Client)> = (0..).zip(limiters).take(3).map(client).collect();

    let mut steps = BTreeMap::new();
    let mut drawn = Vec::new();
    let (mut id, mut has_bulk) = (1, false);
    let latest = [2_000, 20_000][random.usize(0..2)];
    for number in 1..=random.u32(1..7) {
        let starts = millis(&mut random, latest);
        let (line, client) = &clients[random.usize(0..clients.len())];
        let options = options(&mut random);
        let kind = Kind::draw(&mut random);
        has_bulk |= kind.is_bulk() || options.priority == Some(Priority::Bulk);
        steps.insert(id, format!("step {number}: at {starts:?} {kind:?} {id}"));
        let client = client.with_options(options);
        drawn.push((starts, *line, client, kind, id, random.fork()));
        id += kind.objects();
    }
    let schedule = Schedule {
        clock,
        service,
        books: RefCell::default(),
        steps,
    };
    let this = &schedule;
    // What a killed process leaves behind: nobody polls or drops it.
    let graves = RefCell::new(Vec::new());
    let mut tasks: Vec<Task<'_, ()>> = limits.task(&this.clock).into_iter().collect();
    for (starts, line, client, kind, id, random) in drawn {
        let (death, graves) = (limits.deaths[line], &graves);
        tasks.push(task(async move {
            this.clock.sleep(starts).await;
            if death.is_some_and(|death| death <= starts) {
                return;
            }
            let mut step: Task<'_, ()> = task(kind.run(this, client, id, random));
            if !this.lives(&mut step, id, death).await {
                this.service.cut(line);
                graves.borrow_mut().push(step);
            }
        }));
    }
    let stuck = run::run_all(&this.clock, tasks);
    if stuck > 0 {
        this.broke(0, format!("endless: {stuck} tasks wait for nothing"));
    }
    this.check(&limits, &reports, has_bulk, graves.into_inner(), totals)
}

impl Schedule {
    fn broke(&self, id: u64, text: String) {
        self.books.borrow_mut().broken.push((id, text));
    }

    fn check(
        &self,
        limits: &Limits,
        reports: &Reports,
        has_bulk: bool,
        graves: Vec<Task<'_, ()>>,
        totals: &mut Totals,
    ) -> Vec<String> {
        let has_dead = !graves.is_empty();
        totals.killed += graves.len();
        let mut found = vec![limits.check_windows(&self.service.log().arrivals)];
        let is_plain = limits.is_plain && !has_bulk && self.service.log().throttled == 0;
        if is_plain {
            let waits = &reports.reported().waits;
            totals.waits += waits.iter().filter(|wait| !wait.is_empty()).count();
            found.push(limits.check_waits(waits, &self.service.log().spans));
        }
        found.push(limits.check_permits(&self.clock));
        drop(graves);

        let (log, reported) = (self.service.log(), reports.reported());
        let mut books = self.books.borrow_mut();
        books.check_law(&log);
        books.check_accounts(&log, &reported, has_dead);
        totals.shared += usize::from(limits.is_shared());
        totals.outages += limits.outage_count();
        totals.calls += reported.calls.len();
        totals.requests += log.handed.values().sum::<u32>();
        totals.throttled += log.throttled;
        totals.applied += log.writes.values().map(|seen| seen.applied).sum::<u32>();
        let known = books.known.values();
        totals.uncertain += known
            .filter(|known| matches!(known.1, Known::Maybe))
            .count();
        let calls = reported.calls.iter();
        let is_cancelled = |call: &&_| {
            matches!(
                call,
                carrot_core::client::CallReport {
                    outcome: Outcome::Cancelled,
                    ..
                }
            )
        };
        totals.cancelled += calls.filter(is_cancelled).count();

        let found = found
            .into_iter()
            .filter_map(|found| Some((0, found.err()?)));
        let all = books.broken.iter().chain(&log.broken).cloned().chain(found);
        let with_step = all.map(|(id, text)| match self.steps.range(..=id).next_back() {
            Some((_, step)) => format!("{text} ({id}; {step})"),
            None => text,
        });
        with_step.collect()
    }
}

#[test]
fn seeded_schedules_keep_the_law() {
    let number = |name: &str| {
        let value = env::var(name).ok();
        value.map(|text| text.parse().expect("a number"))
    };
    let seeds = match number("CARROT_SCHEDULE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CARROT_SCHEDULES").unwrap_or(SCHEDULES),
    };
    let mut totals = Totals::default();
    for seed in seeds.clone() {
        let broken = catch_unwind(AssertUnwindSafe(|| run(seed, &mut totals)));
        let broken = broken.unwrap_or_else(|_| vec!["a panic, see above".to_owned()]);
        assert!(
            broken.is_empty(),
            "CARROT_SCHEDULE_SEED={seed}: {broken:#?}"
        );
    }
    println!("{} schedules: {totals:?}", seeds.count());
}
