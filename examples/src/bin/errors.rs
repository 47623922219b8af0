//! A tour of what can go wrong and what to do, each provoked in the sandbox.
//!
//! ```sh
//! cargo run --bin errors
//! ```
//!
//! It always runs in a sandbox: nobody wants these from the real service. For each failure it prints what caused it,
//! the error as it is logged, and the decision of [`what_to_do`], the function that every program needs.
//!
#![doc = include_str!("../../transcripts/errors.md")]

use std::{process::ExitCode, time::Duration};

use carrot_examples::{
    changes::Watch,
    program::{self, Failure},
    say, shop,
};
use carrot_hyper::{
    AuthToken, Client, Endpoint, Error, Sent,
    client::CallOptions,
    conversations::{Get, Reply},
    transport::TransportErrorKind,
    types::{ConversationId, PropertyOperation, UserRef},
    users::SetProps,
};
use carrot_testing::{
    ApiError, Sandbox,
    sandbox::{Fault, InjectedFault},
};
use clap::Parser;

/// A tour of what can go wrong and what to do, each provoked in a sandbox.
#[derive(Debug, Parser)]
struct Arguments {}

/// The decision that every program makes about an error. A call that is idempotent, such as every read, can
/// simply be made again, whatever became of it.
fn what_to_do(error: &Error, is_idempotent: bool) -> String {
    if error.may_have_been_applied() && !is_idempotent {
        return "it may have been applied: reconcile before you send it again".to_owned();
    }
    if let Some(wait) = error.retry_after() {
        return format!("not applied: try again in {} s", wait.as_secs());
    }
    if error.is_not_found() {
        return "there is no such record: forget it".to_owned();
    }
    if error.is_auth() {
        return "the token or its rights are wrong: tell the operator of the program".to_owned();
    }
    if let Some(invalid) = error.invalid_value() {
        return format!(
            "the request is wrong, field {}: fix the program",
            invalid.field()
        );
    }
    match error.status() {
        Some(400..=499) => "the service rejects it, and will again: fix the request".to_owned(),
        _ => "not applied: try again later".to_owned(),
    }
}

fn main() -> ExitCode {
    let Arguments {} = Arguments::parse();
    program::run("errors", "It only plays: run it again.", run())
}

async fn run() -> Result<(), Failure> {
    say!("Everything here happens in a sandbox; nothing leaves this machine.");
    let sandbox = shop::shop().await?;
    let _changes = Watch::start(&sandbox);
    let conversation = sandbox.conversations().first().map(|first| first.id);
    let Some(conversation) = conversation else {
        return Err("the shop has no conversation".into());
    };
    let tour = Tour {
        client: sandbox.client(),
        sandbox,
        conversation,
    };
    tour.rejected_before_sending().await?;
    tour.wrong_token_and_rights().await?;
    tour.missing_record().await?;
    tour.rate_limit().await?;
    tour.outage().await?;
    tour.no_connection().await?;
    tour.lost_response().await?;
    tour.deadline().await?;
    tour.unreadable().await
}

struct Tour {
    client: Client,
    sandbox: Sandbox,
    conversation: ConversationId,
}

impl Tour {
    async fn show(&self, what: &str, operation: impl Endpoint) -> Result<(), Failure> {
        self.show_with(&self.client, what, operation).await
    }

    async fn show_with(
        &self,
        client: &Client,
        what: &str,
        operation: impl Endpoint,
    ) -> Result<(), Failure> {
        say!("\n{what}");
        let is_idempotent = operation.is_idempotent();
        match client.call(operation).await {
            Ok(_) => say!("  done, after retries that the program does not see"),
            Err(error) => {
                say!("  {error}");
                say!("  -> {}", what_to_do(&error, is_idempotent));
            }
        }
        Ok(())
    }

    fn provoke(&self, fault: Fault) -> InjectedFault {
        shop::provoke(&self.sandbox, fault)
    }

    fn reply(&self) -> Reply {
        Reply::new(self.conversation, "On its way")
    }

    async fn rejected_before_sending(&self) -> Result<(), Failure> {
        let phone = PropertyOperation::update_or_create("$phone", "+79000000041")?;
        let set = SetProps::new(UserRef::external("order-41")).with(phone);
        self.show("A phone number that the service would not store", set)
            .await
    }

    async fn wrong_token_and_rights(&self) -> Result<(), Failure> {
        let token = AuthToken::new("app.1.wrong")?;
        let clock = carrot_testing::VirtualClock::new();
        let other = Client::builder(self.sandbox.clone(), clock, token).build()?;
        self.show_with(
            &other,
            "A token of another app",
            Get::new(self.conversation),
        )
        .await?;
        self.provoke(Fault::error(ApiError::permission_denied()).on::<Get>());
        self.show("A token without the right", Get::new(self.conversation))
            .await
    }

    async fn missing_record(&self) -> Result<(), Failure> {
        self.show(
            "A conversation that does not exist",
            Get::new(ConversationId::new(5)),
        )
        .await
    }

    async fn rate_limit(&self) -> Result<(), Failure> {
        let soon = ApiError::rate_limited(Duration::from_secs(7));
        self.provoke(Fault::error(soon).on::<Get>());
        self.show(
            "429, once: the client waits and repeats",
            Get::new(self.conversation),
        )
        .await?;
        let in_an_hour = ApiError::rate_limited(Duration::from_secs(3600));
        self.provoke(Fault::error(in_an_hour).on::<Get>());
        self.show("429, for an hour", Get::new(self.conversation))
            .await
    }

    async fn outage(&self) -> Result<(), Failure> {
        let fault = Fault::error(ApiError::internal()).on::<Get>().times(2);
        self.provoke(fault);
        self.show(
            "500, twice, on a read: the client repeats",
            Get::new(self.conversation),
        )
        .await?;
        self.provoke(Fault::error(ApiError::internal()).on::<Reply>());
        self.show("500 on a reply, which is not repeated", self.reply())
            .await
    }

    async fn no_connection(&self) -> Result<(), Failure> {
        let fault = Fault::failure(TransportErrorKind::Connect, Sent::Never)
            .on::<Reply>()
            .always();
        let fault = self.provoke(fault);
        self.show("No connection to the service", self.reply())
            .await?;
        fault.remove();
        Ok(())
    }

    async fn lost_response(&self) -> Result<(), Failure> {
        self.provoke(Fault::lost_response().on::<Reply>());
        self.show(
            "A reply that is written, and its response is lost",
            self.reply(),
        )
        .await
    }

    async fn deadline(&self) -> Result<(), Failure> {
        let hurried = CallOptions::new().call_timeout(Duration::from_secs(1));
        let client = self.client.with_options(hurried);
        let fault = Fault::delay(Duration::from_secs(5)).on::<Get>().always();
        let fault = self.provoke(fault);
        self.show_with(
            &client,
            "A response after the deadline",
            Get::new(self.conversation),
        )
        .await?;
        fault.remove();
        Ok(())
    }

    async fn unreadable(&self) -> Result<(), Failure> {
        let page = http_page();
        self.provoke(Fault::response(page).on::<Get>());
        self.show(
            "A page of a proxy instead of a response",
            Get::new(self.conversation),
        )
        .await
    }
}

fn http_page() -> carrot_hyper::http::Response<carrot_hyper::bytes::Bytes> {
    let page = "<html><h1>Please log in to the guest network</h1></html>";
    carrot_hyper::http::Response::new(page.into())
}
