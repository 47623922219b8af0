use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::fake::operations::OPERATIONS;

/// Which operations the tests of a program exercise. All clones are the same collection.
///
/// It is handed to each fake, with [`Fake::cover`](crate::Fake::cover); there is nothing global.
///
/// ```
/// use carrot_testing::{Coverage, Fake};
///
/// let coverage = Coverage::new();
/// let fake = Fake::new();
/// fake.cover(&coverage);
/// // … the test …
/// assert_eq!(coverage.not_exercised().len(), 24);
/// println!("{coverage}");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Coverage(Arc<Mutex<BTreeSet<String>>>);

impl Coverage {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of every operation of `carrot-core`, in order.
    #[must_use]
    pub fn operations() -> Vec<&'static str> {
        OPERATIONS.iter().map(|operation| operation.name).collect()
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an operation, for a transport of your own.
    pub fn add(&self, operation: &str) {
        let mut names = self.names();
        if !names.contains(operation) {
            names.insert(operation.to_owned());
        }
    }

    /// The names of the operations that were called, in order; those of your own too.
    #[must_use]
    pub fn exercised(&self) -> Vec<String> {
        self.names().iter().cloned().collect()
    }

    /// The names of the operations of `carrot-core` that were not called, in order.
    #[must_use]
    pub fn not_exercised(&self) -> Vec<&'static str> {
        let names = self.names();
        let mut all = Self::operations();
        all.retain(|name| !names.contains(*name));
        all
    }
}

/// A list for people: first what was called, then what was not.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (exercised, missing) = (self.exercised(), self.not_exercised());
        let all = OPERATIONS.len();
        writeln!(f, "{} of {all} operations exercised", all - missing.len())?;
        for name in exercised {
            writeln!(f, "  ✓ {name}")?;
        }
        for name in missing {
            writeln!(f, "  ✗ {name}")?;
        }
        Ok(())
    }
}
