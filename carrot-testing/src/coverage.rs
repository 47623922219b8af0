use std::{
    collections::BTreeSet,
    fmt,
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use carrot_core::client::{CallReport, Observer};

use crate::{fail, fake::operations::OPERATIONS};

/// Which operations the tests of a program exercise. All clones are the same collection.
///
/// It is the observer of a client, so it works with every transport, a [`Fake`](crate::Fake), a
/// [`Sandbox`](crate::Sandbox) or another. There is nothing global: the tests hand one collection on.
/// An operation counts when a request of it was made, whatever came of it.
///
/// ```
/// use carrot_core::{types::UserId, users};
/// use carrot_testing::{Coverage, Fake};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let coverage = Coverage::new();
/// let fake = Fake::lenient();
/// let client = fake.client_builder().observer(coverage.clone()).build()?;
/// client.call(users::UnsubscribeEmail::new(UserId::new(7))).await?;
///
/// assert_eq!(coverage.exercised(), ["users.unsubscribe_email"]);
/// assert_eq!(coverage.not_exercised().len(), 23);
/// println!("{coverage}");
/// # Ok(())
/// # }
/// ```
///
/// A client has one observer. Where the program brings its own, let that one call
/// [`Coverage::call`](Observer::call) too, or [`add`](Self::add).
#[derive(Clone, Debug, Default)]
pub struct Coverage(Arc<Mutex<Names>>);

#[derive(Debug, Default)]
struct Names {
    exercised: BTreeSet<String>,
    /// Where new ones are appended, a line each.
    file: Option<File>,
}

impl Coverage {
    /// Creates an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a collection that is kept in a file, a line for each operation: what stands there already
    /// counts, and what is new is appended. Several processes may share a file, such as the test
    /// programs of a package. Remove it to start anew.
    ///
    /// # Errors
    ///
    /// The file cannot be opened or read, or is not UTF-8.
    pub fn in_file(path: impl AsRef<Path>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(path)?;
        let mut lines = String::new();
        file.read_to_string(&mut lines)?;
        Ok(Self(Arc::new(Mutex::new(Names {
            exercised: lines.lines().map(str::to_owned).collect(),
            file: Some(file),
        }))))
    }

    /// Returns the name of every operation of `carrot-core`, in order.
    #[must_use]
    pub fn operations() -> Vec<&'static str> {
        OPERATIONS.iter().map(|operation| operation.name).collect()
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an operation that no client called.
    ///
    /// # Panics
    ///
    /// The file of the collection cannot be written.
    pub fn add(&self, operation: &str) {
        let mut names = self.names();
        if !names.exercised.insert(operation.to_owned()) {
            return;
        }
        // In one piece, so that the lines of several processes do not mix.
        let line = format!("{operation}\n");
        let written = names
            .file
            .as_mut()
            .map(|file| file.write_all(line.as_bytes()));
        drop(names);
        if let Some(Err(error)) = written {
            fail(&format!(
                "the file of the coverage cannot be written: {error}"
            ));
        }
    }

    /// Returns the names of the operations that were called, in order; those of your own too.
    #[must_use]
    pub fn exercised(&self) -> Vec<String> {
        self.names().exercised.iter().cloned().collect()
    }

    /// Returns the names of the operations of `carrot-core` that were not called, in order.
    #[must_use]
    pub fn not_exercised(&self) -> Vec<&'static str> {
        let names = self.names();
        let mut all = Self::operations();
        all.retain(|name| !names.exercised.contains(*name));
        all
    }
}

impl Observer for Coverage {
    fn call(&self, report: &CallReport) {
        if report.attempts > 0 {
            self.add(report.operation);
        }
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
