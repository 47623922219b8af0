//! Forwards what customers write to a webhook of another chat, as `{"text": "..."}`.
//!
//! ```sh
//! cargo run --bin forward -- --to http://127.0.0.1:8080/hook --state forward.json
//! ```
//!
//! Where it is comes into a file after each message that the other side took, for the first time with the first
//! response of the service, which may take ten seconds. Killed at any moment after that and started again, it forwards
//! everything that came meanwhile; at worst the last message a second time.
//!
//! It listens by long polling, as `live` does. A WebSocket needs one line more, `.connector(WebSocket::new(&transport))`,
//! and the feature `realtime` of `carrot-hyper`, whose crates the `quickstart` would compile too.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use carrot_examples::{
    named_file::NamedFile,
    program::{self, Failure},
    say,
    service::{Origin, Service},
    shop, warn,
};
use carrot_hyper::{
    Body, HttpTransport, HyperTransport,
    http::{Request, Uri},
    realtime::{Checkpoint, Event, Listener},
    serde_json::json,
    types::{
        ConversationPart, PartType, UserRef,
        realtime::{RealtimeChannel, RealtimePayload},
    },
    users::StartConversation,
};
use carrot_testing::Sandbox;
use clap::Parser;
use serde::{Deserialize, Serialize};

/// Forwards what customers write to a webhook. Changes nothing at the service.
#[derive(Debug, Parser)]
struct Arguments {
    /// The id of the app; needed with CARROT_TOKEN, since the names of the channels hold it.
    #[arg(long)]
    app: Option<u64>,
    /// The address to post to. Without it the messages are printed.
    #[arg(long, value_parser = address)]
    to: Option<Uri>,
    /// The file with the position; without it every start takes what comes then.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Ends after this many messages.
    #[arg(long)]
    messages: Option<usize>,
}

fn address(text: &str) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|error| format!("{error}"))?;
    match uri.scheme_str() {
        Some("http" | "https") => Ok(uri),
        _ => Err("an address starts with http:// or https://".to_owned()),
    }
}

fn main() -> ExitCode {
    let next = "Run it again: it continues with --state.";
    program::run("forward", next, run(Arguments::parse()))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    if arguments.to.is_some() {
        program::work_without_reader();
    }
    let service = Service::connect_to_read(shop::shop().await?).await?;
    let app = service.app(arguments.app)?;
    let state = State {
        file: arguments
            .state
            .map(|file| NamedFile::of_option("--state", file)),
        origin: service.origin_of(Some(app)),
    };
    let checkpoint = state.read()?;
    let listen = service
        .client
        .listen([RealtimeChannel::ConversationReply(app)])?;
    let live = listen.resume(checkpoint).start();
    let forward = Forward {
        transport: HyperTransport::builder().build()?,
        to: arguments.to,
        state,
    };
    match service.sandbox() {
        Some(sandbox) => {
            let messages = arguments.messages.or(Some(2));
            let (forwarded, told) = tokio::join!(forward.run(live, messages), story(sandbox));
            forwarded.and(told)
        }
        None => forward.run(live, arguments.messages).await,
    }
}

struct Forward {
    transport: HyperTransport,
    to: Option<Uri>,
    state: State,
}

impl Forward {
    async fn run(&self, mut live: Listener, messages: Option<usize>) -> Result<(), Failure> {
        let mut forwarded = 0;
        while messages.is_none_or(|messages| forwarded < messages) {
            let Some(event) = live.next().await? else {
                break;
            };
            match event {
                Event::Message(delivery) => {
                    if let RealtimePayload::ConversationReply(part) = delivery.message.payload {
                        forwarded += usize::from(self.forward(&part).await?);
                    }
                }
                Event::Gap(gap) => warn!("forward: {gap}"),
                Event::Down(down) => warn!("forward: {down}"),
                Event::Unreadable(error) => warn!("forward: not forwarded: {error}"),
                _ => {}
            }
            // After the message is through: killed before this, it comes again.
            self.state.write(&live.checkpoint())?;
        }
        self.state.write(&live.close().await)
    }

    /// Forwards what a customer wrote. False where an operator or the system wrote it.
    async fn forward(&self, part: &ConversationPart) -> Result<bool, Failure> {
        if part.kind != Some(PartType::ReplyUser) {
            return Ok(false);
        }
        let text = part.text().unwrap_or_default();
        let body = json!({"text": format!("Customer: {text}")}).to_string();
        let Some(to) = &self.to else {
            say!("{body}");
            return Ok(true);
        };
        // Ten attempts, with a pause that grows to half a minute.
        let mut problem = String::new();
        for attempt in 0..10_u32 {
            let request = Request::post(to)
                .header("content-type", "application/json")
                .body(Body::from(body.clone()))?;
            problem = match self.transport.send(request).await {
                Ok(response) if response.status().is_success() => return Ok(true),
                Ok(response) => format!("status {}", response.status()),
                Err(error) => error.to_string(),
            };
            let pause = Duration::from_millis(100 << attempt.min(8));
            tokio::time::sleep(pause).await;
        }
        Err(format!("the webhook does not take the message: {problem}").into())
    }
}

/// Where the listener is, in a file.
struct State {
    file: Option<NamedFile>,
    origin: Origin,
}

#[derive(Serialize, Deserialize)]
struct Position {
    origin: Origin,
    checkpoint: Checkpoint,
}

impl State {
    /// Where an earlier run was. Fails where this run could not note how far it is.
    fn read(&self) -> Result<Option<Checkpoint>, Failure> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        file.check_savable()?;
        let Some(position) = file.load::<Position>()? else {
            return Ok(None);
        };
        self.origin.check(file.name(), &position.origin)?;
        Ok(Some(position.checkpoint))
    }

    fn write(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.save(&Position {
            origin: self.origin.clone(),
            checkpoint: checkpoint.clone(),
        })
    }
}

/// What happens in the sandbox.
async fn story(sandbox: &Sandbox) -> Result<(), Failure> {
    while sandbox.realtime().listeners() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let client = sandbox.client();
    for (order, text) in [
        ("order-41", "Is it blue?"),
        ("order-42", "Do you ship to Rome?"),
    ] {
        client
            .call(StartConversation::new(UserRef::external(order), text))
            .await?;
    }
    Ok(())
}
