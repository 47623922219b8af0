//! One call, through the layers from the outside in:
//!
//! 1. the deadline of the whole call (here);
//! 2. retry: which failed attempts are made again, and after which pause;
//! 3. quota: every attempt waits for its place;
//! 4. one attempt (`attempt.rs`): send, check, decode.
//!
//! Layers 2 and 3 are not built yet: a call is one attempt.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::{CallOptions, Shared, attempt, request};
use crate::{Endpoint, Error, clock::within};

pub(super) async fn call<E: Endpoint>(
    shared: &Shared,
    options: &CallOptions,
    endpoint: &E,
    deadline: Option<Duration>,
) -> Result<E::Output, Error> {
    let request = request::build(shared, options, endpoint)?;
    let attempts = AtomicU32::new(0);
    let work = async {
        let number = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        attempt::attempt(shared, endpoint, request, number).await
    };
    match within(&*shared.clock, deadline, work).await {
        Some(result) => result,
        None => Err(Error::deadline::<E>(
            attempts.load(Ordering::Relaxed),
            deadline.unwrap_or_default(),
        )),
    }
}
