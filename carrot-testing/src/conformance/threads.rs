use std::thread::{self, ScopedJoinHandle};

use super::failure::{Check, Failure};

/// Checks on `many` threads at once, each with its number, and returns the first failure.
pub(crate) fn on_threads(many: usize, check: impl Fn(usize) -> Check + Sync) -> Check {
    let check = &check;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..many)
            .map(|number| scope.spawn(move || check(number)))
            .collect();
        join_all(threads)
    })
}

/// Waits for all threads, and returns the first failure.
pub(crate) fn join_all<'scope>(
    threads: impl IntoIterator<Item = ScopedJoinHandle<'scope, Check>>,
) -> Check {
    let checks: Vec<Check> = threads.into_iter().map(join).collect();
    checks.into_iter().collect()
}

/// Waits for a thread. That it panicked is a failure of the rule.
pub(crate) fn join<T>(thread: ScopedJoinHandle<'_, Result<T, Failure>>) -> Result<T, Failure> {
    let joined = thread.join();
    joined.unwrap_or_else(|_| Err(Failure::new("a thread panicked")))
}
