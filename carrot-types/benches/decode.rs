//! Reading a page of conversations, against a bare derive of the same fields.
//!
//! `cargo bench -p carrot-types --bench decode`
//!
//! Counted with callgrind, in processes of their own, without the start of the process; freeing the
//! result is included. Where the authors are mixed, the derive has an untagged enum for them; where
//! all are ids or all are operators, it has a field of just that kind, and so knows more than a client
//! can. It reads no other form of any field and no unknown value of an enum.
//!
//! 2026-11-25, x86-64, Rust 1.95, ratio in one run; the limit is 1.15:
//!
//! ```text
//!            | instructions         bare  ratio | allocations        bare  ratio
//! mixed      |     70825170     72216616  0.981 |       26512       31010  0.855
//! decimals   |     71791077     72823179  0.986 |       26512       31010  0.855
//! ids        |     64573960     62686849  1.030 |       22012       22010  1.000
//! operators  |     77063134     72692903  1.060 |       31012       28010  1.107
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
