//! Shows conversations in the terminal as they happen.
//!
//! ```sh
//! cargo run --bin live
//! ```
//!
//! Without an account a customer and an operator of a made-up shop write to each other, and it ends by itself.

use std::{process::ExitCode, time::Duration};

use carrot_examples::{
    program::{self, Failure},
    say,
    service::Service,
    shop,
};
use carrot_hyper::{
    Client,
    conversations::{Close, Reply},
    realtime::{Event, Listener},
    types::{
        Author, UserRef,
        realtime::{RealtimeChannel, RealtimePayload},
    },
    users::StartConversation,
};
use carrot_testing::Sandbox;
use clap::Parser;

/// Shows conversations as they happen. Only reads.
#[derive(Debug, Parser)]
struct Arguments {
    /// The id of the app; needed with CARROT_TOKEN, since the names of the channels hold it.
    #[arg(long)]
    app: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("live", "Nothing is left to do.", run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let service = Service::connect_to_read(shop::shop().await?).await?;
    let app = service.app(arguments.app)?;
    let channels = [
        RealtimeChannel::ConversationStartedByUser(app),
        RealtimeChannel::ConversationReply(app),
        RealtimeChannel::ConversationClosed(app),
    ];
    let live = service.client.listen(channels)?.start();
    match service.sandbox() {
        // The program ends with the story.
        Some(sandbox) => {
            let (shown, told) = tokio::join!(show(live, Some(5)), story(sandbox));
            shown.and(told)
        }
        None => show(live, None).await,
    }
}

/// Prints events, up to this number of messages.
async fn show(mut live: Listener, messages: Option<usize>) -> Result<(), Failure> {
    let mut shown = 0;
    while messages.is_none_or(|messages| shown < messages) {
        let Some(event) = live.next().await? else {
            break;
        };
        match event {
            Event::Message(delivery) => {
                shown += 1;
                show_message(&delivery.message.payload)?;
            }
            Event::Down(down) => say!("-- {down}"),
            // A dashboard would read the conversations again that changed since `gap.since`.
            Event::Gap(gap) => say!("-- {gap}"),
            Event::Unreadable(error) => say!("-- {error}"),
            _ => {}
        }
    }
    live.close().await;
    Ok(())
}

fn show_message(payload: &RealtimePayload) -> Result<(), Failure> {
    match payload {
        RealtimePayload::ConversationStartedByUser(conversation) => {
            let name = conversation.user.as_ref().and_then(|user| user.name());
            say!("new conversation of {}", name.unwrap_or("no name"));
        }
        RealtimePayload::ConversationReply(part) => {
            let author = match &part.from {
                Some(Author::Admin(admin)) => admin.name.as_deref().unwrap_or("operator"),
                Some(Author::User(_)) => "customer",
                _ => "somebody",
            };
            // Parts that the system wrote have no text.
            let text = part.text().unwrap_or_else(|| "(no text)".to_owned());
            say!("{author}: {text}");
        }
        RealtimePayload::ConversationClosed(_) => say!("closed"),
        _ => {}
    }
    Ok(())
}

/// What happens in the sandbox.
async fn story(sandbox: &Sandbox) -> Result<(), Failure> {
    while sandbox.realtime().listeners() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let client: Client = sandbox.client();
    let ask = StartConversation::new(UserRef::external("order-41"), "Is it blue?");
    let id = client.call(ask).await?.id;
    client
        .call(Reply::new(id, "It is.").sender(shop::ADA))
        .await?;
    client.call(Close::new(id).by(shop::ADA)).await?;
    Ok(())
}
