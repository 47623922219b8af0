//! Reading a page of 1,000 conversations, by a reader of this workspace and by a bare derive.

mod callgrind;
mod payload;
mod plain;

use std::{hint::black_box, process::ExitCode};

use serde::de::DeserializeOwned;

use self::{callgrind::HEAD, payload::Payload};

/// Prints how many instructions and allocations `reader` needs for each page, and how many a bare
/// derive of the same fields.
///
/// Where all authors are of one kind, the derive has a field of just that kind.
pub(crate) fn compare(name: &str, reader: fn(&[u8])) -> ExitCode {
    let plain = |payload: Payload| match payload {
        Payload::Mixed | Payload::Decimals => read::<plain::Author>,
        Payload::Ids => read::<u64>,
        Payload::Operators => read::<plain::Admin>,
    };
    let modes = || {
        let both =
            |payload: Payload| ["bare", "typed"].map(|by| format!("{by} {}", payload.name()));
        Payload::ALL.into_iter().flat_map(both).collect()
    };
    let work = |mode: &str, times| {
        let payload = Payload::ALL
            .into_iter()
            .find(|payload| mode.ends_with(payload.name()));
        let Some(payload) = payload else { return };
        let read = match mode.starts_with("bare") {
            true => plain(payload),
            false => reader,
        };
        let body = payload.body();
        for _ in 0..times {
            read(black_box(&body));
        }
    };
    callgrind::main(modes, 2, work, |costs| {
        println!("{name} and a bare derive, reading a page of 1,000 conversations\n\n{HEAD}");
        for (payload, costs) in Payload::ALL.into_iter().zip(costs.chunks_exact(2)) {
            println!("{}", callgrind::row(payload.name(), costs[1], costs[0]));
        }
    })
}

/// Reads with the bare derive.
#[allow(clippy::expect_used)]
fn read<A: DeserializeOwned>(body: &[u8]) {
    let page: plain::Envelope<Vec<plain::Conversation<A>>> =
        serde_json::from_slice(body).expect("the page fits the structs");
    black_box(page);
}
