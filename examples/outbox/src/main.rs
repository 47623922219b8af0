//! Replies and events from a transactional outbox in SQLite: killed at any moment, nothing lost, nothing twice.
//!
//! ```sh
//! cargo run --bin outbox
//! ```
//!
//! Without an account it shows a reply whose response is lost: the outbox waits until the service must be done, looks for
//! the reply, finds it, and does not send it again. With `CARROT_TOKEN` and `--write` it sends what is in `--file`.
//!
#![doc = include_str!("../README.md")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use carrot_examples::{
    named_file::NamedFile,
    program::{self, Failure},
    say,
    service::{Service, ServiceArgs},
    shop,
    status_line::counted,
};
use carrot_hyper::{NoRateLimit, conversations::Reply, types::ConversationId};
use carrot_testing::{Sandbox, sandbox::Fault};
use clap::Parser;
use outbox::{Job, Mistake, State, Store, Worker};

const IN_MEMORY: &str = ":memory:";

/// Sends replies and events from an outbox in SQLite, each once, whenever it is killed.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArgs,
    /// The database; in memory by default.
    #[arg(long, default_value = IN_MEMORY)]
    file: PathBuf,
    /// After this time the service is done with a request whose response did not come.
    #[arg(long, default_value_t = 30_000, value_name = "MILLISECONDS")]
    settle: u64,
    /// For the tests: no rate limit, since their service is a sandbox.
    #[arg(long, hide = true)]
    no_rate_limit: bool,
    /// For the tests: works with a mistake.
    #[arg(long, hide = true)]
    mistake: Option<Mistake>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let next = "Run it again: it continues, and looks for what was on its way first.";
    program::run("outbox", next, run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    program::work_without_reader();
    let shop = shop::shop().await?;
    let service = Service::connect(arguments.service, shop.clone()).await?;
    // A real outbox must not be filled with the story, nor sent to a sandbox.
    if service.sandbox().is_some() && arguments.file.as_os_str() != IN_MEMORY {
        return Err("--file needs CARROT_TOKEN: without it this is a story in memory".into());
    }
    if arguments.service.write && arguments.file.as_os_str() == IN_MEMORY {
        return Err("--write needs --file: an outbox in memory is empty".into());
    }
    let file = NamedFile::of_option("--file", arguments.file);
    let store = Store::open(file.path()).map_err(|error| file.failure(error))?;
    let mut settle = Duration::from_millis(arguments.settle);
    let conversation = shop.conversations().first().map(|first| first.id);
    if service.sandbox().is_some() {
        fill(&store, &shop, conversation)?;
        // The sandbox is done at once.
        settle = Duration::from_millis(500);
    }
    if arguments.service.write {
        store.belongs_to(&service.origin().await?, file.name())?;
    }
    let open = store.count(State::Queued)?;
    say!("Queued: {}.", counted(open, "row"));
    if !service.may_write() {
        say!("Nothing was sent: add --write to do it.");
        return Ok(());
    }
    let client = match arguments.no_rate_limit {
        true => {
            let builder = carrot_hyper::builder_from_env()?;
            builder.rate_limiter(NoRateLimit::new()).build()?
        }
        false => service.client.clone(),
    };
    let mut worker = Worker::new(store, client, settle).with_mistake(arguments.mistake);
    worker.run().await?;
    report(worker.store())?;
    if service.sandbox().is_some() {
        show(&shop, conversation)?;
    }
    Ok(())
}

/// A reply whose response will be lost, one after it in the same conversation, an event, and a property.
fn fill(
    store: &Store,
    shop: &Sandbox,
    conversation: Option<ConversationId>,
) -> Result<(), Failure> {
    let conversation = conversation.map_or(0, ConversationId::get);
    for (mark, text) in [(1001, "On its way."), (1002, "It comes tomorrow by noon.")] {
        let text = text.to_owned();
        store.add(&Job::Reply {
            conversation,
            text,
            mark,
        })?;
    }
    let user = "order-48".to_owned();
    store.add(&Job::Event {
        user: user.clone(),
        name: "Parcel sent".to_owned(),
        mark: 1003,
    })?;
    let (name, value) = ("parcel".to_owned(), "sent".to_owned());
    store.add(&Job::Property { user, name, value })?;
    shop::provoke(shop, Fault::lost_response().on::<Reply>());
    say!("The response to the first reply will be lost.");
    Ok(())
}

fn report(store: &Store) -> Result<(), Failure> {
    say!(
        "{} done, {} rejected by the service, {} for a person to check.",
        store.count(State::Done)?,
        store.count(State::Failed)?,
        store.count(State::Review)?
    );
    for (what, state) in [("rejected", State::Failed), ("to check", State::Review)] {
        for row in store.rows(state)? {
            let error = row
                .error
                .unwrap_or_else(|| "the service does not tell".to_owned());
            say!("{what}: row {}, {:?}: {error}", row.id, row.job);
        }
    }
    Ok(())
}

fn show(shop: &Sandbox, conversation: Option<ConversationId>) -> Result<(), Failure> {
    let Some(conversation) = conversation else {
        return Ok(());
    };
    say!("The conversation, in which nothing stands twice:");
    for text in shop
        .parts(conversation)
        .iter()
        .filter_map(|part| part.text())
    {
        say!("  {text}");
    }
    Ok(())
}
