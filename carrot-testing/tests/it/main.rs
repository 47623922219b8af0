//! The integration tests, one program for the whole crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod auto_traits;
mod clock;
mod common;
mod failures;
mod fake;
mod fake_property;
mod recording;
mod sandbox_any_bytes;
mod sandbox_client;
mod sandbox_conversations;
mod sandbox_faults;
mod sandbox_inspect;
mod sandbox_leads;
mod sandbox_pages;
mod sandbox_requests;
mod sandbox_seed;
mod sandbox_snapshot;
mod sandbox_users;
mod sandbox_webhooks;
#[cfg(feature = "server")]
mod server;
mod simulation;
mod single;
#[cfg(feature = "server")]
mod webhook_delivery;
