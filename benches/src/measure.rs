//! Measures rows, and prints, records or compares their costs.

use std::{
    env, io,
    process::ExitCode,
    sync::Mutex,
    thread::{self},
};

use crate::{
    callgrind, downstream, mocks,
    record::{self, Environment, Record},
    rows::{Costs, ROWS, Row, ratio},
    server::Servers,
};

/// Those without which there is no ratio.
const SHORT: [&str; 3] = ["carrot", "hyper-util", "bare"];
/// How much worse a ratio may be than the recorded one.
const TOLERANCE: f64 = 0.02;
/// How often a row that seems worse is measured again.
const AGAIN: u32 = 3;

pub(crate) fn and_write() -> ExitCode {
    end(measure(|_| true, None).and_then(|costs| {
        let record = Record::new(Environment::here(), costs);
        record.write_page()?;
        println!("{}", record::table(&record.costs));
        mocks::measure()?;
        downstream::measure()
    }))
}

/// Writes what [`and_check`] compares with, in the same build: what else is compiled in moves the costs by 2 %.
pub(crate) fn and_record() -> ExitCode {
    end(measure(|_| true, Some(&SHORT))
        .and_then(|costs| Record::new(Environment::here(), costs).write()))
}

/// Measures the rows with these names.
pub(crate) fn and_print(names: &[&str]) -> ExitCode {
    let wanted = |row: &Row| names.contains(&row.name);
    end(measure(wanted, None).map(|costs| println!("{}", record::table(&costs))))
}

/// Fails when a ratio is worse than the recorded one, where compiler and libc are the recorded ones.
pub(crate) fn and_check() -> ExitCode {
    match check() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => end(Err(error)),
    }
}

fn check() -> io::Result<bool> {
    let recorded = Record::read()?;
    let here = Environment::here();
    let comparable = recorded.environment.counts_like(&here);
    let costs = measure(|_| true, Some(&SHORT))?;
    println!("{}", record::table(&costs));
    let mut good = true;
    for (row, costs) in &costs {
        let before = recorded.costs.get(row).and_then(ratio);
        let (Some(mut now), Some(before)) = (ratio(costs), before) else {
            continue;
        };
        let most = before * (1.0 + TOLERANCE);
        // When the server responds moves the counts a little: the least of several is the code's own.
        for _ in 0..AGAIN {
            if comparable && now > most {
                let again = measure(|other| other.name == row, Some(&SHORT))?;
                now = again.get(row).and_then(ratio).unwrap_or(now).min(now);
            }
        }
        if now > most {
            println!("{row}: the ratio is {now:.3}, recorded {before:.3}");
            good = false;
        }
    }
    if !comparable {
        println!(
            "not compared: recorded with {}, here is {}",
            recorded.environment.tools(),
            here.tools()
        );
    }
    Ok(good || !comparable)
}

/// Measures rows, by all of their peers or by these. Each processor counts one: counts do not depend on what
/// else the machine does, as times do.
fn measure(wanted: impl Fn(&Row) -> bool, only: Option<&[&str]>) -> io::Result<Costs> {
    let servers = Servers::start()?;
    let program = env::current_exe()?;
    let asked = |peer: &str| only.is_none_or(|only| only.contains(&peer));
    let rows = ROWS.iter().filter(|row| wanted(row));
    let jobs = rows.flat_map(|row| row.peers.iter().map(move |peer| (row, *peer)));
    let jobs: Vec<_> = jobs.filter(|(_, peer)| asked(peer)).collect();
    let jobs = Mutex::new(jobs.into_iter());
    let count_some = || {
        let mut costs = Vec::new();
        loop {
            // A statement of its own, so that the lock ends with it.
            let job = jobs.lock().expect("no thread panics").next();
            let Some((row, peer)) = job else {
                return Ok(costs);
            };
            let times = row.times.to_string();
            let arguments = ["work", row.name, peer, servers.of_row(row.name), &times];
            let cost = callgrind::count(&program, &arguments, row.times)?;
            let mut said = format!("{} {peer}: {:.0}", row.name, cost.instructions);
            if only.is_none() {
                let took = callgrind::time(&program, &arguments, row.times)?;
                said += &format!(", {took:.1} µs");
            }
            eprintln!("{said}");
            costs.push((row, peer, cost));
        }
    };
    let counters = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..counters).map(|_| scope.spawn(count_some)).collect();
        let mut costs = Costs::new();
        for thread in threads {
            let counted: io::Result<Vec<_>> = thread.join().expect("no thread panics");
            for (row, peer, cost) in counted? {
                let of_row = costs.entry(row.name.to_owned()).or_default();
                of_row.insert(peer.to_owned(), cost);
            }
        }
        Ok(costs)
    })
}

pub(crate) fn end(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}
