//! A webhook receiver that replies to each message of a customer exactly once.
//!
//! ```sh
//! cargo run --bin reply-bot
//! ```
//!
//! Without an account it receives the webhooks of a sandbox, each twice, loses the response to a reply, and shows that every
//! message has one reply. With `CARROT_TOKEN`, `CARROT_WEBHOOK_TOKEN` and `--write` it serves until Ctrl-C.
//!
#![doc = include_str!("../README.md")]

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use carrot_examples::{
    named_file::NamedFile,
    program::{self, Failure},
    say,
    service::{Service, ServiceArgs},
    shop,
};
use carrot_hyper::conversations::Reply;
use carrot_testing::{Sandbox, sandbox::Fault};
use clap::Parser;
use reply_bot::{Bot, Inbox};
use tokio::net::TcpListener;

/// Replies to each message of a customer exactly once, however often its webhook comes.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    service: ServiceArgs,
    /// Where to listen for webhooks.
    #[arg(long, default_value = "127.0.0.1:8788")]
    addr: SocketAddr,
    /// The messages that came, and which of them have a reply.
    #[arg(long, default_value = "inbox.log")]
    inbox: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let next = "Start it again: it replies to what is in the inbox.";
    program::run("reply-bot", next, run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    program::work_without_reader();
    let shop = shop::shop().await?;
    let service = Service::connect(arguments.service, shop.clone()).await?;
    if service.sandbox().is_some() {
        return story(&service, &shop).await;
    }
    if !service.may_write() {
        return Err("a bot only writes: add --write".into());
    }
    let token = std::env::var("CARROT_WEBHOOK_TOKEN").unwrap_or_default();
    if token.trim().is_empty() {
        let advice = "the panel shows it under Integrations, Webhooks";
        return Err(format!("CARROT_WEBHOOK_TOKEN is not set: {advice}").into());
    }
    let file = NamedFile::of_option("--inbox", arguments.inbox);
    let inbox = Inbox::open(file.path()).map_err(|error| file.failure(error))?;
    inbox.belongs_to(&service.origin().await?, file.name())?;
    let settle = Duration::from_secs(30);
    let bot = Arc::new(Bot::new(service.client.clone(), inbox, token, settle));
    for message in bot.unclear() {
        let conversation = message.conversation;
        say!(
            "May have a reply, look into the conversation {conversation}: {}",
            message.text
        );
    }
    let address = arguments.addr;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("--addr {address}: {error}"))?;
    say!("Listening on http://{}/webhook", listener.local_addr()?);
    let router = bot.router();
    let serve = async { Ok::<_, Failure>(axum::serve(listener, router).await?) };
    let work = async { bot.work().await.map_err(|error| file.failure(error)) };
    tokio::try_join!(serve, work).map(drop)
}

/// What happens in the sandbox while the bot runs.
async fn story(service: &Service, shop: &Sandbox) -> Result<(), Failure> {
    let inbox = std::env::temp_dir().join(format!("carrot-reply-bot-{}.log", std::process::id()));
    let settle = Duration::from_millis(300);
    let bot = Bot::new(
        service.client.clone(),
        Inbox::open(&inbox)?,
        shop.webhook_token(),
        settle,
    );
    let bot = Arc::new(bot);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/webhook", listener.local_addr()?);
    let router = bot.router();
    tokio::spawn(async move { axum::serve(listener, router).await });

    shop::provoke(shop, Fault::lost_response().on::<Reply>());
    say!("The response to the first reply will be lost, and each webhook comes twice.");
    for webhook in shop.webhooks() {
        for _ in 0..2 {
            reply_bot_post(&url, webhook.body()).await?;
        }
    }
    bot.work_off().await?;
    let _ = std::fs::remove_file(&inbox);
    for conversation in shop.conversations().iter().rev() {
        let parts = shop.parts(conversation.id);
        let texts: Vec<_> = parts
            .iter()
            .filter_map(|part| part.text())
            .filter(|text| !text.is_empty())
            .collect();
        say!("{}", texts.join(" | "));
    }
    Ok(())
}

/// Posts a webhook as the service does, over a socket.
async fn reply_bot_post(url: &str, body: &str) -> Result<(), Failure> {
    use carrot_hyper::{Body, HttpTransport, HyperTransport, http};
    let request = http::Request::post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))?;
    let response = HyperTransport::builder().build()?.send(request).await?;
    match response.status().as_u16() {
        200 => Ok(()),
        status => Err(format!("the bot responded with {status}").into()),
    }
}
