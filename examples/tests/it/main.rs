//! The integration tests, one program for all examples.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cassette;
mod charts;
#[cfg(unix)]
mod close_stale;
#[cfg(unix)]
mod every_program;
mod front_door;
mod guide;
#[cfg(unix)]
mod programs;
mod quickstart;
mod security;
mod support;
mod test_kit;
#[cfg(unix)]
mod transcripts;
mod verify_live;
