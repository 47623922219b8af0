//! The three usual mistakes. The kill test has to fail with each of them.

use clap::ValueEnum;

/// How a worker loses or doubles messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum Mistake {
    /// Sends, then marks the row: the textbook outbox. A crash between the two sends it again.
    SendThenMark,
    /// Marks the row, then sends: a crash between the two loses it.
    MarkThenSend,
    /// Looks in the service at once after a crash, while it may still be at work.
    ReconcileAtOnce,
}
