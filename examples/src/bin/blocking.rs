//! Calls from a program that is not async.
//!
//! ```sh
//! cargo run --bin blocking
//! ```
//!
//! One runtime for the whole program, made once: a client's connections belong to the runtime on which they were
//! opened. `block_on` waits for one call; several at a time are one future.

use std::process::ExitCode;

use carrot_examples::shop;
use carrot_hyper::{Client, Error, conversations::Parts, types::UserRef, users};
use clap::Parser;
use tokio::runtime::{Builder, Runtime};

/// Reads a user and a conversation without async code of its own. Only reads.
#[derive(Debug, Parser)]
struct Arguments {
    /// The id of the user in your system.
    #[arg(long, default_value = "order-46")]
    user: String,
}

/// A client whose calls wait.
struct BlockingClient {
    client: Client,
    runtime: Runtime,
}

impl BlockingClient {
    fn new(client: Client, runtime: Runtime) -> Self {
        Self { client, runtime }
    }

    fn call<E: carrot_hyper::Endpoint>(&self, endpoint: E) -> Result<E::Output, Error> {
        self.runtime.block_on(self.client.call(endpoint))
    }

    fn all<E: carrot_hyper::Paginate>(&self, endpoint: E) -> Result<Vec<E::Item>, Error> {
        self.runtime.block_on(async {
            let mut items = self.client.items(endpoint);
            let mut all = Vec::new();
            while let Some(item) = items.next().await? {
                all.push(item);
            }
            Ok(all)
        })
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("blocking: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    // One worker that drives connections while the program does something else.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let client = match std::env::var_os("CARROT_TOKEN") {
        Some(_) => carrot_hyper::from_env()?,
        None => {
            println!(
                "No CARROT_TOKEN is set, so this is a sandbox with a made-up shop: nothing leaves this machine."
            );
            let shop = runtime
                .block_on(shop::shop())
                .map_err(|_| "the shop cannot be built")?;
            shop.client()
        }
    };
    let client = BlockingClient::new(client, runtime);

    let user = client.call(users::Get::new(UserRef::external(&arguments.user)))?;
    println!(
        "{} is {}",
        arguments.user,
        user.name().unwrap_or("without a name")
    );
    for conversation in client.all(users::Conversations::new(user.id))? {
        println!("conversation {}", conversation.id);
        for part in client.all(Parts::new(conversation.id))?.iter().rev() {
            println!("  {}", part.text().unwrap_or_default());
        }
    }
    Ok(())
}
