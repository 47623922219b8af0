//! Reading a page of conversations, against a bare derive of the same fields.
//!
//! `cargo bench -p carrot-types --bench decode`
//!
//! Counted with callgrind, in processes of their own, without the start of the process; freeing the
//! result is included. Where the authors are mixed, the derive has an untagged enum for them; where
//! all are ids or all are operators, it has a field of just that kind, and so knows more than a client
//! can. It reads no other form of an id or a timestamp and no unknown value of an enum.
//!
//! 2026-11-22, x86-64, Rust 1.95, ratio in one run:
//!
//! ```text
//!            | instructions         bare  ratio | allocations        bare  ratio
//! mixed      |     70664497     72217663  0.978 |       26512       31010  0.855
//! decimals   |     71664404     72808226  0.984 |       26512       31010  0.855
//! ids        |     64441676     62612844  1.029 |       22012       22010  1.000
//! operators  |     76873768     72693964  1.057 |       31012       28010  1.107
//! ```
#![allow(clippy::expect_used)]

mod support;

use std::{hint::black_box, process::ExitCode};

use carrot_types::{Conversation, Envelope};

fn main() -> ExitCode {
    support::compare("carrot-types", |body| {
        let page: Envelope<Vec<Conversation>> = serde_json::from_slice(body).expect("a page");
        black_box(page);
    })
}
