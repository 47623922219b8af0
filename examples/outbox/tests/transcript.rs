//! The README of this package: its command is run, and its output is compared.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{path::Path, process::Command};

use carrot_examples::{
    checks::{a_closed_pipe_is_no_failure, signals_end_with_advice},
    transcript::{self, replay},
};

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let written = std::fs::read_to_string(&readme).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_outbox"));
    let now = replay(&written, binary, &std::env::temp_dir()).unwrap();
    expect_test::expect_file![&readme].assert_eq(&now);
}

fn program(arguments: &[&str]) -> Command {
    let mut command = transcript::program(env!("CARGO_BIN_EXE_outbox"));
    command.args(arguments);
    command
}

#[test]
fn signals_and_a_closed_pipe_end_it() {
    let file = std::env::temp_dir().join(format!("carrot-ctrl-c-{}.sqlite", std::process::id()));
    let arguments = ["--write", "--file", file.to_str().unwrap()];
    signals_end_with_advice(|| program(&arguments), "outbox").unwrap();
    a_closed_pipe_is_no_failure(|| program(&[]), "outbox").unwrap();
    for extension in ["sqlite", "sqlite-wal", "sqlite-shm"] {
        let _ = std::fs::remove_file(file.with_extension(extension));
    }
}
