use std::fmt::Display;

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
    pub(crate) fn step(&mut self, what: impl Display) {
        self.steps += 1;
        println!("{:>2}. {what}", self.steps);
    }

    /// What came back.
    pub(crate) fn got(&self, what: impl Display) {
        println!("    -> {what}");
    }

    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }
}
