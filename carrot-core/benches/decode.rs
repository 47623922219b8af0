//! Reading a page of conversations the way a call does, against a bare derive of the same fields.
//!
//! `cargo bench -p carrot-core --bench decode`
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
//! mixed      |     70738323     72143650  0.981 |       26512       31010  0.855
//! decimals   |     71755230     72750213  0.986 |       26512       31010  0.855
//! ids        |     64472208     62580831  1.030 |       22012       22010  1.000
//! operators  |     77010646     72598951  1.061 |       31012       28010  1.107
//! ```
#![allow(clippy::expect_used)]

#[path = "../../carrot-types/benches/support/mod.rs"]
mod support;

use std::{hint::black_box, process::ExitCode};

use carrot_core::{
    ApiVersion,
    endpoint::{Page, Paging},
    types::Conversation,
};

fn main() -> ExitCode {
    support::compare("carrot-core", |body| {
        let page = Page::<Conversation>::decode(ApiVersion::V2, &Paging::new(), body);
        black_box(page.expect("a page"));
    })
}
