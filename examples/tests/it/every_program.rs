//! What all programs have in common: Ctrl-C ends them, they survive a closed pipe, and those that only read leave the
//! service as it was.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use carrot_examples::checks::{a_closed_pipe_is_no_failure, press_ctrl_c, signals_end_with_advice};
use carrot_hyper::{conversations::Reply, types::UserRef, users::StartConversation};
use carrot_testing::{Sandbox, sandbox::SeedUser};

use crate::support::{program, run, text};

/// All that talk to the service, with what they need to do so with a token.
const PROGRAMS: [(&str, &[&str]); 9] = [
    ("quickstart", &[]),
    ("export", &["--folder", "never-written"]),
    ("report", &[]),
    ("close-stale", &[]),
    ("crm-sync", &[]),
    ("live", &["--app", "1"]),
    ("forward", &["--app", "1"]),
    ("own-endpoint", &["--user", "order-41"]),
    ("blocking", &["--user", "order-41"]),
];

#[test]
fn signals_end_each_program_with_advice() {
    let folder = std::env::temp_dir().join(format!("carrot-signals-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, arguments) in PROGRAMS {
        let command = || {
            let mut command = program(name);
            command.args(arguments).current_dir(&folder);
            command
        };
        signals_end_with_advice(command, name).unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// It prints a line for each row, more than a pipe holds, and nobody empties it.
#[test]
fn ctrl_c_ends_a_program_that_cannot_print() {
    let file = std::env::temp_dir().join(format!("carrot-full-pipe-{}.csv", std::process::id()));
    let rows = (0..20_000).map(|row| format!("order-{row};{row}\n"));
    std::fs::write(&file, format!("id;deal\n{}", rows.collect::<String>())).unwrap();
    let mut child = program("crm-sync")
        .arg("--file")
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("order-") {
        line.clear();
        stdout.read_line(&mut line).unwrap();
    }
    press_ctrl_c(&child).unwrap();
    // The pipe stays open until then.
    let output = child.wait_with_output().unwrap();
    drop(stdout);
    std::fs::remove_file(&file).unwrap();
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("crm-sync: interrupted. "), "{error}");
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let folder = std::env::temp_dir().join(format!("carrot-pipe-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for name in PROGRAMS.map(|(name, _)| name).iter().chain(&["errors"]) {
        let command = || {
            let mut command = program(name);
            command.current_dir(&folder);
            command
        };
        a_closed_pipe_is_no_failure(command, name).unwrap();
    }
    // Nor is an error that nobody reads.
    let mut child = program("export")
        .args(["--folder", "/dev/null/x"])
        .current_dir(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_only_read_change_nothing() {
    let sandbox = Sandbox::builder()
        .user(SeedUser::external("order-41").prop("$name", "Ann"))
        .build();
    let client = sandbox.client();
    let ask = StartConversation::new(UserRef::external("order-41"), "Where is it?");
    let id = client.call(ask).await.unwrap().id;
    client.call(Reply::new(id, "On its way")).await.unwrap();
    let server = sandbox.serve().await.unwrap();
    let state = || {
        let parts = sandbox.parts(id);
        (sandbox.users(), sandbox.conversations(), parts)
    };
    let before = state();
    for (name, arguments) in [
        ("quickstart", &[][..]),
        ("report", &[]),
        ("own-endpoint", &["--user", "order-41"]),
        ("blocking", &["--user", "order-41"]),
    ] {
        let requests = sandbox.requests();
        let output = run(&server, name, arguments).await;
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        assert!(sandbox.requests() > requests, "{name} asked nothing");
        assert_eq!(state(), before, "{name}");
    }
    // Nobody is a default there.
    for name in ["own-endpoint", "blocking"] {
        let requests = sandbox.requests();
        let output = run(&server, name, &[]).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("--user is needed"), "{name}");
        assert_eq!(sandbox.requests(), requests, "{name}");
    }
}
