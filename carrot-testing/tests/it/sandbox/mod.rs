//! The service in memory.

mod any_bytes;
mod auto_traits;
#[cfg(feature = "server")]
mod browser;
mod client;
mod common;
mod conversations;
mod faults;
mod foreign;
mod imports;
mod inspect;
mod leads;
#[cfg(feature = "server")]
mod page;
mod pages;
#[cfg(all(unix, feature = "server"))]
mod program;
mod realtime;
mod rejections;
mod requests;
mod seed;
#[cfg(feature = "server")]
mod server;
mod snapshot;
mod users;
#[cfg(feature = "server")]
mod webhook_delivery;
mod webhooks;
