//! The rows of the table, and their costs.

use std::collections::BTreeMap;

use crate::callgrind::Cost;

pub(crate) struct Row {
    /// With `-ru` behind it, the texts are Russian; with `-h2`, the work is done over HTTP/2.
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The most that the client may cost, as a multiple of hyper-util.
    pub(crate) goal: Option<f64>,
    /// How often the work is counted.
    pub(crate) times: u32,
    pub(crate) peers: &'static [&'static str],
}

/// In the rows with a connection.
pub(crate) const PEERS: [&str; 4] = ["carrot", "hyper", "hyper-util", "reqwest"];
/// The row of the realtime service. Its messages come over a connection; the bare work is that of the WebSocket crate.
pub(crate) const SOCKET: &str = "socket";
/// In the rows without one.
pub(crate) const IN_MEMORY: [&str; 2] = ["carrot", "bare"];

pub(crate) const ROWS: &[Row] = &[
    row("A", "one conversation, 0.7 kB", 1.12, 200),
    row("A-ru", "the same in Russian", 1.12, 200),
    row("A-h2", "the same over HTTP/2 and TLS", 1.12, 200),
    row("B", "a page of 50 conversations, 35 kB", 0.90, 20),
    row("B-ru", "the same in Russian", 0.90, 20),
    row("B-h2", "the same over HTTP/2 and TLS", 0.90, 20),
    row("C", "one conversation, from 64 tasks", 1.12, 640),
    row("C-h2", "the same over HTTP/2 and TLS", 1.12, 640),
    row("D", "a reply: a form, and a response of 0.5 kB", 1.20, 200),
    row("D-ru", "the same in Russian", 1.20, 200),
    Row {
        peers: &["carrot", "hyper-util", "reqwest"],
        ..row(
            "call_all",
            "one conversation of many, 64 at a time",
            1.05,
            1000,
        )
    },
    Row {
        peers: &["carrot", "hyper-util", "reqwest"],
        ..without_goal("call_all-1", "one conversation of many, 1 at a time", 1000)
    },
    without_goal("cold", "a new client and its first call", 20),
    without_goal("error", "a call that fails with 404", 200),
    without_goal("retry", "a call that is repeated once, after a 429", 200),
    in_memory(
        "decode-mixed",
        "200 conversations: authors are ids and operators",
        1,
    ),
    in_memory("decode-decimals", "every timestamp has decimals", 1),
    in_memory("decode-ids", "all authors are ids", 1),
    in_memory("decode-operators", "all authors are operators", 1),
    in_memory("decode-huge", "1,000 conversations, 1.5 MB", 1),
    in_memory(
        "items-first",
        "a page of five of a listing, pages 51 to 100",
        50,
    ),
    in_memory(
        "items-late",
        "the same far behind: pages 3,001 to 3,050",
        50,
    ),
    in_memory("fake-bytes", "a call through the fake, of fixed bytes", 200),
    in_memory("fake-typed", "a call through the fake, of a model", 200),
    in_memory("sandbox", "a call through the sandbox", 200),
    Row {
        goal: Some(1.5),
        ..in_memory(SOCKET, "a message over a WebSocket, 0.6 kB", 1000)
    },
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

const fn without_goal(name: &'static str, what: &'static str, times: u32) -> Row {
    Row {
        goal: None,
        ..row(name, what, 0.0, times)
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
