//! `close-stale` at a service that it did not make: what it closes, what it leaves open, and that it continues.

use std::{path::PathBuf, process::Output};

use carrot_hyper::{
    apps::Conversations,
    conversations::{AddTag, Assign, Reply},
    types::{AdminId, Conversation, ConversationId, UserRef},
    users::StartConversation,
};
use carrot_testing::{
    ApiError, Sandbox,
    sandbox::{Fault, SandboxServer},
};

use crate::support::{run, text};

struct World {
    sandbox: Sandbox,
    server: SandboxServer,
    file: PathBuf,
}

impl World {
    async fn new(name: &str) -> Self {
        let sandbox = Sandbox::builder()
            .operator(AdminId::new(501), "Ada")
            .build();
        let name = format!("carrot-close-stale-{name}-{}.json", std::process::id());
        Self {
            server: sandbox.serve().await.unwrap(),
            sandbox,
            file: std::env::temp_dir().join(name),
        }
    }

    /// An old conversation that a customer started, and in which an operator wrote last where `replied`.
    async fn conversation(&self, user: &str, replied: bool) -> ConversationId {
        let client = self.sandbox.client();
        let ask = StartConversation::new(UserRef::external(user), "Where is it?");
        let id = client.call(ask).await.unwrap().id;
        if replied {
            client.call(Reply::new(id, "On its way")).await.unwrap();
        }
        id
    }

    async fn run(&self) -> Output {
        let file = self.file.to_str().unwrap();
        run(
            &self.server,
            "close-stale",
            &["--write", "--unfinished", file],
        )
        .await
    }

    fn get(&self, id: ConversationId) -> Conversation {
        self.sandbox.conversation(id).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tags_and_closes_once() {
    let world = World::new("once").await;
    let id = world.conversation("order-41", true).await;

    let first = world.run().await;
    assert!(first.status.success(), "{}", text(&first.stderr));
    let closed = world.get(id);
    assert_eq!(closed.closed, Some(true));
    assert_eq!(closed.tags, ["stale"]);
    assert!(!world.file.exists());

    let parts = world.sandbox.parts(id).len();
    let second = world.run().await;
    assert!(
        text(&second.stdout).contains("Nothing to close."),
        "{}",
        text(&second.stdout)
    );
    assert_eq!(world.sandbox.parts(id).len(), parts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_part_hides_no_waiting_customer() {
    let world = World::new("system").await;
    let id = world.conversation("order-41", false).await;
    let client = world.sandbox.client();
    let assign = Assign::new(id, AdminId::new(501));
    client.call(assign).await.unwrap();

    let output = world.run().await;
    let printed = text(&output.stdout);
    assert!(
        printed.contains("left open, the customer waits"),
        "{printed}"
    );
    assert_eq!(world.get(id).closed, Some(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_makes_no_conversation_younger() {
    let sandbox_time = std::time::Duration::from_secs(30 * 24 * 3600);
    let world = World::new("tag").await;
    let id = world.conversation("order-41", true).await;
    world.sandbox.advance(sandbox_time);
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // The tag comes today, by the clock of the program.
    let today = since.saturating_sub(world.sandbox.now().seconds().unsigned_abs());
    world.sandbox.advance(std::time::Duration::from_secs(today));
    let client = world.sandbox.client();
    client.call(AddTag::new(id, "vip")).await.unwrap();

    let output = world.run().await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(world.get(id).closed, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_is_continued_meanwhile_stays_open() {
    let world = World::new("continued").await;
    let (first, second) = (
        world.conversation("order-41", true).await,
        world.conversation("order-42", true).await,
    );
    // The customer writes when the list is on its way to the program.
    let list = world.sandbox.inject(Fault::hold().on::<Conversations>());
    let continued = async {
        list.held().await;
        let user = world.get(first).user.unwrap().id;
        let more = Reply::new(first, "It did not come").sender(user);
        world.sandbox.client().call(more).await.unwrap();
        list.release();
    };
    let (output, ()) = tokio::join!(world.run(), continued);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("left alone, it was continued"));
    assert_eq!(world.get(first).closed, Some(false));
    assert!(world.get(first).tags.is_empty());
    assert_eq!(world.get(second).closed, Some(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_closed_untagged_is_tagged_later() {
    let world = World::new("unfinished").await;
    let id = world.conversation("order-41", true).await;
    let outage = Fault::error(ApiError::permission_denied()).on::<AddTag>();
    world.sandbox.inject(outage);

    let first = world.run().await;
    assert_eq!(first.status.code(), Some(1));
    assert_eq!(world.get(id).closed, Some(true));
    assert!(world.get(id).tags.is_empty());

    let second = world.run().await;
    assert!(second.status.success(), "{}", text(&second.stderr));
    assert_eq!(world.get(id).tags, ["stale"]);
    assert!(!world.file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_app_is_rejected() {
    let world = World::new("other").await;
    world.conversation("order-41", true).await;
    let other = r#"{"origin":{"host":"https://example.com","app":5},"ids":[7]}"#;
    std::fs::write(&world.file, other).unwrap();

    let output = world.run().await;
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.contains("is of the app 5 at https://example.com"),
        "{error}"
    );
}
