use std::fmt::Display;

use carrot_examples::{program::Failure, say};

/// Prints what happens, a numbered step at a time.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: u32,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Starts a step and prints what it does.
    pub(crate) fn step(&mut self, what: impl Display) -> Result<(), Failure> {
        self.steps += 1;
        say!("{:>2}. {what}", self.steps);
        Ok(())
    }

    /// What came back.
    pub(crate) fn got(&self, what: impl Display) -> Result<(), Failure> {
        say!("    -> {what}");
        Ok(())
    }

    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }
}
