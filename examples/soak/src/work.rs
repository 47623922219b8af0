//! The calls, and what the client says of each.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use carrot_hyper::{
    Client, Error, ErrorKind, Sent,
    client::CallOptions,
    conversations::{Get, Reply},
    transport::TransportErrorKind,
    types::{ConversationId, RandomId},
};

use crate::{plan::Plan, secrets::TEXT, server::Way, tally::Tally};

/// A body that never ends is met with this limit. It is drawn for few calls.
const TINY: Duration = Duration::from_millis(20);

/// What is shared among the workers.
pub(crate) struct Work {
    plan: Plan,
    calls: u32,
    next: AtomicU32,
    /// Responses that belong to another call.
    crossed: AtomicU64,
    ended: Mutex<Ended>,
}

/// The calls that ended.
#[derive(Default)]
pub(crate) struct Ended {
    pub(crate) tally: Tally,
    pub(crate) claims: Vec<Claim>,
}

/// What the client says of a call.
#[derive(Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) call: u32,
    pub(crate) way: Way,
    pub(crate) sent: Sent,
    pub(crate) end: End,
    /// It ran out of time, though nothing held it up.
    pub(crate) is_late: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    MayHaveBeenApplied,
    NotApplied,
}

pub(crate) fn writes(call: u32) -> bool {
    call % 2 == 0
}

impl Work {
    pub(crate) fn new(plan: Plan, calls: u32) -> Arc<Self> {
        Arc::new(Self {
            plan,
            calls,
            next: AtomicU32::new(0),
            crossed: AtomicU64::new(0),
            ended: Mutex::default(),
        })
    }

    pub(crate) fn ended(&self) -> MutexGuard<'_, Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn crossed(&self) -> u64 {
        self.crossed.load(Ordering::SeqCst)
    }

    /// Makes the next call. False after the last.
    pub(crate) async fn next_call(&self, client: &Client, way: Way) -> bool {
        let call = self.next.fetch_add(1, Ordering::SeqCst);
        if call >= self.calls {
            return false;
        }
        // No call with the shared limit is stalled.
        let is_stalled = way != Way::Limited && self.plan.stalls(call);
        let result = match is_stalled {
            true => {
                let hurried = CallOptions::new().attempt_timeout(TINY);
                make(&client.with_options(hurried), call).await
            }
            false => make(client, call).await,
        };
        let mut ended = self.ended();
        let (sent, end) = match &result {
            Ok(id) => {
                if *id != u64::from(call) + 1 {
                    self.crossed.fetch_add(1, Ordering::SeqCst);
                }
                ended.tally.done();
                (Sent::Yes, End::Done)
            }
            Err(error) => {
                ended.tally.failed(error);
                let end = match error.may_have_been_applied() {
                    true => End::MayHaveBeenApplied,
                    false => End::NotApplied,
                };
                (error.sent(), end)
            }
        };
        let claim = Claim {
            call,
            way,
            sent,
            end,
            is_late: !is_stalled && result.as_ref().is_err_and(is_late),
        };
        ended.claims.push(claim);
        true
    }
}

fn is_late(error: &Error) -> bool {
    match error.transport() {
        Some(error) => matches!(error.kind(), TransportErrorKind::Timeout(_)),
        None => matches!(error.kind(), ErrorKind::RateLimit | ErrorKind::Deadline),
    }
}

/// Makes a call and returns the id in its response, which identifies the call.
async fn make(client: &Client, call: u32) -> Result<u64, Error> {
    let id = u64::from(call) + 1;
    if !writes(call) {
        return Ok(client
            .call(Get::new(ConversationId::new(id)))
            .await?
            .id
            .get());
    }
    let mut reply = Reply::new(ConversationId::new(id), TEXT);
    if let Ok(random_id) = RandomId::new(i64::from(call) + 1) {
        reply = reply.random_id(random_id);
    }
    Ok(client.call(reply).await?.part.id.get())
}
