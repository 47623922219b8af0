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
    let binary = Path::new(env!("CARGO_BIN_EXE_import"));
    let now = replay(&written, binary, &std::env::temp_dir()).unwrap();
    expect_test::expect_file![&readme].assert_eq(&now);
}

fn program(arguments: &[&str]) -> Command {
    let mut command = transcript::program(env!("CARGO_BIN_EXE_import"));
    command.args(arguments);
    command
}

#[test]
fn signals_and_a_closed_pipe_end_it() {
    let file = std::env::temp_dir().join(format!("carrot-ctrl-c-{}.csv", std::process::id()));
    std::fs::write(&file, "id,name\nuser-1,Ann\n").unwrap();
    let arguments = ["--write", "--file", file.to_str().unwrap()];
    signals_end_with_advice(|| program(&arguments), "import").unwrap();
    a_closed_pipe_is_no_failure(|| program(&arguments[1..]), "import").unwrap();
    for extension in ["csv", "done"] {
        let _ = std::fs::remove_file(file.with_extension(extension));
    }
}
