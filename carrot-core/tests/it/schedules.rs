//! Seeded schedules of clients, a rate limiter, retries, jobs, cancelled calls and a lossy service, in virtual
//! time. A third of them share the limit among processes, over a store that may be away. Each checks the law, the limit and the accounting of every call.
//!
//! `CARROT_SCHEDULES=100000` runs more of them, `CARROT_SCHEDULE_SEED=7` one alone.

mod limits;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    env, fmt,
    ops::ControlFlow,
    sync::{Arc, Mutex},
    time::Duration,
};

use carrot_core::{
    Client, Clock as _, Error, ExponentialBackoff, Sent,
    client::{AttemptReport, CallOptions, CallReport, Observer, Outcome},
    conversations::{Close, Parts, Reply},
    jobs::WriteStatus,
    types::{ConversationId, RandomId},
};
use carrot_testing::VirtualClock;

use self::limits::Limits;
use crate::support::{
    canary::TEXT,
    lossy::{Lossy, Seen},
    over,
    simulation::{Task, task},
};

const SCHEDULES: u64 = 10_000;
const WINDOW: Duration = Duration::from_secs(10);
/// What a call may take beyond its deadline: nothing but the rounding of the clock.
const GRACE: Duration = Duration::from_millis(1);

/// What the caller of a write knows in the end.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// It succeeded: applied, and once unless it is idempotent.
    Done,
    /// The error says that it was not applied, and what was sent.
    NotApplied(Sent),
    /// It may have been applied.
    Maybe,
    /// Its caller dropped it: anything.
    Dropped,
    /// A job says that it was not sent, or had no effect.
    Unstarted,
}

impl Known {
    fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(error) if error.may_have_been_applied() => Self::Maybe,
            Err(error) => Self::NotApplied(error.sent()),
        }
    }

    fn check(self, is_idempotent: bool, seen: Seen) -> Result<(), String> {
        let once = is_idempotent || seen.applied <= 1;
        let agrees = match self {
            Self::Done => seen.applied >= 1,
            Self::NotApplied(Sent::Never) => seen.arrived == 0,
            Self::NotApplied(_) => seen.applied == 0,
            Self::Maybe => seen.handed > 0,
            Self::Dropped => true,
            Self::Unstarted => seen.applied == 0,
        };
        match once && agrees {
            true => Ok(()),
            false => Err(format!("{self:?}, and the service: {seen:?}")),
        }
    }
}

/// How calls ended, counted where they were made.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    done: u32,
    failed: u32,
}

/// The books of one schedule.
#[derive(Default)]
struct Books {
    known: BTreeMap<u64, (bool, Known)>,
    replies: Counts,
    closes: Counts,
    broken: Vec<String>,
}

/// Everything that the clients report.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Reported>>);

#[derive(Default)]
struct Reported {
    calls: Vec<CallReport>,
    attempts: BTreeMap<&'static str, u32>,
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reports")
    }
}

impl Observer for Reports {
    fn attempt(&self, report: &AttemptReport) {
        let mut reported = self.0.lock().expect("no panic");
        *reported.attempts.entry(report.operation).or_default() += 1;
    }

    fn call(&self, report: &CallReport) {
        self.0.lock().expect("no panic").calls.push(*report);
    }
}

/// One schedule.
struct Schedule {
    clock: VirtualClock,
    service: Lossy,
    clients: Vec<Client>,
    books: RefCell<Books>,
}

impl Schedule {
    fn note<T>(&self, id: u64, is_idempotent: bool, result: &Result<T, Error>) {
        let mut books = self.books.borrow_mut();
        books.known.insert(id, (is_idempotent, Known::of(result)));
        let counts = match is_idempotent {
            true => &mut books.closes,
            false => &mut books.replies,
        };
        match result {
            Ok(_) => counts.done += 1,
            Err(_) => counts.failed += 1,
        }
    }

    fn may_be(&self, id: u64, is_idempotent: bool, known: Known) {
        let mut books = self.books.borrow_mut();
        books.known.insert(id, (is_idempotent, known));
    }

    /// A reply or a close, which its caller may cancel.
    async fn write(
        &self,
        client: &Client,
        id: u64,
        closes: bool,
        cancelled_after: Option<Duration>,
    ) {
        let started = self.clock.now();
        let conversation = ConversationId::new(id);
        let call = async {
            match closes {
                true => client.call(Close::new(conversation)).await.map(drop),
                false => client.call(Reply::new(conversation, TEXT)).await.map(drop),
            }
        };
        let limit = cancelled_after.unwrap_or(Duration::MAX);
        match self.clock.timeout(limit, call).await {
            Some(result) => self.note(id, closes, &result),
            None => self.may_be(id, closes, Known::Dropped),
        }
        let took = self.clock.now().saturating_sub(started);
        let most = client.options().call_timeout.unwrap_or(Duration::MAX);
        if took > most.saturating_add(GRACE) {
            let text = format!("a call took {took:?} of {most:?}");
            self.books.borrow_mut().broken.push(text);
        }
    }

