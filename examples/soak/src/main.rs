//! Makes many calls to a faulty server, and checks that each has one correct outcome.
//!
#![doc = include_str!("../README.md")]

mod clients;
mod law;
mod limit;
mod plan;
mod process;
mod proxy;
mod report;
mod runtimes;
mod secrets;
mod server;
mod tally;
mod work;

use std::{
    mem,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use carrot_examples::{
    program::{self, Failure, until_stopped},
    say,
    status_line::StatusLine,
    warn,
};
use clap::Parser;
use tokio::{sync::watch, task::JoinSet, time::sleep};

use crate::{
    clients::Clients,
    limit::{Outages, Redis},
    plan::Plan,
    proxy::Proxy,
    report::Report,
    runtimes::{Second, Stop, Undriven},
    server::{Server, Shared, Way},
    tally::Told,
    work::Work,
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
    /// The Redis server of the shared limit, instead of one that is started, killed and started again.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
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

/// How long connections may take to close after the last call.
const CLOSING: Duration = Duration::from_secs(20);

/// Makes the calls and says what is off, which is a failure.
async fn run(arguments: Arguments) -> Result<(), Failure> {
    let files_before = process::open_files();
    let start = Instant::now();
    let plan = Plan::new(arguments.seed);
    let redis = Redis::find(arguments.redis.clone()).await?;
    match &redis {
        Some(redis) => say!("the shared limit is kept by {}", redis.name()),
        None => {
            say!("no limit is shared: there is no redis-server to start, and --redis names none");
        }
    }
    let server = Server::start(plan, arguments.calls).await?;
    let told = Arc::new(Told::default());
    let proxy = Proxy::start(plan, server.address()).await?;
    let clients = Clients::new(
        &server,
        &proxy,
        redis.as_ref(),
        &told,
        arguments.concurrency,
    )?;
    let second = Second::start()?;
    let mut stop = match arguments.stop {
        true => Some(Stop::start()?),
        false => None,
    };
    // What a process that was stopped does with its permits is not promised, so the shared limit comes afterwards.
    let (goes_on, stopped) = watch::channel(false);
    let stopping = tokio::spawn(async move {
        let was_stopped = match &mut stop {
            Some(stop) => Some(stop.wait().await?),
            None => None,
        };
        goes_on.send_replace(true);
        Ok::<_, Failure>(was_stopped)
    });

    let work = Work::new(plan, arguments.calls);
    let undriven = Undriven::start({
        let (direct, http2) = (clients.direct.clone(), clients.http2.clone());
        let work = Arc::clone(&work);
        async move {
            // One of them leaves a connection that is kept.
            for _ in 0..8 {
                work.next_call(&direct, Way::Direct).await;
                work.next_call(&http2, Way::Http2).await;
            }
        }
    })
    .await;
    let mut workers = JoinSet::new();
    for number in 0..arguments.concurrency {
        let (client, way) = clients.of_worker(number as usize);
        let (client, work, mut stopped) = (client.clone(), Arc::clone(&work), stopped.clone());
        let worker = async move {
            if way == Way::Limited {
                stopped.wait_for(|stopped| *stopped).await?;
            }
            while work.next_call(&client, way).await {}
            Ok::<_, Failure>(())
        };
        match second.handle().filter(|_| number % 2 == 1) {
            Some(second) => workers.spawn_on(worker, second),
            None => workers.spawn(worker),
        };
    }
    drop(clients);
    let outages = redis.as_ref().map_or_else(Outages::default, Redis::outages);
    let mut restarts = JoinSet::new();
    if let Some(redis) = redis {
        restarts.spawn(redis.restart_again_and_again(stopped));
    }
    let (mut status, mut shown) = (StatusLine::new(Some(arguments.calls.into())), 0);
    let all = async {
        while !workers.is_empty() {
            tokio::select! {
                // A worker that panics fails the program.
                Some(ended) = workers.join_next() => ended??,
                Some(ended) = restarts.join_next() => ended??,
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
    restarts.shutdown().await;
    undriven.stop()?;
    let was_stopped = stopping.await??;
    let tunnels = proxy.tunnels();
    drop((second, proxy));
    let server = server.stop().await;
    let report = Report {
        arguments,
        ended: mem::take(&mut *work.ended()),
        server,
        outages,
        told,
        crossed: work.crossed(),
        tunnels,
        was_stopped,
    };
    report.print_calls(took)?;
    if let Err(interrupted) = result {
        // Those under way have no outcome, so not everything can be checked.
        let wrong = report.broken_laws();
        say!("off in these calls: {}", wrong.len());
        for what in wrong.iter().take(SHOWN) {
            say!("  {what}");
        }
        return Err(interrupted);
    }
    let files_after = closed(&report.server, files_before).await;
    let wrong = report.check(files_before, files_after)?;
    if wrong.is_empty() {
        say!("\nNothing is off.");
        return Ok(());
    }
    for what in wrong.iter().take(SHOWN) {
        warn!("  {what}");
    }
    Err(format!("off, {} in all", wrong.len()).into())
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
