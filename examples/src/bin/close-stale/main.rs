//! Closes conversations that nobody continued for some days, and tags them, with a list first.
//!
//! ```sh
//! cargo run --bin close-stale -- --days 7
//! ```
//!
//! A conversation whose last reply is the customer's waits for an operator: it is listed, and left
//! open unless `--unanswered` is set. Run it twice and the second run finds nothing to do.
//!
//! Each conversation is read again right before it is closed, and left alone if somebody continued it. It is closed
//! first and tagged then: a tag makes it a changed conversation at the front of the operators' list. What was closed and has
//! no tag yet is kept in a file, for the next run.
//!
#![doc = include_str!("../../../transcripts/close-stale.md")]

mod unfinished;

use std::{path::PathBuf, process::ExitCode};

use carrot_examples::{
    named_file::NamedFile,
    program::{self, Failure},
    say,
    service::{Service, ServiceArgs},
    shop,
    status_line::{StatusLine, counted, for_people, least_time},
    warn,
};
use carrot_hyper::{
    Client, Error,
    apps::{AssigneeFilter, Conversations},
    conversations::{AddTag, Close, Get},
    endpoint::ConversationField,
    types::{Conversation, ConversationId, PartType, Timestamp},
};
use clap::Parser;

use crate::unfinished::Unfinished;

const TAG: &str = "stale";
const DAY: i64 = 24 * 3600;

/// Closes conversations that nobody continued for some days. Lists them first; with CARROT_TOKEN it
/// changes them only with --write.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArgs,
    /// Days without a reply.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
    /// Closes also those where the customer wrote last and nobody responded.
    #[arg(long)]
    unanswered: bool,
    /// What was closed and has no tag yet. In the sandbox it is not written.
    #[arg(long, default_value = "close-stale.unfinished.json")]
    unfinished: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let next = "Run it again: what is closed is not listed any more.";
    program::run("close-stale", next, run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    program::work_without_reader();
    let service = Service::connect(arguments.service, shop::shop().await?).await?;
    let wanted = Wanted {
        before: Timestamp::from_seconds(service.now().seconds() - arguments.days * DAY),
        unanswered: arguments.unanswered,
    };
    let (stale, waiting) = wanted.list(&service.client).await?;
    for conversation in &waiting {
        say!("left open, the customer waits: {}", line(conversation));
    }
    for conversation in &stale {
        say!("to close: {}", line(conversation));
    }
    // A request to read it again, one to close it, and one for the tag.
    let requests = 3 * stale.len() as u64;
    match stale.len() {
        0 => say!("Nothing to close."),
        number => say!(
            "{number} to close: {}, {}.",
            counted(requests, "request"),
            for_people(least_time(requests))
        ),
    }
    if !service.may_write() {
        if stale.is_empty() {
            return Ok(());
        }
        say!("Nothing was changed: add --write to do it.");
        return Ok(());
    }
    let origin = service.origin().await?;
    let unfinished = match service.sandbox() {
        Some(_) => Unfinished::in_memory(origin),
        None => {
            let file = NamedFile::of_option("--unfinished", arguments.unfinished);
            Unfinished::open(file, &origin)?
        }
    };
    let mut closing = Closing {
        client: &service.client,
        wanted,
        unfinished,
    };
    closing.tag_unfinished().await?;
    closing.close_all(&stale).await
}

/// Which conversations are closed.
struct Wanted {
    /// The last reply is older than this.
    before: Timestamp,
    /// Also where the customer wrote it.
    unanswered: bool,
}

impl Wanted {
    /// The open conversations without a reply since then: those to close, and those that wait for an operator.
    async fn list(
        &self,
        client: &Client,
    ) -> Result<(Vec<Conversation>, Vec<Conversation>), Failure> {
        let open = Conversations::new()
            .closed(false)
            .assigned(AssigneeFilter::Any)
            .include(ConversationField::ReplyLast)
            .include(ConversationField::User);
        let mut old = Vec::new();
        let mut conversations = client.items(open);
        // All are read before the first is changed, since a change moves it in the list.
        while let Some(conversation) = conversations.next().await? {
            if self.is_old(&conversation) {
                old.push(conversation);
            }
        }
        Ok(old.into_iter().partition(|one| self.has(one)))
    }

