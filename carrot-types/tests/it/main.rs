//! The integration tests, one program for the whole crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

mod decorations;
mod ecommerce;
mod event;
mod filter;
#[cfg(feature = "jiff")]
mod jiff;
mod mutations;
mod objects_only;
mod property;
mod realtime;
mod required;
mod same_json;
mod samples;
mod system;
mod webhook;

/// Compares a text with the file of this name in `tests/snapshots`.
fn assert_snapshot(name: &str, text: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    expect_test::expect_file![folder.join(format!("{name}.txt"))].assert_eq(text);
}
