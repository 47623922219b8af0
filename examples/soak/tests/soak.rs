//! The program with all its parts, to its end and until Ctrl-C.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use carrot_examples::{checks::press_ctrl_c, transcript};

fn program(calls: u32) -> Command {
    let mut command = transcript::program(env!("CARGO_BIN_EXE_soak"));
    command.args(["--calls", &calls.to_string()]);
    command
}

#[test]
fn nothing_is_off_in_any_part() {
    let has_redis = Command::new("redis-server")
        .arg("--version")
        .output()
        .is_ok();
    let output = program(4000).output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{report}{error}");
    assert!(report.ends_with("\nNothing is off.\n"), "{report}");
    let parts = [" direct, ", " through a proxy, ", " over HTTP/2, "];
    for part in parts {
        assert!(
            report.contains(part) && !report.contains(&format!(" 0{part}")),
            "{report}"
        );
    }
    assert!(!report.contains("restarts of the server: 0,"), "{report}");
    assert_eq!(
        !report.contains(" 0 with a shared limit"),
        has_redis,
        "{report}"
    );
    assert_eq!(
        report.contains("no limit is shared"),
        !has_redis,
        "{report}"
    );
}

/// It talks to a server of its own, so Ctrl-C comes when it says how far it is.
#[test]
fn soak_reports_what_it_did_until_ctrl_c() {
    let mut child = program(20_000)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("[######"), "{line}");
    press_ctrl_c(&child).unwrap();
    let output = child.wait_with_output().unwrap();
    line.clear();
    while !line.contains("interrupted") && stderr.read_line(&mut line).unwrap() > 0 {}
    assert!(
        line.contains("soak: interrupted. The report is of"),
        "{line}"
    );
    assert_eq!(output.status.code(), Some(130));
    let report = String::from_utf8(output.stdout).unwrap();
    let calls = report.lines().find(|line| line.contains(" calls in "));
    let calls = calls.unwrap().split(' ').next().unwrap();
    let calls = calls.parse::<u32>().unwrap();
    assert!((5000..20000).contains(&calls), "{report}");
    assert!(report.contains(" done\n"), "{report}");
    assert!(report.ends_with("off in these calls: 0\n"), "{report}");
}