    /// The way of the docs: write, find out, write again.
    async fn deliver(&self, client: &Client, id: u64) {
        let number = RandomId::new(i32::try_from(id).expect("small")).expect("a number");
        let reply = Reply::new(ConversationId::new(id), TEXT).random_id(number);
        let mut sent = Sent::Never;
        for _ in 0..4 {
            let result = client.call(&reply).await;
            self.note(id, false, &result);
            let Err(error) = result else { return };
            sent = sent.max(error.sent());
            if !error.may_have_been_applied() {
                self.may_be(id, false, Known::NotApplied(sent));
                continue;
            }
            match client.reconcile_reply(&reply, 0).await {
                Ok(WriteStatus::Written(_)) => {
                    return self.may_be(id, false, Known::Done);
                }
                Ok(WriteStatus::NotWritten) => self.may_be(id, false, Known::NotApplied(sent)),
                // Nobody knows, and so it is not sent again.
                _ => return self.may_be(id, false, Known::Maybe),
            }
        }
    }

    /// A job over many replies, which may be stopped, or cancelled.
    async fn job(&self, client: &Client, ids: Vec<u64>, random: &mut fastrand::Rng) {
        let stops_after = random.bool().then(|| random.usize(1..4));
        let limit = match random.bool() {
            true => Duration::from_millis(random.u64(0..30_000)),
            false => Duration::MAX,
        };
        let started = RefCell::new(BTreeSet::new());
        let mut calls = client
            .call_all(ids.clone(), |id| Reply::new(ConversationId::new(*id), TEXT))
            .concurrency(random.usize(1..5))
            .on_start(|id| {
                started.borrow_mut().insert(*id);
                ControlFlow::Continue(())
            });
        let run = calls.run(|progress| match stops_after {
            Some(most) if progress.succeeded + progress.failed >= most => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        let report = match self.clock.timeout(limit, run).await {
            Some(report) => report,
            None => calls.into_report(),
        };
        let mut all = Vec::new();
        for (id, part) in report.succeeded {
            self.note(id, false, &Ok(part));
            all.push(id);
        }
        for (id, error) in report.failed {
            self.note::<()>(id, false, &Err(error));
            all.push(id);
        }
        for one in report.cancelled {
            self.may_be(one.item, false, Known::Maybe);
            all.push(one.item);
        }
        for id in report
            .unsent
            .into_iter()
            .chain(report.rest.into_iter().flatten())
        {
            self.may_be(id, false, Known::Unstarted);
            all.push(id);
        }
        all.sort_unstable();
        let log = self.service.log();
        let handed = |id: &&u64| log.writes.get(id).is_some_and(|seen| seen.handed > 0);
        let sent: BTreeSet<u64> = ids.iter().filter(handed).copied().collect();
        if all != ids || sent != *started.borrow() {
            let text =
                format!("a job of {ids:?} tells of {all:?}, starts {started:?}, sends {sent:?}");
            self.books.borrow_mut().broken.push(text);
        }
    }
}

/// What all schedules did together.
#[derive(Debug, Default)]
struct Totals {
    shared: usize,
    outages: usize,
    calls: usize,
    requests: u32,
    throttled: u32,
    applied: u32,
    uncertain: usize,
    cancelled: usize,
}

/// Runs one schedule and returns what broke.
fn run(seed: u64, totals: &mut Totals) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let clock = VirtualClock::manual();
    let service = Lossy::new(&clock, seed);
    let limits = Limits::draw(&clock, seed, &mut random);
    let reports = Reports::default();
    let limiters = limits.limiters.iter().cycle();
    let clients = (0..random.u64(1..4))
        .zip(limiters)
        .map(|(number, limiter)| {
            let options = CallOptions::new()
                .call_timeout(Duration::from_millis(random.u64(500..60_000)))
                .attempt_timeout(Duration::from_millis(random.u64(100..8_000)));
            over(service.clone(), &clock)
                .options(options)
                .rate_limiter(Arc::clone(limiter))
                .retry(ExponentialBackoff::new().seed(seed + number))
                .observer(reports.clone())
                .build()
                .expect("a client")
        });
    let schedule = Schedule {
        clients: clients.collect(),
        clock,
        service,
        books: RefCell::default(),
    };
    let this = &schedule;
    let mut id = 1;
    let mut tasks: Vec<Task<'_, ()>> = limits.task(&this.clock).into_iter().collect();
    for _ in 0..random.u32(1..7) {
        let starts = Duration::from_millis(random.u64(0..20_000));
        let client = &this.clients[random.usize(0..this.clients.len())];
        let first = id;
        let mut own = random.fork();
        let kind = random.u8(0..10);
        id += if kind == 0 { 5 } else { 1 };
        tasks.push(task(async move {
            this.clock.sleep(starts).await;
            match kind {
                0 => {
                    let ids = (first..first + 5).collect();
                    this.job(client, ids, &mut own).await;
                }
                1 => this.deliver(client, first).await,
                2 => drop(client.call(Parts::new(ConversationId::new(first))).await),
                kind => {
                    let cancelled = own.u8(0..4) == 0;
                    let after = Duration::from_millis(own.u64(0..8_000));
                    this.write(client, first, kind > 7, cancelled.then_some(after))
                        .await;
                }
            }
        }));
    }
    this.clock.run_all(tasks);
    let mut broken = std::mem::take(&mut this.books.borrow_mut().broken);
    this.check(&limits, &reports, &mut broken);
    totals.shared += usize::from(limits.is_shared());
    totals.outages += limits.outage_count();

    let (log, books) = (this.service.log(), this.books.borrow());
    totals.calls += reports.0.lock().expect("no panic").calls.len();
    totals.requests += log.handed.values().sum::<u32>();
    totals.throttled += log.throttled;
    totals.applied += log.writes.values().map(|seen| seen.applied).sum::<u32>();
    let maybe = books
        .known
        .values()
        .filter(|known| matches!(known.1, Known::Maybe));
    totals.uncertain += maybe.count();
    let reported = reports.0.lock().expect("no panic");
    let cancelled = reported
        .calls
        .iter()
        .filter(|call| call.outcome == Outcome::Cancelled);
    totals.cancelled += cancelled.count();
    broken
}

impl Schedule {
    fn check(&self, limits: &Limits, reports: &Reports, broken: &mut Vec<String>) {
        let (log, books) = (self.service.log(), self.books.borrow());
        // The law: nothing is written twice, and no error denies what was applied or accepted.
        for (id, (is_idempotent, known)) in &books.known {
            let seen = log.writes.get(id).copied().unwrap_or_default();
            if let Err(text) = known.check(*is_idempotent, seen) {
                broken.push(format!("write {id}: {text}"));
            }
        }
        if let Some(id) = log.writes.keys().find(|id| !books.known.contains_key(id)) {
            broken.push(format!("nobody knows what became of write {id}"));
        }
        limits.check(&log.arrivals, broken);
        // The accounting: each attempt and each call is reported once, as its caller saw it.
        let reported = reports.0.lock().expect("no panic");
        if reported.attempts != log.handed {
            broken.push(format!(
                "attempts {:?}, requests {:?}",
                reported.attempts, log.handed
            ));
        }
        for (name, counts) in [
            ("conversations.reply", &books.replies),
            ("conversations.close", &books.closes),
        ] {
            let calls = || reported.calls.iter().filter(|call| call.operation == name);
            let count = |is: fn(&Outcome) -> bool| {
                u32::try_from(calls().filter(|call| is(&call.outcome)).count()).expect("few")
            };
            let found = Counts {
                done: count(|outcome| matches!(outcome, Outcome::Done)),
                failed: count(|outcome| matches!(outcome, Outcome::Failed(_))),
            };
            let attempts: u32 = calls().map(|call| call.attempts).sum();
            let handed = log.handed.get(name).copied().unwrap_or_default();
            if found != *counts || attempts != handed {
                broken.push(format!(
                    "{name}: {found:?} and {attempts} attempts reported, {counts:?} and {handed} made"
                ));
            }
        }
    }
}

#[test]
fn seeded_schedules_keep_the_law() {
    let number = |name: &str| {
        env::var(name)
            .ok()
            .map(|text| text.parse().expect("a number"))
    };
    let seeds = match number("CARROT_SCHEDULE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CARROT_SCHEDULES").unwrap_or(SCHEDULES),
    };
    let mut totals = Totals::default();
    for seed in seeds.clone() {
        let broken = run(seed, &mut totals);
        assert!(broken.is_empty(), "seed {seed}: {broken:#?}");
    }
    println!("{} schedules: {totals:?}", seeds.count());
}
