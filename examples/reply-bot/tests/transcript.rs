//! The README of this package: its commands are run, and its output is compared.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::path::Path;

use carrot_examples::transcript::replay;

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let written = std::fs::read_to_string(&readme).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_reply-bot"));
    let now = replay(&written, binary, &std::env::temp_dir()).unwrap();
    expect_test::expect_file![&readme].assert_eq(&now);
}
