//! Counts what the client costs beside hyper, hyper-util and reqwest, in user-space instructions and
//! allocations.
//!
//! ```sh
//! cargo run --release -p carrot-benches               # all rows; writes docs/performance.md
//! cargo run --release -p carrot-benches -- mocks      # a call of a test; writes its table
//! cargo run --release -p carrot-benches -- downstream # what a project pays; writes its table
//! # Without reqwest, in a fraction of the time:
//! cargo run --release -p carrot-benches --no-default-features -- check  # compares with benches/record.json
//! cargo run --release -p carrot-benches --no-default-features -- record # writes benches/record.json
//! ```
//!
//! All but `downstream` need `valgrind`. `docs/performance.md` says what is counted, and how.
#![allow(clippy::expect_used)]

mod bodies;
mod callgrind;
mod downstream;
mod mark;
mod measure;
mod memory;
mod mocks;
mod payload;
mod peers;
mod plain;
mod record;
mod rows;
mod server;
mod socket;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => measure::and_write(),
        ["check"] => measure::and_check(),
        ["record"] => measure::and_record(),
        ["mocks"] => measure::end(mocks::measure()),
        ["downstream"] => measure::end(downstream::measure()),
        // The process that is counted.
        ["work", row, peer, address, times] => {
            let times = times.parse().expect("a number");
            match rows::is_in_memory(row) {
                _ if row == rows::SOCKET => socket::work(peer == "bare", address, times),
                true => memory::work(row, peer == "bare", times),
                false => peers::work(row, peer, address, times),
            }
            ExitCode::SUCCESS
        }
        // Some rows alone, for a change under way: prints only.
        _ => measure::and_print(&arguments),
    }
}
