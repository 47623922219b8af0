//! Measures rows, and prints, records or compares their costs.

use std::{io, process::ExitCode};

use crate::{
    bodies::Language,
    callgrind,
    record::{self, Environment, Record},
    rows::{Costs, ROWS, Row, ratio},
    server,
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
        record.write()?;
        println!("{}", record::table(&record.costs));
        Ok(true)
    }))
}

/// Measures the rows with these names.
pub(crate) fn and_print(names: &[&str]) -> ExitCode {
    let wanted = |row: &Row| names.contains(&row.name);
    end(measure(wanted, None).map(|costs| {
        println!("{}", record::table(&costs));
        true
    }))
}

/// Fails when a ratio is worse than the recorded one, where compiler and libc are the recorded ones.
pub(crate) fn and_check() -> ExitCode {
    end(check())
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

/// Measures rows, by all of their peers or by these.
fn measure(wanted: impl Fn(&Row) -> bool, only: Option<&[&str]>) -> io::Result<Costs> {
    let mut costs = Costs::new();
    for language in Language::ALL {
        let address = server::start(language)?.to_string();
        let rows = ROWS.iter().filter(|row| wanted(row));
        for row in rows.filter(|row| Language::of_row(row.name).1 == language) {
            let asked = |peer: &&&str| only.is_none_or(|only| only.contains(*peer));
            for peer in row.peers.iter().filter(asked) {
                let cost = callgrind::count(row.times, |times| {
                    let times = times.to_string();
                    ["work", row.name, peer, &address, &times]
                        .map(str::to_owned)
                        .into()
                })?;
                eprintln!("{} {peer}: {:.0}", row.name, cost.instructions);
                let of_row = costs.entry(row.name.to_owned()).or_default();
                of_row.insert((*peer).to_owned(), cost);
            }
        }
    }
    Ok(costs)
}

fn end(result: io::Result<bool>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}
