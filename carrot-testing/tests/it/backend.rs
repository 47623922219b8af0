//! One suite against the sandbox, a cassette or the real service, by one variable.

use std::{env, process::Command};

use carrot_core::{
    AuthToken, Client,
    types::UserRef,
    users::{self, StartConversation},
};
use carrot_testing::{Backend, Cassette, Sandbox, VirtualClock};

async fn story(client: &Client, user: UserRef) {
    let start = StartConversation::new(user.clone(), "Where is it?");
    client.call(start).await.unwrap();
    client.call(users::Get::new(user)).await.unwrap();
}

fn path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("backend/story.json")
}

/// The suite, as a child process runs it: the environment of this one is not to be changed.
#[tokio::test]
#[ignore = "run by suite_runs_on_every_backend"]
async fn suite() {
    let stand_in = Sandbox::builder().token("app.1000.of-the-real").build();
    let backend = Backend::from_env(path());
    let client = backend.client(|token: AuthToken| {
        let builder = Client::builder(stand_in.clone(), VirtualClock::new(), token);
        builder.build().unwrap()
    });
    story(&client, backend.user("order-42")).await;
    let kind = match &backend {
        Backend::Sandbox(sandbox) => {
            assert_eq!(sandbox.users().len(), 1);
            "sandbox"
        }
        Backend::Cassette(_) => "cassette",
        _ => "live",
    };
    assert_eq!(backend.sandbox().is_some(), kind == "sandbox");
    let users = stand_in.users();
    assert_eq!(users.len(), usize::from(kind == "live"));
    for user in users {
        let external = user.user_id.unwrap();
        assert!(external.starts_with("test-") && external.ends_with("-order-42"));
    }
    assert!(!format!("{backend:?}").contains("of-the-real"));
    println!("ran on {kind}");
}

fn run(backend: Option<&str>, token: Option<&str>) -> (bool, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["backend::suite", "--exact", "--ignored", "--nocapture"]);
    for (name, value) in [("CARROT_BACKEND", backend), ("CARROT_TOKEN", token)] {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn suite_runs_on_every_backend() {
    let sandbox = Sandbox::new();
    let cassette = Cassette::record(path(), sandbox.clone());
    let token = AuthToken::new(sandbox.token()).unwrap();
    let client = Client::builder(cassette.transport(), VirtualClock::new(), token);
    story(&client.build().unwrap(), UserRef::external("order-42")).await;
    cassette.finish();

    let real = Some("app.1000.of-the-real");
    for (backend, token, kind) in [
        (None, real, "sandbox"),
        (Some("sandbox"), None, "sandbox"),
        (Some("cassette"), None, "cassette"),
        (Some("live"), real, "live"),
    ] {
        let (passed, text) = run(backend, token);
        assert!(passed && text.contains(&format!("ran on {kind}")), "{text}");
    }
    for (backend, token, problem) in [
        ("real", real, "must be `sandbox`, `cassette` or `live`"),
        ("live", None, "needs CARROT_TOKEN"),
        ("live", Some(""), "CARROT_TOKEN: "),
    ] {
        let (passed, text) = run(Some(backend), token);
        assert!(!passed && text.contains(problem), "{text}");
    }
    std::fs::remove_dir_all(path().parent().unwrap()).unwrap();
}
