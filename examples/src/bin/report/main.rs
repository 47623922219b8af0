//! Reports how long customers wait: by operator, by hour, and who waits now.
//!
//! ```sh
//! cargo run --bin report -- --days 30 --page report.html
//! ```
//!
//! It prints the report, and writes it as one page with charts that loads nothing from anywhere. It reads one request
//! for each conversation and one for 50 of them.
//!
#![doc = include_str!("../../../transcripts/report.md")]

mod page;
mod stats;

use std::{path::PathBuf, process::ExitCode};

use carrot_examples::{
    named_file::NamedFile,
    program::{self, Failure},
    say,
    service::Service,
    shop,
    status_line::{StatusLine, for_people},
};
use carrot_hyper::{
    Client,
    apps::{AssigneeFilter, Conversations},
    conversations::Parts,
    endpoint::ConversationField,
    types::{ConversationId, ConversationPart, Timestamp},
};
use clap::Parser;

use crate::stats::{Stats, median};

/// Reports how long customers wait. Only reads.
#[derive(Debug, Parser)]
struct Arguments {
    /// Counts questions of this many days.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
    /// Writes the report there too, as a page with charts.
    #[arg(long)]
    page: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("report", "It only reads: run it again.", run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let page = arguments
        .page
        .map(|file| NamedFile::of_option("--page", file));
    let service = Service::connect_to_read(shop::shop().await?).await?;
    if let Some(file) = &page {
        file.check_writable()?;
        program::work_without_reader();
    }
    let days = arguments.days;
    let since = Timestamp::from_seconds(service.now().seconds() - days * 24 * 3600);
    let stats = read(&service.client, since).await?;
    print(&stats)?;
    if let Some(file) = &page {
        let title = format!("How long customers waited, last {days} days");
        file.write(page::page(&title, &stats))?;
        say!("The page is in {}.", file.path().display());
    }
    Ok(())
}

/// Reads the conversations that changed since then.
async fn read(client: &Client, since: Timestamp) -> Result<Stats, Failure> {
    let all = Conversations::new()
        .assigned(AssigneeFilter::Any)
        .include(ConversationField::User);
    let mut stats = Stats::default();
    let mut progress = StatusLine::new(None);
    let mut conversations = client.items(all);
    while let Some(conversation) = conversations.next().await? {
        // The list starts with what changed last.
        if conversation.last_update.is_some_and(|last| last < since) {
            break;
        }
        let parts = parts(client, conversation.id).await?;
        stats.add(&conversation, &parts, since);
        progress.step("conversations");
    }
    progress.finish();
    Ok(stats)
}

async fn parts(client: &Client, id: ConversationId) -> Result<Vec<ConversationPart>, Failure> {
    let mut parts = Vec::new();
    let mut items = client.items(Parts::new(id));
    while let Some(part) = items.next().await? {
        parts.push(part);
    }
    // They come newest first.
    parts.reverse();
    Ok(parts)
}

fn print(stats: &Stats) -> Result<(), Failure> {
    say!("{}", page::summary(stats));
    say!(
        "\n{:<16}{:>10}  {:>12}  {:>12}",
        "operator",
        "responses",
        "median",
        "longest"
    );
    for (name, times) in stats.by_operator() {
        let longest = times.iter().max().copied().unwrap_or_default();
        say!(
            "{name:<16}{:>10}  {:>12}  {:>12}",
            times.len(),
            for_people(median(&times)),
            for_people(longest)
        );
    }
    say!("\nhour, UTC   questions with a response #, without -");
    for (hour, (with, without)) in stats.by_hour().iter().enumerate() {
        if with + without > 0 {
            say!("{hour:>9}   {}{}", "#".repeat(*with), "-".repeat(*without));
        }
    }
    if !stats.waiting.is_empty() {
        say!("\nwithout a response:");
    }
    for waiting in &stats.waiting {
        say!(
            "{}, {}: {:?}",
            waiting.conversation,
            waiting.customer,
            waiting.text
        );
    }
    Ok(())
}
