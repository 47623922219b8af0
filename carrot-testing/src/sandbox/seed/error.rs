use std::{borrow::Cow, fmt};

use carrot_core::types::JsonError;

/// The error of an invalid [`Seed`](crate::sandbox::Seed). It never holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedError {
    path: String,
    problem: Cow<'static, str>,
}

impl SeedError {
    pub(super) fn new(path: String, problem: &'static str) -> Self {
        Self {
            path,
            problem: problem.into(),
        }
    }

    /// Returns the place, such as `users[0].props`; `.` for the whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the problem there.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in the seed, `{}`: {}", self.path, self.problem)
    }
}

impl std::error::Error for SeedError {}

impl From<JsonError> for SeedError {
    fn from(error: JsonError) -> Self {
        Self {
            path: error.path().to_owned(),
            problem: error.problem().to_owned().into(),
        }
    }
}
