//! The recorded costs: `benches/record.json`, and the tables of `docs/performance.md`.

use std::{collections::BTreeMap, fmt::Write as _, fs, io, process::Command};

use serde::{Deserialize, Serialize};

use crate::{
    callgrind::Cost,
    rows::{Costs, IN_MEMORY, PEERS, ROWS, Row, ratio},
};

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/record.json");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/performance.md");

#[derive(Deserialize, Serialize)]
pub(crate) struct Record {
    pub(crate) environment: Environment,
    pub(crate) costs: Costs,
}

/// What the costs depend on beside the code.
#[derive(Deserialize, Serialize)]
pub(crate) struct Environment {
    date: String,
    machine: String,
    rustc: String,
    libc: String,
    valgrind: String,
}

impl Environment {
    pub(crate) fn here() -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let mut models = cpus.lines().filter(|line| line.starts_with("model name"));
        let model = models.next().and_then(|line| line.split(": ").nth(1));
        Self {
            date: said("date", &["-u", "+%F"]),
            machine: format!("{}, {}", said("uname", &["-sm"]), model.unwrap_or("?")),
            rustc: said("rustc", &["-V"]),
            libc: said("getconf", &["GNU_LIBC_VERSION"]),
            valgrind: said("valgrind", &["--version"]),
        }
    }

    /// Whether the same code has the same costs in both.
    pub(crate) fn counts_like(&self, other: &Self) -> bool {
        (&self.rustc, &self.libc) == (&other.rustc, &other.libc)
    }

    pub(crate) fn tools(&self) -> String {
        format!("{}, {}", self.rustc, self.libc)
    }
}

/// The first line that a program prints.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}

impl Record {
    pub(crate) fn new(environment: Environment, costs: Costs) -> Self {
        Self { environment, costs }
    }

    pub(crate) fn read() -> io::Result<Self> {
        Ok(serde_json::from_str(&fs::read_to_string(RECORD)?)?)
    }

    pub(crate) fn write(&self) -> io::Result<()> {
        fs::write(RECORD, serde_json::to_string_pretty(self)? + "\n")
    }

    pub(crate) fn write_page(&self) -> io::Result<()> {
        let here = &self.environment;
        let text = format!(
            "{}: {}; {}, {}, {}.\n\n{}",
            here.date,
            here.machine,
            here.rustc,
            here.libc,
            here.valgrind,
            table(&self.costs)
        );
        write_to_page("measured", &text)
    }
}

/// Replaces the text between two marks of the page.
pub(crate) fn write_to_page(mark: &str, text: &str) -> io::Result<()> {
    let [start, end] = [
        format!("<!-- {mark} -->"),
        format!("<!-- end of {mark} -->"),
    ];
    let old = fs::read_to_string(PAGE)?;
    let parts = old.split_once(&start).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some((before, after))
    });
    let Some((before, after)) = parts else {
        return Err(io::Error::other(format!("{PAGE} lacks the mark {start}")));
    };
    let text = text.trim_end();
    fs::write(PAGE, format!("{before}{start}\n{text}\n{end}{after}"))
}

/// The costs as tables of Markdown: instructions and allocations of the rows with a connection and of
/// those without.
pub(crate) fn table(costs: &Costs) -> String {
    let peers = ["carrot-hyper", "hyper", "hyper-util", "reqwest"];
    let mut text = instructions(costs, &PEERS, &peers, "carrot-hyper / hyper-util");
    text += &allocations(costs, &PEERS, &peers);
    let peers = ["here", "bare"];
    text += &instructions(costs, &IN_MEMORY, &peers, "here / bare");
    text + &allocations(costs, &IN_MEMORY, &peers)
}

fn instructions(costs: &Costs, peers: &[&str], heads: &[&str], ratio_head: &str) -> String {
    let mut text = head("instructions", heads, &[ratio_head, "goal"]);
    for (row, costs) in rows(costs, peers) {
        let _ = write!(text, "| {}: {} |", row.name, row.what);
        for peer in peers {
            let cost = costs.get(*peer).map(|cost| grouped(cost.instructions));
            let _ = write!(text, " {} |", cost.unwrap_or_default());
        }
        let ratio = ratio(costs).map(|ratio| format!("{ratio:.3}"));
        let goal = row.goal.map(|goal| format!("{goal:.2}"));
        let (ratio, goal) = (ratio.unwrap_or_default(), goal.unwrap_or_default());
        let _ = writeln!(text, " {ratio} | {goal} |");
    }
    text + "\n"
}

fn allocations(costs: &Costs, peers: &[&str], heads: &[&str]) -> String {
    let mut text = head("malloc + realloc", heads, &[]);
    for (row, costs) in rows(costs, peers) {
        let _ = write!(text, "| {} |", row.name);
        for peer in peers {
            let cost = costs.get(*peer).map(|cost| {
                let (new, grown) = (cost.allocations, cost.reallocations);
                format!("{new:.0} + {grown:.0}")
            });
            let _ = write!(text, " {} |", cost.unwrap_or_default());
        }
        text += "\n";
    }
    text + "\n"
}

/// The rows of one kind that were measured.
fn rows<'a>(
    costs: &'a Costs,
    peers: &[&str],
) -> impl Iterator<Item = (&'static Row, &'a BTreeMap<String, Cost>)> {
    let in_memory = peers == IN_MEMORY;
    let rows = ROWS
        .iter()
        .filter(move |row| row.is_in_memory() == in_memory);
    rows.filter_map(|row| Some((row, costs.get(row.name)?)))
}

fn head(first: &str, peers: &[&str], rest: &[&str]) -> String {
    let mut text = format!("| {first} |");
    let mut line = String::from("|---|");
    for head in peers.iter().chain(rest) {
        let _ = write!(text, " {head} |");
        line += "--:|";
    }
    format!("{text}\n{line}\n")
}

/// A number with commas: `1,279,219`.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