    /// A tag or a note makes a conversation no younger, so the reply counts where there is one.
    fn is_old(&self, conversation: &Conversation) -> bool {
        let reply = conversation.reply_last.as_ref();
        let moment = reply.and_then(|part| part.said_at());
        let moment = moment.or(conversation.last_update);
        moment.is_some_and(|moment| moment < self.before)
    }

    fn has(&self, conversation: &Conversation) -> bool {
        let is_closed = conversation.closed == Some(true);
        let waits = waits_for_operator(conversation);
        !is_closed && self.is_old(conversation) && (self.unanswered || !waits)
    }
}

/// Whether the customer wrote last. An automatic reply is nobody's.
fn waits_for_operator(conversation: &Conversation) -> bool {
    let reply = conversation.reply_last.as_ref();
    let kind = reply.and_then(|part| part.kind.as_ref());
    let kind = kind.or(conversation.reply_last_type.as_ref());
    matches!(
        kind,
        Some(PartType::ReplyUser | PartType::ChatBotUser | PartType::AutoReply)
    )
}

fn line(conversation: &Conversation) -> String {
    let name = conversation.user.as_ref().and_then(|user| user.name());
    let reply = conversation.reply_last.as_ref();
    format!(
        "{}, {}: {:?}",
        conversation.id,
        name.unwrap_or("no name"),
        reply.and_then(|part| part.text()).unwrap_or_default()
    )
}

struct Closing<'a> {
    client: &'a Client,
    wanted: Wanted,
    unfinished: Unfinished,
}

impl Closing<'_> {
    async fn close_all(&mut self, stale: &[Conversation]) -> Result<(), Failure> {
        if stale.is_empty() {
            return Ok(());
        }
        let mut progress = StatusLine::new(Some(stale.len() as u64));
        let (mut continued, mut failed) = (0, 0);
        for conversation in stale {
            match self.close(conversation.id).await? {
                Ok(true) => {}
                Ok(false) => {
                    continued += 1;
                    warn!("{}: left alone, it was continued", conversation.id);
                }
                Err(error) => {
                    failed += 1;
                    warn!("{}: {error}", conversation.id);
                }
            }
            progress.step("closed");
        }
        progress.finish();
        if failed > 0 {
            return Err(format!("{failed} failed; run it again for those").into());
        }
        match continued {
            0 => say!("All closed."),
            _ => say!("All others closed."),
        }
        Ok(())
    }

    /// Closes one and tags it; false where somebody continued it since it was listed. The outer failure is one of
    /// this program.
    async fn close(&mut self, id: ConversationId) -> Result<Result<bool, Error>, Failure> {
        match self.client.call(Get::new(id)).await {
            Ok(now) if !self.wanted.has(&now) => return Ok(Ok(false)),
            Ok(_) => {}
            Err(error) => return Ok(Err(error)),
        }
        self.unfinished.add(id)?;
        if let Err(error) = self.client.call(Close::new(id)).await {
            return Ok(Err(error));
        }
        self.tag(id).await
    }

    async fn tag(&mut self, id: ConversationId) -> Result<Result<bool, Error>, Failure> {
        match self.client.call(AddTag::new(id, TAG)).await {
            Ok(_) => {
                self.unfinished.remove(id)?;
                Ok(Ok(true))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Tags what an earlier run closed. What it did not close is open, and listed again.
    async fn tag_unfinished(&mut self) -> Result<(), Failure> {
        for id in self.unfinished.ids().to_vec() {
            let conversation = match self.client.call(Get::new(id)).await {
                Err(error) if error.is_not_found() => None,
                other => Some(other?),
            };
            match conversation {
                Some(closed) if closed.closed == Some(true) => {
                    self.tag(id).await??;
                    say!("{id}: closed by an earlier run, and tagged now");
                }
                _ => self.unfinished.remove(id)?,
            }
        }
        Ok(())
    }
}
