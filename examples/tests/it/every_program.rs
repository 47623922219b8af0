//! What all programs have in common: Ctrl-C ends them, they survive a closed pipe, and those that only read leave the
//! service as it was.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

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

/// Against a service that takes connections and never responds, so that it waits when Ctrl-C comes.
#[test]
fn ctrl_c_ends_each_program_with_advice() {
    for (name, arguments) in PROGRAMS {
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut child = program(name)
            .args(arguments)
            .env("CARROT_TOKEN", "app.1.secret")
            .env(
                "CARROT_BASE_URL",
                format!("http://{}", service.local_addr().unwrap()),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It waits for the response.
        let mut request = BufReader::new(service.accept().unwrap().0);
        request.read_line(&mut String::new()).unwrap();
        let pressed = Instant::now();
        let kill = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let status = child.wait().unwrap();
        assert!(pressed.elapsed() < Duration::from_secs(1), "{name} lingers");
        let mut error = String::new();
        child.stderr.unwrap().read_to_string(&mut error).unwrap();
        assert_eq!(status.code(), Some(130), "{name}: {error}");
        let advice = format!("{name}: interrupted. ");
        assert!(error.contains(&advice), "{name}: {error}");
    }
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let folder = std::env::temp_dir().join(format!("carrot-pipe-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for name in PROGRAMS.map(|(name, _)| name).iter().chain(&["errors"]) {
        let mut child = program(name)
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(text(&output.stderr), "", "{name}");
        assert_eq!(output.status.code(), Some(0), "{name}");
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
