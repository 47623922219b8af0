//! Exports leads and conversations with their transcripts, and resumes after it was stopped.
//!
//! ```sh
//! cargo run --bin export -- --folder exported
//! ```
//!
//! It writes `leads.csv` and `conversations.jsonl`, one conversation with its parts in a line. The position is saved
//! after each conversation, so a run that was killed continues where it was: the files are cut to what the
//! position covers, and no record is missing or doubled. A conversation that changes while the export runs moves to
//! the front of the service's list, behind the reader. So the front is read again and again until nothing new is
//! there, and what changed is appended: the last line of a conversation counts.
//!
#![doc = include_str!("../../../transcripts/export.md")]

mod files;
mod position;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

use std::{io, path::PathBuf, process::ExitCode};

use carrot_examples::{
    named_file::NamedFile,
    program::{self, Failure},
    say,
    service::Service,
    shop,
    status_line::{StatusLine, counted, for_people, least_time},
};
use carrot_hyper::{
    Client,
    apps::{AssigneeFilter, Conversations, Leads},
    conversations::Parts,
    endpoint::{ConversationField, Paging},
    types::{ConversationId, ConversationPart, Timestamp},
};
use clap::Parser;

use crate::{files::Files, position::Position};

const NEXT: &str = "Run the same command again: it continues where it was.";

/// Exports leads to CSV and conversations with their transcripts to JSON Lines. Only reads.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the files are written. A folder with an unfinished export is continued.
    #[arg(long, default_value = "exported")]
    folder: PathBuf,
    /// Only conversations that changed since this day, in UTC.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    since: Option<Timestamp>,
}

fn day(text: &str) -> Result<Timestamp, jiff::Error> {
    let start: jiff::Timestamp = format!("{text}T00:00:00Z").parse()?;
    Ok(Timestamp::from_seconds(start.as_second()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("export", NEXT, run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    program::work_without_reader();
    let service = Service::connect_to_read(shop::shop().await?).await?;
    let folder = &arguments.folder;
    let name = format!("--folder {}", folder.display());
    let position = Position::load(folder)?;
    let resumed = position.is_some();
    let origin = service.origin().await?;
    if let Some(position) = &position {
        position.check(&name, &origin, arguments.since)?;
    }
    let position = position.unwrap_or_else(|| Position::start(origin, arguments.since));
    if position.is_finished {
        say!(
            "{} holds a finished export; choose another folder, or delete it.",
            folder.display()
        );
        return Ok(());
    }
    if resumed {
        let conversations = counted(position.conversations, "conversation");
        say!("Continuing after {conversations}.");
    }
    let mut export = Export {
        client: &service.client,
        files: Files::open(folder, &position)?,
        position,
    };
    export.run().await?;
    let position = &export.position;
    say!(
        "{} in leads.csv, {} in conversations.jsonl, in {}",
        counted(position.leads, "lead"),
        counted(position.conversations, "conversation"),
        folder.display()
    );
    if position.changed > 0 {
        let lines = counted(position.changed, "line");
        say!("{lines} more for conversations that changed meanwhile.");
    }
    Ok(())
}

struct Export<'a> {
    client: &'a Client,
    files: Files,
    position: Position,
}

impl Export<'_> {
    async fn run(&mut self) -> Result<(), Failure> {
        if !self.position.has_leads {
            self.leads().await?;
        }
        loop {
            self.conversations().await?;
            if self.position.end_pass() {
                break;
            }
            self.save()?;
        }
        self.position.is_finished = true;
        self.save()
    }

    /// The list of leads moves while it is read, so a saved place in it is worth nothing: where this was
    /// stopped, it starts anew.
    async fn leads(&mut self) -> Result<(), Failure> {
        self.position.leads = 0;
        let one = Leads::new().page(Paging::new().size(1));
        let total = self.client.call(one).await?.total;
        let mut progress = StatusLine::new(total);
        let mut leads = self.client.items(Leads::new());
        while let Some(lead) = leads.next().await? {
            let written = self.files.lead(&lead);
            self.written(written)?;
            self.position.leads += 1;
            let total = total.unwrap_or(0);
            let left = total.saturating_sub(self.position.leads);
            // 50 leads are a request, and a second reading looks for those that moved.
            let pages = left.div_ceil(50) + total.div_ceil(50);
            let time = for_people(least_time(pages));
            progress.step(format_args!("leads, {time} left"));
        }
        progress.finish();
        self.position.has_leads = true;
        self.save()
    }

    /// Reads the list from the conversation that changed last, back to where this pass ends.
    async fn conversations(&mut self) -> Result<(), Failure> {
        let mut paging = Paging::new();
        if let Some(cursor) = self.position.pass.cursor.clone() {
            paging = paging.starting_at(cursor);
        }
        let all = Conversations::new()
            .assigned(AssigneeFilter::Any)
            .include(ConversationField::User)
            .page(paging);
        let mut pages = self.client.pages(all);
        let mut progress = StatusLine::new(None);
        while let Some(page) = pages.next().await? {
            self.position.pass.start(&page.items);
            for conversation in &page.items {
                if self.position.pass.is_older(conversation) {
                    progress.finish();
                    return Ok(());
                }
                // A page is the unit of the position: what was read of it already is skipped.
                if self.position.pass.is_read(conversation.id) {
                    continue;
                }
                let parts = self.parts(conversation.id).await?;
                let line = files::line(conversation, &parts);
                if self.position.read(conversation, &line) {
                    let written = self.files.conversation(&line);
                    self.written(written)?;
                }
                self.save()?;
                progress.step("conversations");
            }
            // The last page has no cursor to continue at: the end of the pass is saved instead.
            if let Some(cursor) = pages.cursor() {
                self.position.pass.page_done(cursor.clone());
                self.save()?;
            }
        }
        progress.finish();
        Ok(())
    }

    async fn parts(&self, id: ConversationId) -> Result<Vec<ConversationPart>, Failure> {
        let mut parts = Vec::new();
        let mut items = self.client.items(Parts::new(id));
        while let Some(part) = items.next().await? {
            parts.push(part);
        }
        // They come newest first.
        parts.reverse();
        Ok(parts)
    }

    /// The files first: a position never covers what is not on the disk.
    fn save(&mut self) -> Result<(), Failure> {
        let synced = self.files.sync();
        self.position.lengths = self.written(synced)?;
        self.position.save(self.files.folder())
    }

    /// What is not on the disk, as it is when the disk is full, is said with the folder.
    fn written<T>(&self, result: io::Result<T>) -> Result<T, Failure> {
        let folder = NamedFile::of_option("--folder", self.files.folder());
        result.map_err(|error| folder.failure(format_args!("{error}; {NEXT}")))
    }
}
