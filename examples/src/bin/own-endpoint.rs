//! An operation that the crates do not know, and a field of a response that they do not know.
//!
//! ```sh
//! cargo run --bin own-endpoint
//! ```
//!
//! `Endpoint` is all that an operation is; deadlines, retries, the rate limit and the observer come with the client.
//!
#![doc = include_str!("../../transcripts/own-endpoint.md")]

use std::process::ExitCode;

use carrot_examples::{
    program::{self, Failure},
    say,
    service::Service,
    shop,
};
use carrot_hyper::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{Path, RequestParts, ResponseError, response},
    types::{InvalidValue, UserRef},
    users,
};
use clap::Parser;
use serde::Deserialize;

/// Reads the channels of the app with an operation of its own, and a field that the crates do not know.
/// Only reads.
#[derive(Debug, Parser)]
struct Arguments {
    /// The id of a user in your system; with CARROT_TOKEN there is no default.
    #[arg(long)]
    user: Option<String>,
}

/// `GET /apps/{id}/channels`, as if the crates did not have it.
#[derive(Debug)]
struct ChannelNames;

#[derive(Debug, Deserialize)]
struct ChannelName {
    name: String,
}

impl Endpoint for ChannelNames {
    type Output = Vec<ChannelName>;
    const NAME: &'static str = "apps.channel_names";
    /// It reads, so it may be sent again.
    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let path = Path::new().then("apps").app(context.app)?.then("channels");
        Ok(RequestParts::get(path))
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::data(body)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run(
        "own-endpoint",
        "It only reads: run it again.",
        run(arguments),
    )
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let service = Service::connect_to_read(shop::shop().await?).await?;
    let user = service.user(arguments.user, "order-41")?;
    for channel in service.client.call(ChannelNames).await? {
        say!("channel {}", channel.name);
    }

    // `execute` returns the raw body beside the value.
    let get = users::Get::new(UserRef::external(user));
    let response = service.client.execute(get).await?;
    let raw: serde_json::Value = serde_json::from_slice(&response.body)?;
    say!("status {}, user {}", response.status, response.value.id);
    let fields: Vec<_> = raw["data"]
        .as_object()
        .into_iter()
        .flat_map(|data| data.keys())
        .collect();
    say!("fields of the response: {fields:?}");
    Ok(())
}
