//! Makes many calls to a faulty server, and checks that each has one correct outcome.
//!
//! ```sh
//! cargo run --release --bin soak -- --calls 200000 --concurrency 64 --seed 1 --stop
//! ```
//!
//! The server runs in this process, on a port of this machine. It delays, resets and truncates responses,
//! rejects, fails, sends garbage, and restarts, so that all kept connections die together, all drawn from the
//! seed. Half of the calls read and half write. Two runtimes share the transports, and a third one, which nobody
//! drives, holds a connection. A third of the calls go through a proxy that fails by plan too. With `--stop` the
//! process is stopped for a second meanwhile, as by Ctrl-Z. At the end the program prints what happened, and fails unless:
//!
//! * every call ended, and the observer was notified of it and of every attempt;
//! * every response is that of its own call;
//! * only a write that was rejected with status 429 reached the server twice;
//! * a write that succeeded reached the server once;
//! * a write that is said not to have been applied did not reach it;
//! * no error and no report shows the token or the person's data of the calls, though the server
//!   quotes them;
//! * all connections and files are closed again, and the memory stayed within its bound.

mod plan;
mod process;
mod proxy;
mod runtimes;
mod secrets;
mod server;
mod tally;

use std::{
    mem,
    process::ExitCode,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use carrot_examples::{
    program::{self, Failure, until_stopped},
    say,
    status_line::StatusLine,
    warn,
};
use carrot_hyper::{
    AuthToken, BaseUrl, Client, ExponentialBackoff, HyperTransport, NoRateLimit, TokioClock,
    client::CallOptions,
    conversations::{Get, Reply},
    types::{ConversationId, RandomId},
};
use clap::Parser;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    plan::{ATTEMPTS, Plan},
    proxy::Proxy,
    runtimes::{Second, Stop, Undriven},
    secrets::{TEXT, TOKEN},
    server::{Server, Shared},
    tally::{Tally, Told},
};

/// Makes many calls to a faulty server, and checks that each has one correct outcome.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// How many calls are made.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..1_000_000_000))]
    calls: u32,
    /// How many of them at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: u32,
    /// Faults are drawn from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The most memory that the process may take, in MiB.
    #[arg(long, default_value_t = 256)]
    max_memory: u64,
    /// Stops the process after a second, for another second.
    #[arg(long)]
    stop: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    program::end("soak", run(Arguments::parse()).await)
}

/// What Ctrl-C says.
const PARTIAL: &str = "The report is of the calls that ended before.";

/// How often the status line is brought up to date.
const TICK: Duration = Duration::from_millis(200);

/// How much of what is off is printed.
const SHOWN: usize = 20;

/// A body that never ends is met with this limit. It is drawn for few calls.
const TINY: Duration = Duration::from_millis(20);

/// How long connections may take to close after the last call.
const CLOSING: Duration = Duration::from_secs(20);

