//! What the environment says, read by a child process: a test cannot change its own.

use std::{env, process::Command};

use crate::support::canary::{TOKEN, assert_hidden, tells_no_secret};

/// Runs the ignored test of this name in a process of its own.
fn child(test: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", test]);
    for name in ["CARROT_TOKEN", "CARROT_BASE_URL", "CARROT_APP_ID"] {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn a_client_comes_from_the_environment() {
    child(
        "environment::reads_the_variables",
        &[
            ("CARROT_TOKEN", TOKEN),
            ("CARROT_BASE_URL", "https://api.dashly.app"),
            ("CARROT_APP_ID", "77"),
        ],
    );
}

#[test]
#[ignore = "run by `a_client_comes_from_the_environment`"]
fn reads_the_variables() {
    let client = carrot_hyper::from_env().unwrap();
    assert_eq!(client.context().app.to_string(), "77");
    let shown = format!("{client:?}");
    assert!(shown.contains("https://api.dashly.app"), "{shown}");
    assert_hidden("a client", &shown);
}

#[test]
fn without_a_token_there_is_no_client() {
    child("environment::misses_the_token", &[]);
}

#[test]
#[ignore = "run by `without_a_token_there_is_no_client`"]
fn misses_the_token() {
    let error = carrot_hyper::from_env().unwrap_err();
    assert_eq!(error.to_string(), "the variable `CARROT_TOKEN` is not set");
}

#[test]
fn shortcuts_check_the_token_without_a_runtime() {
    carrot_hyper::client(TOKEN).unwrap();
    let error = carrot_hyper::client(format!("two words {TOKEN}")).unwrap_err();
    assert!(error.to_string().contains("`token`"), "{error}");
    tells_no_secret(&error);
}
