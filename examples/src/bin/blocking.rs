//! Calls from a program that is not async.
//!
//! ```sh
//! cargo run --bin blocking
//! ```
//!
//! One runtime for the whole program, made once: a client's connections belong to the runtime on which they were
//! opened. `block_on` waits for one call; several at a time are one future.
//!
#![doc = include_str!("../../transcripts/blocking.md")]

use std::process::ExitCode;

use carrot_examples::{
    program::{self, Failure},
    say,
    service::Service,
    shop,
};
use carrot_hyper::{Client, conversations::Parts, types::UserRef, users};
use clap::Parser;
use tokio::runtime::{Builder, Runtime};

/// Reads a user and a conversation without async code of its own. Only reads.
#[derive(Debug, Parser)]
struct Arguments {
    /// The id of the user in your system; with CARROT_TOKEN there is no default.
    #[arg(long)]
    user: Option<String>,
}

/// A client whose calls wait.
struct BlockingClient {
    client: Client,
    runtime: Runtime,
}

impl BlockingClient {
    fn call<E: carrot_hyper::Endpoint>(&self, endpoint: E) -> Result<E::Output, Failure> {
        self.wait(async { Ok(self.client.call(endpoint).await?) })
    }

    fn all<E: carrot_hyper::Paginate>(&self, endpoint: E) -> Result<Vec<E::Item>, Failure> {
        self.wait(async {
            let mut items = self.client.items(endpoint);
            let mut all = Vec::new();
            while let Some(item) = items.next().await? {
                all.push(item);
            }
            Ok(all)
        })
    }

    /// Waits for a future, or for Ctrl-C.
    fn wait<T>(&self, future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let next = "It only reads: run it again.";
        self.runtime
            .block_on(program::until_stopped(Box::pin(future), next))
    }
}

fn main() -> ExitCode {
    program::end("blocking", run(Arguments::parse()))
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    // One worker that drives connections while the program does something else.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let service =
        runtime.block_on(async { Service::connect_to_read(shop::shop().await?).await })?;
    let external = service.user(arguments.user, "order-46")?;
    let client = BlockingClient {
        client: service.client.clone(),
        runtime,
    };

    let user = client.call(users::Get::new(UserRef::external(&external)))?;
    say!("{external} is {}", user.name().unwrap_or("without a name"));
    for conversation in client.all(users::Conversations::new(user.id))? {
        say!("conversation {}", conversation.id);
        let parts = client.all(Parts::new(conversation.id))?;
        for text in parts.iter().rev().filter_map(|part| part.text()) {
            say!("  {text}");
        }
    }
    Ok(())
}