/// Makes the calls and says what is off, which is a failure.
async fn run(arguments: Arguments) -> Result<(), Failure> {
    let files_before = process::open_files();
    let start = Instant::now();
    let plan = Plan::new(arguments.seed);
    let server = Server::start(plan, arguments.calls).await?;
    let told = Arc::new(Told::default());
    let proxy = Proxy::start(plan, server.address()).await?;
    let direct = client(&server, &told, arguments.concurrency, None)?;
    let proxied = client(&server, &told, arguments.concurrency, Some(&proxy))?;
    let second = Second::start()?;
    let stop = match arguments.stop {
        true => Some(Stop::start()?),
        false => None,
    };

    let work = Arc::new(Work {
        plan,
        calls: arguments.calls,
        next: AtomicU32::new(0),
        crossed: AtomicU64::new(0),
        ended: Mutex::default(),
    });
    let undriven = Undriven::start({
        let (direct, work) = (direct.clone(), Arc::clone(&work));
        let hurried = direct.with_options(CallOptions::new().attempt_timeout(TINY));
        async move {
            next_call(&direct, &hurried, &work).await;
        }
    });
    let mut workers = JoinSet::new();
    for number in 0..arguments.concurrency {
        let client = match number % 3 {
            2 => &proxied,
            _ => &direct,
        };
        let worker = worker(client.clone(), Arc::clone(&work));
        match second.handle().filter(|_| number % 2 == 1) {
            Some(second) => workers.spawn_on(worker, second),
            None => workers.spawn(worker),
        };
    }
    drop((direct, proxied));
    let (mut status, mut shown) = (StatusLine::new(Some(arguments.calls.into())), 0);
    let all = async {
        while !workers.is_empty() {
            tokio::select! {
                // A worker that panics fails the program.
                Some(ended) = workers.join_next() => ended?,
                () = sleep(TICK) => {}
            }
            let total = work.ended().tally.total();
            status.advance(total - shown, "calls");
            shown = total;
        }
        Ok(())
    };
    let result = until_stopped(all, PARTIAL).await;
    let took = start.elapsed();
    status.finish();
    // Where it is interrupted, the calls under way are dropped.
    workers.shutdown().await;
    undriven.stop()?;
    let was_stopped = stop.map(|stop| stop.wait()).transpose()?;
    drop((second, proxy));
    let Ended { tally, claims } = mem::take(&mut *work.ended());
    let server = server.stop().await;
    let seconds = took.as_secs_f64();
    say!(
        "{} calls in {seconds:.1} s, {:.0} a second, seed {}",
        tally.total(),
        tally.total() as f64 / seconds,
        arguments.seed
    );
    for (kind, number) in tally.iter() {
        say!("  {number:>8} {kind}");
    }
    if let Err(interrupted) = result {
        // Those under way have no outcome, so not everything can be checked.
        let wrong = broken_laws(&claims, &server);
        say!("off in these calls: {}", wrong.len());
        for what in wrong.iter().take(SHOWN) {
            say!("  {what}");
        }
        return Err(interrupted);
    }
    let files_after = closed(&server, files_before).await;
    let attempts = told.attempts.load(Ordering::SeqCst);
    say!(
        "attempts: {attempts}, of which {} reached the server whole",
        server.arrived()
    );
    say!(
        "restarts of the server: {}, stops of this process: {}",
        server.restarts(),
        u32::from(was_stopped == Some(true))
    );
    say!(
        "connections: {} in all, at most {} at once, {} at the end",
        server.connections(),
        server.most_open(),
        server.open()
    );
    let shown = |number: Option<u64>| number.map_or("unknown".into(), |number| number.to_string());
    say!(
        "open files: {} at the start, {} at the end",
        shown(files_before.map(|files| files as u64)),
        shown(files_after.map(|files| files as u64))
    );
    let memory = process::peak_memory_kib();
    say!("peak memory: {} KiB", shown(memory));

    let mut wrong = broken_laws(&claims, &server);
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let calls = u64::from(arguments.calls);
    check(tally.total() == calls, "not every call ended");
    check(
        claims.len() as u64 == calls,
        "not every call is accounted for",
    );
    check(
        told.calls.load(Ordering::SeqCst) == calls,
        "the observer was not notified of every call",
    );
    check(
        told.attempts_of_calls.load(Ordering::SeqCst) == attempts,
        "the observer was not notified of every attempt",
    );
    check(
        server.arrived() <= attempts,
        "the server got more requests than there were attempts",
    );
    check(
        work.crossed.load(Ordering::SeqCst) == 0,
        "a response was given to another call",
    );
    check(
        server.strange() == 0,
        "the server got a request that belongs to no call, or not all of one",
    );
    let (errors, reports) = (tally.leaks(), told.leaks());
    check(
        errors + reports == 0,
        &format!("{errors} errors and {reports} reports show the token or a person's data"),
    );
    check(was_stopped != Some(false), "the process was not stopped");
    check(server.open() == 0, "connections are still open");
    check(files_after == files_before, "files are still open");
    check(
        memory.is_none_or(|memory| memory <= arguments.max_memory * 1024),
        "the memory is beyond its bound",
    );
    if wrong.is_empty() {
        say!("\nNothing is off.");
        return Ok(());
    }
    for what in wrong.iter().take(SHOWN) {
        warn!("  {what}");
    }
    Err(format!("off, {} in all", wrong.len()).into())
}

