//! The program, where there is a Redis server to start.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use carrot_examples::{
    checks::{a_closed_pipe_is_no_failure, press_ctrl_c},
    transcript,
};

fn program(seconds: &str) -> Command {
    let mut command = transcript::program(env!("CARGO_BIN_EXE_shared-limit"));
    command.env_remove("REDIS_URL").args(["--seconds", seconds]);
    command
}

fn has_server() -> bool {
    let version = Command::new("redis-server").arg("--version").output();
    version.is_ok()
}

#[test]
fn three_processes_stay_below_one_limit() {
    if !has_server() {
        return;
    }
    let output = program("3").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert_eq!(
        text.lines().filter(|line| line.contains(" in 3s")).count(),
        3,
        "{text}"
    );
    let requests = text
        .lines()
        .filter(|line| line.contains(": request "))
        .count();
    assert!((1..=10).contains(&requests), "{text}");
    a_closed_pipe_is_no_failure(|| program("1"), "shared-limit").unwrap();
}

#[test]
fn ctrl_c_ends_its_processes_and_its_server() {
    if !has_server() {
        return;
    }
    let mut child = program("600")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = stdout.next().unwrap().unwrap();
    let address = first.rsplit_once("redis://").unwrap().1.to_owned();
    // One of them runs.
    stdout.next().unwrap().unwrap();
    press_ctrl_c(&child).unwrap();
    let output = child.wait_with_output();
    // The pipe ends when the last process that holds it does.
    stdout.for_each(drop);
    let output = output.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("shared-limit: interrupted. "), "{error}");
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "its server runs on"
    );
}

#[test]
fn without_a_server_it_says_what_to_do() {
    let output = program("1").env("PATH", "/nowhere").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("name a server in REDIS_URL"), "{error}");
}
