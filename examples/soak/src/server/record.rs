//! What the server got.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use crate::plan::{Fault, FrameFault, Plan, REFUSED_STREAM};

/// What the server got of one call.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    arrived: AtomicU8,
    taken: AtomicU8,
}

impl Entry {
    /// Requests that the server read.
    pub(crate) fn arrived(&self) -> u8 {
        self.arrived.load(Ordering::SeqCst)
    }

    /// Requests that the server did not reject, with status 429 or as a stream that it did not process: each may
    /// have had its effect.
    pub(crate) fn taken(&self) -> u8 {
        self.taken.load(Ordering::SeqCst)
    }

    /// Counts a request that is taken unless the fault says otherwise.
    fn request<F: Copy>(&self, draw: impl FnOnce(u32) -> F, rejects: impl FnOnce(F) -> bool) -> F {
        let arrival = self.arrived.fetch_add(1, Ordering::SeqCst) + 1;
        let fault = draw(arrival.into());
        if !rejects(fault) {
            self.taken.fetch_add(1, Ordering::SeqCst);
        }
        fault
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    plan: Plan,
    calls: Vec<Entry>,
    /// When each request with the shared limit came.
    limited: Mutex<Vec<Instant>>,
    /// Requests that belong to no call, or do not carry what a call carries.
    strange: AtomicU64,
    restarts: AtomicU64,
    connections: AtomicU64,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Shared {
    pub(super) fn new(plan: Plan, calls: u32) -> Self {
        Self {
            plan,
            calls: (0..calls).map(|_| Entry::default()).collect(),
            limited: Mutex::default(),
            strange: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        }
    }

    /// The number of a new connection.
    pub(super) fn connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn plan(&self) -> Plan {
        self.plan
    }

    pub(crate) fn call(&self, call: u32) -> Option<&Entry> {
        self.calls.get(call as usize)
    }

    pub(crate) fn arrived(&self) -> u64 {
        self.calls
            .iter()
            .map(|call| u64::from(call.arrived()))
            .sum()
    }

    /// When each request with the shared limit came, in this order.
    pub(crate) fn limited(&self) -> Vec<Instant> {
        let mut limited = self.limited.lock().unwrap_or_else(PoisonError::into_inner);
        limited.sort_unstable();
        limited.clone()
    }

    pub(crate) fn strange(&self) -> u64 {
        self.strange.load(Ordering::SeqCst)
    }

    /// How often all connections died together.
    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// The most connections that were open at once.
    pub(crate) fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }

    /// Counts a request of HTTP/1.1, and draws what befalls it. None where it belongs to no call.
    pub(super) fn request(&self, call: Option<u32>, is_limited: bool) -> Option<(u32, Fault)> {
        let call = self.known(call)?;
        let draw = |arrival| match self.plan.fault(call, arrival) {
            // Such a call would need a short limit, and the server could read it after its end.
            Fault::Stall if is_limited => Fault::Truncate,
            // The clients would slow down, and no longer come to their limit.
            Fault::Reject if is_limited => Fault::None,
            fault => fault,
        };
        let fault = self
            .call(call)?
            .request(draw, |fault| fault == Fault::Reject);
        if is_limited {
            let mut limited = self.limited.lock().unwrap_or_else(PoisonError::into_inner);
            limited.push(Instant::now());
        }
        self.restart_by(fault);
        Some((call, fault))
    }

    /// Counts a request of HTTP/2, and draws what befalls it. None where it belongs to no call.
    pub(super) fn stream(&self, call: Option<u32>) -> Option<(u32, FrameFault)> {
        let call = self.known(call)?;
        let draw = |arrival| self.plan.frame_fault(call, arrival);
        let fault = self.call(call)?.request(draw, is_unprocessed);
        if let FrameFault::Both(fault) = fault {
            self.restart_by(fault);
        }
        Some((call, fault))
    }

    /// The client took a request of HTTP/2 back before all of it was there: no server applies it. hyper does so where
    /// a `GOAWAY` comes while it opens the stream.
    pub(super) fn is_taken_back(&self, call: u32, fault: FrameFault) {
        if let Some(entry) = self.call(call).filter(|_| !is_unprocessed(fault)) {
            entry.taken.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn known(&self, call: Option<u32>) -> Option<u32> {
        let known = call.filter(|call| self.call(*call).is_some());
        if known.is_none() {
            self.is_strange();
        }
        known
    }

    pub(super) fn is_strange(&self) {
        self.strange.fetch_add(1, Ordering::SeqCst);
    }

    fn restart_by(&self, fault: Fault) {
        if fault == Fault::Restart {
            self.restarts.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Counts a connection while it is open.
pub(super) struct Open(pub(super) Arc<Shared>);

impl Open {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_open.fetch_max(open, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

fn is_unprocessed(fault: FrameFault) -> bool {
    let unprocessed = [
        FrameFault::Reset(REFUSED_STREAM),
        // A client may get no more than the reset.
        FrameFault::ResetInBody(REFUSED_STREAM),
        FrameFault::GoAwayBelow,
        FrameFault::Both(Fault::Reject),
    ];
    unprocessed.contains(&fault)
}
