//! What the sandbox takes for the truth about the service, checked against the service, statement by statement.
//!
//! The [table of the sandbox](https://github.com/carrot-rs/carrot/blob/main/carrot-testing/docs/sandbox.md) holds the statements,
//! `script.txt` how each is checked. A check makes requests and says what has to come back. It writes to nothing
//! but users that it makes itself, which the `guard` enforces for every request.

mod expectation;
mod guard;
mod report;
mod runner;
mod script;
mod table;

pub use self::{
    expectation::Expectation,
    report::Report,
    runner::{Runner, Service, Verdict},
    script::{Check, Plan, Request, Step, read as read_script},
    table::{Kind, Statement, read as read_table},
};

/// How each statement is checked.
pub const SCRIPT: &str = include_str!("script.txt");

/// The table of the sandbox.
pub const TABLE: &str = include_str!("../../../carrot-testing/docs/sandbox.md");
