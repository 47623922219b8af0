//! Where the kill test ends the process, as a crash would: `OUTBOX_ABORT=after_claim`.

use std::{env, future::Future, process, time::Duration};

/// A place in the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Point {
    /// The row is claimed, and nothing is sent.
    AfterClaim,
    /// The request is on its way.
    InSend,
    /// The response is there.
    AfterResponse,
    /// The next state is known, and not stored.
    BeforeMark,
    /// The service is asked whether the job was done.
    InReconcile,
    /// The result of that is stored.
    AfterRequeue,
}

impl Point {
    /// All places.
    pub const ALL: &[(Self, &str)] = &[
        (Self::AfterClaim, "after_claim"),
        (Self::InSend, "in_send"),
        (Self::AfterResponse, "after_response"),
        (Self::BeforeMark, "before_mark"),
        (Self::InReconcile, "in_reconcile"),
        (Self::AfterRequeue, "after_requeue"),
    ];

    fn is_chosen(self) -> bool {
        let chosen = env::var("OUTBOX_ABORT").unwrap_or_default();
        Self::ALL
            .iter()
            .any(|(point, name)| *point == self && *name == chosen)
    }
}

/// Ends the process here, where it is the chosen place.
pub fn at(point: Point) {
    if point.is_chosen() {
        process::abort();
    }
}

/// Ends the process while the work waits, where it is the chosen place.
pub async fn during<T>(point: Point, work: impl Future<Output = T>) -> T {
    if !point.is_chosen() {
        return work.await;
    }
    // Long enough for a request on loopback to be read, too short for its response to be stored.
    let pause = tokio::time::sleep(Duration::from_millis(3));
    tokio::select! {
        biased;
        () = pause => process::abort(),
        result = work => {
            drop(result);
            process::abort()
        }
    }
}
