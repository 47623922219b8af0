use std::{
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
    time::Duration,
};

use tokio::{runtime::Id, time::Instant};

use super::settings::Settings;
use crate::connection::Connection;

/// How long a response on a kept connection vouches for the others.
const VOUCHED: Duration = Duration::from_millis(500);

/// How long no connection is kept after one broke under its request, where none has brought a second response yet:
/// some servers close each after its first response and do not say so, and every second write would be lost.
const MISTRUSTED: Duration = Duration::from_secs(60);

/// The longest that anything is kept: `Instant` has no room for every `Duration`.
const AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// One server on one runtime, with the connections kept to it.
#[derive(Debug)]
pub(crate) struct Host {
    runtime: Id,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    idle: Vec<Idle>,
    /// When a kept connection last brought a response.
    vouched: Option<Instant>,
    /// A kept connection has brought a response: the server keeps them.
    keeps: bool,
    /// When a kept connection last broke under a request, before any brought a response.
    broke: Option<Instant>,
    /// A kept connection that nothing vouched for carries a request.
    probing: bool,
    /// When all that was kept is over.
    last_expiry: Option<Instant>,
    /// Whether a task looks after the connections.
    pub(super) has_keeper: bool,
    /// How to reach that task, once it has run.
    pub(super) keeper: Option<Waker>,
    /// When that task looks next by itself.
    pub(super) next_look: Option<Instant>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    expires: Instant,
    /// How much longer it lives after a further use.
    limit: Duration,
}

impl Host {
    pub(super) fn new(runtime: Id) -> Self {
        Self {
            runtime,
            state: Mutex::default(),
        }
    }

    pub(super) fn runtime(&self) -> Id {
        self.runtime
    }

    /// Nothing panics under the lock, and nothing is half done there.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a connection for its next request, if it can take one. One that serves many is kept once.
    /// Returns true if a task has to be started that looks after what is kept.
    pub(super) fn keep(&self, connection: Connection, limit: Duration, with: Settings) -> bool {
        if with.max_idle_per_host == 0 || limit.is_zero() {
            return false;
        }
        let mut state = self.lock();
        if connection.is_http1() && is_within(MISTRUSTED, state.broke) {
            return false;
        }
        let Some(expires) = state.keep(connection, limit.min(AGE), with.max_idle_per_host) else {
            return false;
        };
        let early = state.keeper_that_looks_after(expires);
        let starts = !mem::replace(&mut state.has_keeper, true);
        drop(state);
        if let Some(keeper) = early {
            keeper.wake();
        }
        starts
    }

    /// Closes what is kept, and ends the task.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        let idle = mem::take(&mut state.idle);
        state.last_expiry = None;
        let keeper = state.keeper.take();
        drop(state);
        drop(idle);
        if let Some(keeper) = keeper {
            keeper.wake();
        }
    }

    /// The task that looked after the connections is gone, with its runtime.
    pub(super) fn close_without_keeper(&self) {
        self.lock().has_keeper = false;
        self.close();
    }
}

impl State {
    /// A kept connection, and whether it is a probe.
    ///
    /// Connections that idled may have died together, and a write on each would be lost with it. So
    /// they are lent one at a time until a response vouches for them.
    pub(super) fn take(&mut self) -> Option<(Connection, bool)> {
        let now = Instant::now();
        let trusted = is_within(VOUCHED, self.vouched);
        if self.probing && !trusted {
            // The request connects anew, and its connection takes the place of the oldest one: the number of
            // those kept stays that of the calls at one time, and over HTTP/2 the others get one that lives.
            if !self.idle.is_empty() {
                self.idle.remove(0);
            }
            return None;
        }
        let mut context = Context::from_waker(Waker::noop());
        // The one used last is the least likely to be closed.
        while let Some(mut idle) = self.idle.pop() {
            if now >= idle.expires || !idle.connection.is_ready(&mut context) {
                continue;
            }
            self.probing |= !trusted;
            let Some(shared) = idle.connection.shared() else {
                return Some((idle.connection, !trusted));
            };
            self.idle.push(idle);
            return Some((shared, !trusted));
        }
        None
    }

    pub(super) fn has_idle(&self) -> bool {
        !self.idle.is_empty()
    }

    /// Returns the task if it would look too late.
    fn keeper_that_looks_after(&self, expires: Instant) -> Option<Waker> {
        let is_late = self.next_look.is_some_and(|next| expires < next);
        self.keeper.as_ref().filter(|_| is_late).cloned()
    }

    /// Returns when the connection expires, or `None` if it can take no more requests.
    fn keep(&mut self, mut connection: Connection, limit: Duration, max: usize) -> Option<Instant> {
        // The task is woken when the server closes the connection, and not by every request.
        let keeper = self.keeper.as_ref().unwrap_or(Waker::noop());
        if !connection.is_ready(&mut Context::from_waker(keeper)) {
            return None;
        }
        let expires = Instant::now() + limit;
        self.last_expiry = self.last_expiry.max(Some(expires));
        if !connection.is_http1() {
            let mut idle = self.idle.iter_mut();
            if let Some(idle) = idle.find(|idle| !idle.connection.is_http1()) {
                idle.expires = expires;
                return Some(expires);
            }
        }
        if self.idle.len() >= max {
            self.idle.remove(0);
        }
        self.idle.push(Idle {
            connection,
            expires,
            limit,
        });
        Some(expires)
    }

    /// A response came on a kept connection.
    pub(super) fn vouch(&mut self, probe: bool) {
        self.vouched = Some(Instant::now());
        self.keeps = true;
        self.probing &= !probe;
    }

    /// A kept connection brought no response: the others are not trusted either.
    pub(super) fn distrust(&mut self, probe: bool) {
        self.vouched = None;
        self.probing &= !probe;
        self.idle.clear();
    }

    /// A kept connection was closed by the server instead of a response.
    pub(super) fn broke(&mut self) {
        if !self.keeps {
            self.broke = Some(Instant::now());
        }
    }

    /// Drops what is closed or expired. Returns the time of the next look, or `None` when nothing is
    /// left.
    pub(super) fn tend(&mut self, context: &mut Context<'_>) -> Option<Instant> {
        let now = Instant::now();
        self.idle.retain_mut(|idle| {
            if now >= idle.expires && !idle.connection.is_unused() {
                idle.expires = now + idle.limit;
            }
            now < idle.expires && idle.connection.poll_closed(context).is_pending()
        });
        let next = self.idle.iter().map(|idle| idle.expires).min();
        next.or(self.last_expiry.filter(|expiry| now < *expiry))
    }
}

/// Whether this moment was no longer ago than that.
fn is_within(time: Duration, moment: Option<Instant>) -> bool {
    moment.is_some_and(|moment| moment.elapsed() < time)
}
