//! The README of this package: its commands are run, and its output is compared. Nothing of a person is in it.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Command};

use carrot_examples::{
    checks::{a_closed_pipe_is_no_failure, signals_end_with_advice},
    transcript::{self, replay},
};
use carrot_testing::{Sandbox, sandbox::SeedUser};

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let written = fs::read_to_string(&readme).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_telemetry"));
    let folder = std::env::temp_dir().join(format!("carrot-telemetry-{}", std::process::id()));
    let now = replay(&written, binary, &folder).unwrap();
    let spans = fs::read_to_string(folder.join("spans.log")).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    expect_test::expect_file![&readme].assert_eq(&now);

    let repeated = "status=429 outcome=Failed(Service)";
    assert!(spans.contains(repeated), "{spans}");
    // What happened in the shop before is not part of it.
    assert!(!spans.contains("users.set_props"), "{spans}");
    // What the calls hold: the token, texts, ids.
    let console = now.split("```console").skip(1);
    let console = console.filter_map(|block| block.split("```").next());
    let printed = console
        .flat_map(str::lines)
        .filter(|line| !line.starts_with('$'));
    let all: String = printed.chain(spans.lines()).collect();
    for held in ["app.1", "On its way", "order-4", "example.com", "215566"] {
        assert!(!all.contains(held), "{held} is in {all}");
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = transcript::program(env!("CARGO_BIN_EXE_telemetry"));
    command.args(arguments);
    command
}

#[test]
fn signals_and_a_closed_pipe_end_it() {
    signals_end_with_advice(|| program(&[]), "telemetry").unwrap();
    a_closed_pipe_is_no_failure(|| program(&["--opentelemetry"]), "telemetry").unwrap();
}

/// Over HTTP, where the libraries below log too.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_client_logs_over_http() {
    let sandbox = Sandbox::builder().user(SeedUser::external("ann")).build();
    let server = sandbox.serve().await.unwrap();
    let mut command = program(&[]);
    command
        .env("CARROT_TOKEN", sandbox.token())
        .env("CARROT_BASE_URL", server.url());
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let spans = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{spans}");
    assert_eq!(spans.lines().count(), 4, "{spans}");
    for line in spans.lines() {
        assert!(line.contains(" carrot_core::client::"), "{line}");
    }
    assert_eq!(sandbox.requests(), 2);
}
