//! The rows of the table, and what is done with their costs.

use std::{collections::BTreeMap, fs, io, process::ExitCode};

use crate::{
    bodies::Language,
    callgrind::{self, Cost},
    record::{self, Environment, Record},
    server,
};

pub(crate) struct Row {
    /// With `-ru` behind it, the texts are Russian.
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The most that the client may cost, as a multiple of hyper-util.
    pub(crate) goal: Option<f64>,
    times: u32,
    peers: &'static [&'static str],
}

/// In the rows with a connection.
pub(crate) const PEERS: [&str; 4] = ["carrot", "hyper", "hyper-util", "reqwest"];
/// In the rows without one.
pub(crate) const IN_MEMORY: [&str; 2] = ["carrot", "bare"];
/// Those without which there is no ratio.
const SHORT: [&str; 3] = ["carrot", "hyper-util", "bare"];
/// How much worse a ratio may be than the recorded one.
const TOLERANCE: f64 = 0.02;

pub(crate) const ROWS: &[Row] = &[
    row("A", "one conversation, 0.7 kB", 1.12, 500),
    row("A-ru", "the same in Russian", 1.12, 500),
    row("B", "a page of 50 conversations, 35 kB", 0.90, 40),
    row("B-ru", "the same in Russian", 0.90, 40),
    row("C", "one conversation, from 64 tasks", 1.12, 1280),
    row("D", "a reply: a form, and a response of 0.5 kB", 1.20, 500),
    row("D-ru", "the same in Russian", 1.20, 500),
    Row {
        peers: &["carrot", "hyper-util", "reqwest"],
        ..row(
            "call_all",
            "one conversation of many, 64 at a time",
            1.05,
            2000,
        )
    },
    in_memory(
        "decode-mixed",
        "1,000 conversations: authors are ids and operators",
        1,
    ),
    in_memory("decode-decimals", "every timestamp has decimals", 1),
    in_memory("decode-ids", "all authors are ids", 1),
    in_memory("decode-operators", "all authors are operators", 1),
    in_memory("fake-bytes", "a call through the fake, of fixed bytes", 500),
    in_memory("fake-typed", "a call through the fake, of a model", 500),
    in_memory("sandbox", "a call through the sandbox", 500),
];

const fn row(name: &'static str, what: &'static str, goal: f64, times: u32) -> Row {
    Row {
        name,
        what,
        goal: Some(goal),
        times,
        peers: &PEERS,
    }
}

const fn in_memory(name: &'static str, what: &'static str, times: u32) -> Row {
    Row {
        name,
        what,
        goal: None,
        times,
        peers: &IN_MEMORY,
    }
}

impl Row {
    pub(crate) fn is_in_memory(&self) -> bool {
        self.peers == IN_MEMORY
    }
}

/// The costs by the names of row and peer.
pub(crate) type Costs = BTreeMap<String, BTreeMap<String, Cost>>;

/// The cost of the client as a multiple of that of hyper-util, or of the bare work.
pub(crate) fn ratio(costs: &BTreeMap<String, Cost>) -> Option<f64> {
    let other = costs.get("hyper-util").or(costs.get("bare"))?;
    Some(costs.get("carrot")?.instructions / other.instructions)
}

pub(crate) fn is_in_memory(row: &str) -> bool {
    ROWS.iter().any(|one| one.name == row && one.is_in_memory())
}

pub(crate) fn measure_and_write() -> ExitCode {
    end(measure(|_| true, None).and_then(|costs| {
        let record = Record::new(Environment::here(), costs);
        record.write()?;
        println!("{}", record::table(&record.costs));
        Ok(true)
    }))
}

/// Measures the rows with these names.
pub(crate) fn measure_and_print(names: &[&str]) -> ExitCode {
    let wanted = |row: &Row| names.contains(&row.name);
    end(measure(wanted, None).map(|costs| {
        println!("{}", record::table(&costs));
        true
    }))
}

/// Fails when a ratio is worse than the recorded one, where compiler and libc are the recorded ones.
pub(crate) fn measure_and_check() -> ExitCode {
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
        let (Some(now), Some(before)) = (ratio(costs), before) else {
            continue;
        };
        if now > before * (1.0 + TOLERANCE) {
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

/// Replaces the text between two marks of a page.
pub(crate) fn replace_between(page: &str, marks: [&str; 2], text: &str) -> io::Result<()> {
    let old = fs::read_to_string(page)?;
    let parts = old.split_once(marks[0]).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(marks[1])?;
        Some((before, after))
    });
    let Some((before, after)) = parts else {
        return Err(io::Error::other(format!("{page} lacks its marks")));
    };
    let [start, end] = marks;
    fs::write(page, format!("{before}{start}\n{text}\n{end}{after}"))
}
