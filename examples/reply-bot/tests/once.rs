//! One reply to each message: webhooks that come twice, a lost response, and a bot that dies over a reply.

#![allow(clippy::unwrap_used)]

use std::{path::PathBuf, sync::Arc, time::Duration};

use carrot_examples::service::Origin;
use carrot_hyper::{
    Body, HttpTransport, HyperTransport,
    conversations::{Parts, Reply},
    http,
    types::{AppId, ConversationId, UserRef},
    users::StartConversation,
};
use carrot_testing::{Sandbox, sandbox::Fault};
use reply_bot::{Bot, Inbox};

struct World {
    sandbox: Sandbox,
    conversation: ConversationId,
    file: PathBuf,
}

impl World {
    async fn new(name: &str) -> Self {
        Self::days_ago(0, name).await
    }

    async fn days_ago(days: u64, name: &str) -> Self {
        // The moments of the bot and of the service are compared.
        let ago = Duration::from_secs(days * 24 * 3600);
        let sandbox = Sandbox::builder()
            .starts_at(std::time::SystemTime::now() - ago)
            .build();
        let ask = StartConversation::new(UserRef::external("ann"), "Where is it?");
        let conversation = sandbox.client().call(ask).await.unwrap().id;
        let file = format!("carrot-once-{name}-{}.log", std::process::id());
        Self {
            sandbox,
            conversation,
            file: std::env::temp_dir().join(file),
        }
    }

    /// A bot in a process of its own, as far as its inbox tells.
    fn bot(&self) -> Bot {
        let inbox = Inbox::open(&self.file).unwrap();
        let settle = Duration::from_millis(10);
        Bot::new(
            self.sandbox.client(),
            inbox,
            self.sandbox.webhook_token(),
            settle,
        )
    }

    fn receive(&self) {
        let part = self.sandbox.parts(self.conversation)[0].id.get();
        let inbox = Inbox::open(&self.file).unwrap();
        inbox
            .add(part, self.conversation.get(), "Where is it?")
            .unwrap();
    }

    /// The reply is written, and its response is held back: the bot is dropped there.
    async fn bot_dies_over_its_reply(&self) {
        let held = self.sandbox.inject(Fault::hold().on::<Reply>());
        let bot = self.bot();
        tokio::select! {
            _ = bot.work_off() => unreachable!("the response is held back"),
            () = held.held() => {}
        }
    }

    fn replies(&self) -> usize {
        self.sandbox.parts(self.conversation).len() - 1
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

#[tokio::test]
async fn a_webhook_that_comes_twice_gets_one_reply() {
    let world = World::new("twice").await;
    let bot = Arc::new(world.bot());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, bot.router()).into_future());

