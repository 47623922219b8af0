use std::{
    task::{Context, Waker},
    time::Duration,
};

use tokio::time::Instant;

use crate::connection::Connection;

/// How long a response on a kept connection vouches for the others.
const VOUCHED: Duration = Duration::from_millis(500);

/// The longest that anything is kept: `Instant` has no room for every `Duration`.
const AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The kept connections to one server on one runtime.
#[derive(Debug, Default)]
pub(super) struct Host {
    idle: Vec<Idle>,
    /// When a kept connection last brought a response.
    vouched: Option<Instant>,
    /// A kept connection that nothing vouched for carries a request.
    probing: bool,
    /// When all that was kept is over.
    last_expiry: Option<Instant>,
    /// Whether a task looks after the connections, and how to reach it.
    pub(super) has_keeper: bool,
    pub(super) keeper: Option<Waker>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    expires: Instant,
    /// How much longer it lives after a further use.
    limit: Duration,
}

impl Host {
    /// A kept connection, and whether it is a probe.
    ///
    /// Connections that idled may have died together, and a write on each would be lost with it. So
    /// they are lent one at a time until a response vouches for them.
    pub(super) fn take(&mut self) -> Option<(Connection, bool)> {
        let now = Instant::now();
        let trusted = self
            .vouched
            .is_some_and(|at| now.saturating_duration_since(at) < VOUCHED);
        if self.probing && !trusted {
            return None;
        }
        // The one used last is the least likely to be closed.
        while let Some(mut idle) = self.idle.pop() {
            if now >= idle.expires || !idle.connection.is_ready() {
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

    /// Keeps a connection for its next request. One that serves many is kept once.
    pub(super) fn keep(&mut self, connection: Connection, limit: Duration, max: usize) {
        let limit = limit.min(AGE);
        let expires = Instant::now() + limit;
        self.last_expiry = self.last_expiry.max(Some(expires));
        if !connection.is_http1() {
            let mut idle = self.idle.iter_mut();
            if let Some(idle) = idle.find(|idle| !idle.connection.is_http1()) {
                idle.expires = expires;
                return;
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
    }

    /// A response came on a kept connection.
    pub(super) fn vouch(&mut self, probe: bool) {
        self.vouched = Some(Instant::now());
        self.probing &= !probe;
    }

    /// A kept connection brought no response: the others are not trusted either.
    pub(super) fn distrust(&mut self, probe: bool) {
        self.vouched = None;
        self.probing &= !probe;
        self.idle.clear();
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

impl Drop for Host {
    fn drop(&mut self) {
        // Its task has nothing left to look after.
        if let Some(keeper) = self.keeper.take() {
            keeper.wake();
        }
    }
}
