//! The integration tests of the crate, in one binary. No test changes global state.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod auto_traits;
mod call_all;
mod call_options;
mod cancellation;
mod deadline;
mod error_sources;
mod escaping;
mod execute;
mod hardening;
mod import_csv;
mod input;
mod killed;
mod limits;
mod moving_list;
mod multipart;
mod observe;
mod odd_receipts;
mod operations;
mod overload;
mod pages;
mod parts_of_a_request;
mod rate_limit;
mod rate_limit_queue;
mod realtime;
mod reconcile;
mod requests;
mod responses;
mod retry;
mod retry_table;
mod schedules;
mod secrets;
mod shared_key;
mod shared_limit;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(feature = "stream")]
mod stream;
mod support;
mod throttling;
mod useful_time;
mod wrapper;
