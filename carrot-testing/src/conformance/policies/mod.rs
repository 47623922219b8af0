//! Small suites for what else a client can be given.

mod clock;
mod rate_limiter;

use std::pin::Pin;

pub use self::{clock::assert_clock, rate_limiter::assert_rate_limiter};
use super::{failure::Failure, stack::Work};

/// Runs a future with what the caller runs futures with.
fn run<T: Send>(
    run: &dyn Fn(Work<'_>),
    work: impl Future<Output = T> + Send,
) -> Result<T, Failure> {
    let mut done = None;
    run(Box::pin(async { done = Some(work.await) }).as_mut());
    done.ok_or_else(|| Failure::new("`run` returned before its work was done"))
}

type Waiting<'w, T> = Pin<Box<dyn Future<Output = T> + Send + 'w>>;

/// Waits for all of them at once, and returns their values in the order in which they came.
async fn all<T>(mut waiting: Vec<Waiting<'_, T>>) -> Vec<T> {
    let mut done = Vec::new();
    std::future::poll_fn(move |context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(value) => {
                done.push(value);
                false
            }
            std::task::Poll::Pending => true,
        });
        match waiting.is_empty() {
            true => std::task::Poll::Ready(std::mem::take(&mut done)),
            false => std::task::Poll::Pending,
        }
    })
    .await
}
