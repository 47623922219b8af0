//! Closes conversations that nobody continued for some days, with a tag, and a list first.
//!
//! ```sh
//! cargo run --bin close-stale -- --days 7
//! ```
//!
//! A conversation whose last message is the customer's waits for an operator: it is listed, and left
//! open unless `--unanswered` is set. Run it twice and the second run finds nothing to do.

use std::{ops::ControlFlow, process::ExitCode};

use carrot_examples::{
    program::{self, Failure},
    say,
    service::{Service, ServiceArgs},
    shop,
    status_line::{StatusLine, for_people, least_time},
};
use carrot_hyper::{
    Client,
    apps::{AssigneeFilter, Conversations},
    conversations::{AddTag, Close},
    endpoint::ConversationField,
    types::{Conversation, ConversationId, PartType, Timestamp},
};
use clap::Parser;

const TAG: &str = "stale";
const DAY: i64 = 24 * 3600;

/// Closes conversations that nobody continued for some days. Lists them first; with CARROT_TOKEN it
/// changes them only with --write.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArgs,
    /// Days without a message.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..))]
    days: i64,
    /// Closes also those where the customer wrote last and nobody responded.
    #[arg(long)]
    unanswered: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("close-stale", run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let service = Service::connect(arguments.service, shop::shop().await?).await?;
    let before = Timestamp::from_seconds(service.now().seconds() - arguments.days * DAY);
    let (stale, waiting): (Vec<_>, Vec<_>) = stale(&service.client, before)
        .await?
        .into_iter()
        .partition(|conversation| arguments.unanswered || !waits_for_operator(conversation));

    for conversation in &waiting {
        say!("left open, the customer waits: {}", line(conversation));
    }
    for conversation in &stale {
        say!("to close: {}", line(conversation));
    }
    // A request for the tag, and one to close.
    let requests = 2 * stale.len() as u64;
    say!(
        "{} to close: {requests} requests, {}.",
        stale.len(),
        for_people(least_time(requests))
    );
    if !service.may_write() {
        say!("Nothing was changed: add --write to do it.");
        return Ok(());
    }
    let ids: Vec<_> = stale.iter().map(|conversation| conversation.id).collect();
    let next = "Run it again: what is closed is not listed any more.";
    program::until_ctrl_c(close(&service.client, ids), next).await
}

/// The open conversations without a message since then.
async fn stale(client: &Client, before: Timestamp) -> Result<Vec<Conversation>, Failure> {
    let open = Conversations::new()
        .closed(false)
        .assigned(AssigneeFilter::Any)
        .include(ConversationField::PartLast)
        .include(ConversationField::User);
    let mut found = Vec::new();
    let mut conversations = client.items(open);
    // All are read before the first is changed, since a change moves it in the list.
    while let Some(conversation) = conversations.next().await? {
        if conversation.last_update.is_some_and(|last| last < before) {
            found.push(conversation);
        }
    }
    Ok(found)
}

fn waits_for_operator(conversation: &Conversation) -> bool {
    let last = conversation.part_last.as_ref();
    last.is_some_and(|part| part.kind == Some(PartType::ReplyUser))
}

fn line(conversation: &Conversation) -> String {
    let name = conversation.user.as_ref().and_then(|user| user.name());
    let last = conversation.part_last.as_ref().and_then(|part| part.text());
    format!(
        "{}, {}: {:?}",
        conversation.id,
        name.unwrap_or("no name"),
        last.unwrap_or_default()
    )
}

async fn close(client: &Client, ids: Vec<ConversationId>) -> Result<(), Failure> {
    let mut progress = StatusLine::new(Some(2 * ids.len() as u64));
    // The tag first: a conversation that is closed is not found again by another run.
    let mut tags = client.call_all(ids, |id| AddTag::new(*id, TAG));
    let mut tagged = Vec::new();
    let mut failed = 0;
    while let Some(item) = tags.next().await {
        match item.result {
            Ok(_) => tagged.push(item.item),
            Err(error) => {
                eprintln!("{}: {error}", item.item);
                failed += 1;
            }
        }
        progress.step("tagged");
    }
    let report = client
        .call_all(tagged, |id| Close::new(*id))
        .run(|_| {
            progress.step("closed");
            ControlFlow::Continue(())
        })
        .await;
    progress.finish();
    for (id, error) in &report.failed {
        eprintln!("{id}: {error}");
    }
    failed += report.failed.len();
    match failed {
        0 => say!("All closed."),
        failed => return Err(format!("{failed} failed; run it again for those").into()),
    }
    Ok(())
}