fn client(
    server: &Server,
    told: &Arc<Told>,
    concurrency: u32,
    proxy: Option<&Proxy>,
) -> Result<Client, Failure> {
    let mut transport = HyperTransport::builder().pool_max_idle_per_host(concurrency as usize);
    if let Some(proxy) = proxy {
        transport = transport.proxy(proxy.url());
    }
    let transport = transport.build()?;
    let token = AuthToken::new(TOKEN)?;
    let retry = ExponentialBackoff::new()
        .max_attempts(ATTEMPTS)
        .transient_base(Duration::from_millis(1))
        .unavailable_base(Duration::from_millis(1))
        .throttled_base(Duration::from_millis(1));
    Ok(Client::builder(transport, TokioClock::new(), token)
        .base_url(server.url().parse::<BaseUrl>()?)
        .rate_limiter(NoRateLimit::new())
        .retry(retry)
        .observer(Arc::clone(told))
        .build()?)
}

/// What is shared among the workers.
struct Work {
    plan: Plan,
    calls: u32,
    next: AtomicU32,
    /// Responses that belong to another call.
    crossed: AtomicU64,
    ended: Mutex<Ended>,
}

/// The calls that ended.
#[derive(Default)]
struct Ended {
    tally: Tally,
    claims: Vec<Claim>,
}

impl Work {
    fn ended(&self) -> MutexGuard<'_, Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the client says of a call.
#[derive(Clone, Copy)]
struct Claim {
    call: u32,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    MayHaveBeenApplied,
    NotApplied,
}

fn writes(call: u32) -> bool {
    call % 2 == 0
}

async fn worker(client: Client, work: Arc<Work>) {
    let hurried = client.with_options(CallOptions::new().attempt_timeout(TINY));
    while next_call(&client, &hurried, &work).await {}
}

/// Makes the next call. False after the last.
async fn next_call(client: &Client, hurried: &Client, work: &Work) -> bool {
    let call = work.next.fetch_add(1, Ordering::SeqCst);
    if call >= work.calls {
        return false;
    }
    let client = match work.plan.stalls(call) {
        true => hurried,
        false => client,
    };
    let result = make(client, call).await;
    let mut ended = work.ended();
    let end = match result {
        Ok(id) => {
            if id != u64::from(call) + 1 {
                work.crossed.fetch_add(1, Ordering::SeqCst);
            }
            ended.tally.done();
            End::Done
        }
        Err(error) => {
            ended.tally.failed(&error);
            match error.may_have_been_applied() {
                true => End::MayHaveBeenApplied,
                false => End::NotApplied,
            }
        }
    };
    ended.claims.push(Claim { call, end });
    true
}

/// Makes a call and returns the id in its response, which identifies the call.
async fn make(client: &Client, call: u32) -> Result<u64, carrot_hyper::Error> {
    let id = u64::from(call) + 1;
    if !writes(call) {
        return Ok(client
            .call(Get::new(ConversationId::new(id)))
            .await?
            .id
            .get());
    }
    let mut reply = Reply::new(ConversationId::new(id), TEXT);
    if let Ok(random_id) = RandomId::new(i64::from(call) + 1) {
        reply = reply.random_id(random_id);
    }
    Ok(client.call(reply).await?.part.id.get())
}

/// Compares what the client says of the calls with what the server got.
fn broken_laws(claims: &[Claim], server: &Shared) -> Vec<String> {
    let mut wrong = Vec::new();
    for Claim { call, end } in claims {
        let Some(entry) = server.call(*call) else {
            continue;
        };
        let (arrived, taken) = (entry.arrived(), entry.taken());
        let number = call + 1;
        if u32::from(arrived) > ATTEMPTS {
            wrong.push(format!("call {number} arrived {arrived} times"));
        }
        if *end == End::Done && taken == 0 {
            wrong.push(format!(
                "call {number} is said to be done and never arrived"
            ));
        }
        if writes(*call) && taken > 1 {
            wrong.push(format!("the write {number} was taken {taken} times"));
        }
        if writes(*call) && *end == End::NotApplied && taken > 0 {
            wrong.push(format!(
                "the write {number} is said not to have been applied, and was taken"
            ));
        }
    }
    wrong
}

/// Waits until all connections are closed, and counts the open files then.
async fn closed(server: &Shared, before: Option<usize>) -> Option<usize> {
    let end = Instant::now() + CLOSING;
    loop {
        let files = process::open_files();
        if (server.open() == 0 && files == before) || Instant::now() >= end {
            return files;
        }
        sleep(Duration::from_millis(20)).await;
    }
}
