//! The service in memory: stateful, deterministic, and without an account.
//!
//! A [`Sandbox`] responds as the service does, in both API versions, with the bytes that the service
//! sends. It is an [`HttpTransport`](carrot_core::HttpTransport), so a client can use it directly, for example the one of
//! [`Sandbox::client`]. With the feature `server`, `Sandbox::serve` puts it on a port of this machine for programs in
//! any language. Both ways go through [`Sandbox::handle`].
//!
//! Nothing is random and nothing is shared: two sandboxes that get the same requests give the same
//! responses, ids and timestamps included, and tests run side by side. The sandbox has its own time, which starts at
//! 2023-11-14T22:13:20 UTC and moves by a second with each request; see [`SandboxBuilder::time_step`],
//! [`SandboxBuilder::clock`] and [`Sandbox::advance`].
//!
//! | to | use |
//! |---|---|
//! | start with users and conversations | [`SandboxBuilder::user`], [`SandboxBuilder::seed`], [`SandboxBuilder::seed_json`] |
//! | look at what happened | [`Sandbox::users`], [`Sandbox::conversations`], [`Sandbox::parts`], [`Sandbox::events`], [`Sandbox::messages`], [`Sandbox::imports`] |
//! | do what operators do in the panel | [`Sandbox::snooze`], [`Sandbox::move_to_channel`], [`Sandbox::set_assistant`] |
//! | make a request fail | [`Sandbox::inject`] with a [`Fault`], [`SandboxBuilder::rate_limit`] |
//! | follow what happens as it happens | the realtime service: `Client::listen` of any client, [`Sandbox::realtime`] |
//! | get webhooks | [`Sandbox::take_webhooks`], `Sandbox::deliver_webhooks_to`, [`WebhookDelivery::to_request`] |
//! | continue in another run | [`Sandbox::snapshot`], [`Sandbox::restore`] |
//!
//! ```
//! use bytes::Bytes;
//! use carrot_testing::Sandbox;
//!
//! let sandbox = Sandbox::new();
//! let request = http::Request::post("/v2/users/order-42/startconversation")
//!     .header("authorization", format!("Token {}", sandbox.token()))
//!     .body(Bytes::from("by_user_id=true&body=Where+is+it%3F"))?;
//! let response = sandbox.handle(&request);
//! assert_eq!(
//!     response.body(),
//!     r#"{"data":{"id":2155668332815057077},"meta":{"status":200}}"#,
//! );
//! let user = sandbox.user_id("order-42").ok_or("the request created the user")?;
//! let conversation = &sandbox.conversations()[0];
//! assert_eq!(conversation.user.as_ref().map(|user| user.id), Some(user));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
#![doc = include_str!("../../docs/sandbox.md")]

mod builder;
mod connector;
mod fault;
mod inject;
mod inspect;
mod panel;
mod realtime;
mod routes;
mod rules;
mod seed;
mod served;
#[cfg(feature = "server")]
mod server;
mod service;
mod settings;
mod snapshot;
mod store;
mod view;
mod webhooks;

#[cfg(feature = "server")]
pub use self::server::SandboxServer;
pub use self::{
    builder::SandboxBuilder,
    connector::SandboxSocket,
    fault::{Fault, FaultState, FaultTextError},
    inject::InjectedFault,
    inspect::Typing,
    realtime::{Realtime, RealtimeFault},
    seed::{Seed, SeedConversation, SeedError, SeedEvent, SeedPart, SeedUser},
    served::ServedRequest,
    service::Sandbox,
    snapshot::Snapshot,
    webhooks::{DeliveryState, WebhookDelivery},
};
