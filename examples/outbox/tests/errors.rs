//! What the program does with errors that no repetition mends.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{
    path::PathBuf,
    process::{Command, Output},
    time::SystemTime,
};

use carrot_hyper::{
    conversations::{Parts, Reply},
    types::{ConversationId, UserRef},
    users::StartConversation,
};
use carrot_testing::{
    ApiError, Sandbox,
    sandbox::{Fault, SandboxServer},
};
use outbox::{Job, State, Store};

struct World {
    sandbox: Sandbox,
    server: SandboxServer,
    conversation: ConversationId,
    database: PathBuf,
}

impl World {
    /// A conversation, and two replies in the outbox.
    async fn new(name: &str) -> Self {
        let sandbox = Sandbox::builder().starts_at(SystemTime::now()).build();
        let ask = StartConversation::new(UserRef::external("ann"), "Hello");
        let conversation = sandbox.client().call(ask).await.unwrap().id;
        let name = format!("carrot-outbox-{name}-{}.sqlite", std::process::id());
        let world = Self {
            server: sandbox.serve().await.unwrap(),
            sandbox,
            conversation,
            database: std::env::temp_dir().join(name),
        };
        for (mark, text) in [(1, "first"), (2, "second")] {
            let job = Job::Reply {
                conversation: conversation.get(),
                text: text.to_owned(),
                mark,
            };
            world.store().add(&job).unwrap();
        }
        world
    }

    fn store(&self) -> Store {
        Store::open(&self.database).unwrap()
    }

    async fn run(&self, token: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_outbox"));
        command
            .args(["--write", "--no-rate-limit", "--settle", "10", "--file"])
            .arg(&self.database)
            .env("CARROT_TOKEN", token)
            .env("CARROT_BASE_URL", self.server.url());
        let output = tokio::task::spawn_blocking(move || command.output());
        output.await.unwrap().unwrap()
    }

    /// What operators wrote.
    fn texts(&self) -> Vec<String> {
        let parts = self.sandbox.parts(self.conversation);
        parts
            .iter()
            .skip(1)
            .filter_map(|part| part.text())
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = self.database.clone().into_os_string();
            name.push(suffix);
            let _ = std::fs::remove_file(PathBuf::from(name));
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_stops_it_and_loses_nothing() {
    let world = World::new("token").await;
    let output = world.run("app.1.wrong").await;
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.contains("mend the token, and run it again"),
        "{error}"
    );
    assert_eq!(world.store().count(State::Queued).unwrap(), 2);
    assert!(world.texts().is_empty());

    // Nor does a missing scope, which shows at the first reply.
    let denied = ApiError::permission_denied();
    world.sandbox.inject(Fault::error(denied).on::<Reply>());
    let output = world.run(world.sandbox.token()).await;
    let error = text(&output.stderr);
    assert!(
        error.contains("mend the token, and run it again"),
        "{error}"
    );
    assert_eq!(world.store().count(State::Queued).unwrap(), 2);

    assert!(world.run(world.sandbox.token()).await.status.success());
    assert_eq!(world.texts(), ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_while_reconciling_stops_it() {
    let world = World::new("scope").await;
    world.sandbox.inject(Fault::lost_response().on::<Reply>());
    let denied = Fault::error(ApiError::permission_denied()).on::<Parts>();
    world.sandbox.inject(denied);
    let output = world.run(world.sandbox.token()).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert_eq!(world.store().count(State::Unsure).unwrap(), 1);

    assert!(world.run(world.sandbox.token()).await.status.success());
    assert_eq!(world.texts(), ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_row_is_printed() {
    let world = World::new("rejected").await;
    world
        .sandbox
        .inject(Fault::error(ApiError::bad_request()).on::<Reply>());
    let output = world.run(world.sandbox.token()).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    assert!(printed.contains("rejected: row 1, Reply"), "{printed}");
    assert!(printed.contains("returned 400"), "{printed}");
    assert_eq!(world.texts(), ["second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_is_for_a_person() {
    let world = World::new("gone").await;
    world.sandbox.inject(Fault::lost_response().on::<Reply>());
    let gone = Fault::error(ApiError::lookup_error())
        .on::<Parts>()
        .always();
    world.sandbox.inject(gone);
    let output = world.run(world.sandbox.token()).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    assert!(printed.contains("to check: row 1, Reply"), "{printed}");
    assert!(printed.contains("LookupError"), "{printed}");
    assert_eq!(world.store().count(State::Review).unwrap(), 1);
    assert_eq!(world.texts(), ["first", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_of_another_app_is_rejected() {
    let mut world = World::new("origin").await;
    assert!(world.run(world.sandbox.token()).await.status.success());

    // Another service, in which a conversation has the same id.
    let other = Sandbox::new();
    let ask = StartConversation::new(UserRef::external("bob"), "Hello");
    let conversation = other.client().call(ask).await.unwrap().id;
    let job = Job::Reply {
        conversation: conversation.get(),
        text: "third".to_owned(),
        mark: 3,
    };
    world.store().add(&job).unwrap();
    let first = world.server.url();
    world.server = other.serve().await.unwrap();
    let output = world.run(other.token()).await;
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains(&first), "{error}");
    assert!(error.contains("name another"), "{error}");
    assert_eq!(other.parts(conversation).len(), 1);
}
