//! One customer's story, told through the API.
//!
//! Without an account it runs against the sandbox, over real HTTP on a port of this machine:
//!
//! ```sh
//! cargo run --bin quickstart
//! ```
//!
//! With `CARROT_TOKEN` set it talks to the service and only reads. To play the story there too, name
//! the user to act on, by an id of your own or by one of the service:
//!
//! ```sh
//! CARROT_TOKEN=… cargo run --bin quickstart -- --write order-42
//! CARROT_TOKEN=… cargo run --bin quickstart -- --write id:22735768
//! ```

mod overview;
mod report;
mod story;

use std::{env, process::ExitCode};

use carrot_examples::{
    program::{self, Failure},
    say, service,
};
use carrot_hyper::types::{UserId, UserRef};
use carrot_hyper::{LocalRateLimiter, TokioClock, rate_limit::Start};
use carrot_testing::Sandbox;
use clap::Parser;

use crate::{report::Report, story::Customer};

/// One customer's story: in the sandbox, or, with `CARROT_TOKEN` set, in the real service.
#[derive(Debug, Parser)]
struct Arguments {
    /// Plays the story in the real service, on this user: an id of your own, or `id:` and that of
    /// the service. It tracks an event, sets the property `carrot_quickstart`, starts a conversation
    /// in the user's name, replies, notes, tags, assigns and closes it. Without it nothing is written.
    #[arg(long, value_name = "USER")]
    write: Option<String>,
}

fn main() -> ExitCode {
    let next = "Look into the app before you run it again: a story that was started is not undone.";
    program::run("quickstart", next, run(Arguments::parse()))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let report = Report::new();
    if env::var_os("CARROT_TOKEN").is_none() {
        if arguments.write.is_some() {
            return Err(
                "--write needs CARROT_TOKEN; without it the sandbox has its own user".into(),
            );
        }
        return in_the_sandbox(report).await;
    }

    let client = carrot_hyper::from_env()?;
    match arguments.write {
        None => overview::print(&client, report).await?,
        Some(user) => {
            program::work_without_reader();
            say!(
                "Playing the story in the real service at {}, on the user {user}: it tracks an event,",
                service::host()
            );
            say!(
                "sets the property {}, and starts a conversation that operators",
                story::MARK
            );
            say!("see, with a reply that the user gets.\n");
            story::play(&client, Customer::real(user_ref(&user)?)?, report).await?;
        }
    }
    Ok(())
}

async fn in_the_sandbox(report: Report) -> Result<(), Failure> {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await?;
    say!("No CARROT_TOKEN is set, so this is the sandbox: the service in memory, on");
    say!("{}. Nothing leaves this machine.\n", server.url());

    let client = carrot_hyper::builder(sandbox.token())?
        .base_url(server.base_url())
        // Nobody else has used this key in the last minute: no need for a careful start.
        .rate_limiter(LocalRateLimiter::new(TokioClock::new()).start(Start::Full))
        .build()?;
    story::play(&client, Customer::made_up()?, report).await?;
    say!("The sandbox received {} requests.", sandbox.requests());
    say!("\nNext: set CARROT_TOKEN to look at your own app; nothing is written without --write.");
    Ok(())
}

fn user_ref(text: &str) -> Result<UserRef, Failure> {
    match text.strip_prefix("id:") {
        Some(id) => Ok(UserRef::from(id.parse::<UserId>()?)),
        None => Ok(UserRef::external(text)),
    }
}