    let webhook = world.sandbox.take_webhooks().remove(0);
    let transport = HyperTransport::builder().build().unwrap();
    for _ in 0..2 {
        let request = http::Request::post(&url).body(Body::from(webhook.body().to_owned()));
        let response = transport.send(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        bot.work_off().await.unwrap();
    }
    assert_eq!(world.replies(), 1);
}

#[tokio::test]
async fn a_lost_response_is_no_second_reply() {
    let world = World::new("lost").await;
    world.receive();
    world.sandbox.inject(Fault::lost_response().on::<Reply>());
    world.bot().work_off().await.unwrap();
    assert_eq!(world.replies(), 1);
}

#[tokio::test]
async fn bot_that_dies_over_a_reply_continues() {
    let world = World::new("dies").await;
    world.receive();
    world.bot_dies_over_its_reply().await;
    assert_eq!(world.replies(), 1);

    world.bot().work_off().await.unwrap();
    assert_eq!(world.replies(), 1);
    assert_eq!(Inbox::open(&world.file).unwrap().next(), None);
}

#[tokio::test]
async fn bot_killed_before_the_request_replies_later() {
    let world = World::new("before").await;
    world.receive();
    let inbox = Inbox::open(&world.file).unwrap();
    inbox.started(inbox.next().unwrap().part, 0).unwrap();
    drop(inbox);

    world.bot().work_off().await.unwrap();
    assert_eq!(world.replies(), 1);
}

#[tokio::test]
async fn after_days_it_searches_back_to_its_reply() {
    let world = World::days_ago(3, "days").await;
    world.receive();
    world.bot_dies_over_its_reply().await;
    // As if the bot had been there three days ago too, with a page of messages since.
    let file = std::fs::read_to_string(&world.file).unwrap();
    let part = world.sandbox.parts(world.conversation)[0].id;
    let then = world.sandbox.now().seconds() - 60;
    let started = file.lines().next_back().unwrap();
    assert!(
        started.starts_with(&format!("started {part} ")),
        "{started}"
    );
    let earlier = format!("started {part} {then}");
    std::fs::write(&world.file, file.replace(started, &earlier)).unwrap();
    let user = world.sandbox.users()[0].id;
    for _ in 0..60 {
        let more = Reply::new(world.conversation, "And?").sender(user);
        world.sandbox.client().call(more).await.unwrap();
    }
    let replies = world.replies();

    let searched = world
        .sandbox
        .inject(Fault::delay(Duration::ZERO).on::<Parts>().always());
    world.bot().work_off().await.unwrap();
    assert_eq!(world.replies(), replies);
    assert_eq!(searched.used(), 2, "pages");
}

#[tokio::test]
async fn an_unclear_reply_is_for_a_person() {
    let world = World::new("unclear").await;
    world.receive();
    world.sandbox.inject(Fault::lost_response().on::<Reply>());
    world
        .sandbox
        .inject(Fault::hide_random_ids().on::<Parts>().always());
    world.bot().work_off().await.unwrap();
    assert_eq!(world.replies(), 1);

    // Another process says so too, and does not reply.
    let bot = world.bot();
    bot.work_off().await.unwrap();
    assert_eq!(world.replies(), 1);
    let unclear = bot.unclear();
    assert_eq!(unclear.len(), 1);
    assert_eq!(unclear[0].conversation, world.conversation.get());
}

#[tokio::test]
async fn nothing_is_sent_that_cannot_be_noted() {
    let world = World::new("read-only").await;
    world.receive();
    let inbox = Inbox::over(std::fs::File::open(&world.file).unwrap()).unwrap();
    let settle = Duration::from_millis(10);
    let token = world.sandbox.webhook_token();
    let bot = Bot::new(world.sandbox.client(), inbox, token, settle);
    assert!(bot.work_off().await.is_err());
    assert_eq!(world.replies(), 0);
}

/// Its last line too, which has no end.
#[tokio::test]
async fn a_file_of_something_else_is_left_alone() {
    let world = World::new("foreign").await;
    for text in ["milk\neggs", "came 1 2 Hello\nanswered 1\n"] {
        std::fs::write(&world.file, text).unwrap();
        let error = Inbox::open(&world.file).unwrap_err().to_string();
        assert!(error.contains("of another version"), "{error}");
        assert_eq!(std::fs::read_to_string(&world.file).unwrap(), text);
    }
}

#[tokio::test]
async fn the_inbox_of_another_app_is_rejected() {
    let world = World::new("origin").await;
    let of = |app| Origin::new("https://api.carrotquest.io", app);
    let first = Some(AppId::new(1));
    for (origin, is_same) in [
        (of(None), true),
        (of(first), true),
        // Not known at first, and kept since.
        (of(Some(AppId::new(2))), false),
        (Origin::new("https://api.dashly.app", first), false),
        (of(None), false),
        (of(first), true),
    ] {
        let inbox = Inbox::open(&world.file).unwrap();
        let result = inbox.belongs_to(&origin, "--inbox inbox.log");
        assert_eq!(result.is_ok(), is_same, "{origin}");
    }
    world.receive();
    assert!(Inbox::open(&world.file).unwrap().next().is_some());
}
