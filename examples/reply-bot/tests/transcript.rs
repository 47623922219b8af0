//! The README of this package: its commands are run, and its output is compared.

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
    let binary = Path::new(env!("CARGO_BIN_EXE_reply-bot"));
    let now = replay(&written, binary, &std::env::temp_dir()).unwrap();
    expect_test::expect_file![&readme].assert_eq(&now);
}

fn program(arguments: &[&str]) -> Command {
    let mut command = transcript::program(env!("CARGO_BIN_EXE_reply-bot"));
    command.args(arguments);
    command
}

#[test]
fn signals_and_a_closed_pipe_end_it() {
    let file = std::env::temp_dir().join(format!("carrot-ctrl-c-{}.log", std::process::id()));
    let command = || {
        let mut command = program(&["--write", "--inbox", file.to_str().unwrap()]);
        command.env("CARROT_WEBHOOK_TOKEN", "secret");
        command
    };
    signals_end_with_advice(command, "reply-bot").unwrap();
    a_closed_pipe_is_no_failure(|| program(&[]), "reply-bot").unwrap();
    let _ = std::fs::remove_file(file);
}
