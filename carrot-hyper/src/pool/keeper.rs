use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
};

use tokio::time::{Sleep, sleep_until};

use super::hosts::{Hosts, Key};

/// Looks after the idle connections of one host: closes those that expire, and those that the server
/// closes. When its runtime ends, so do they.
pub(super) struct Keeper {
    hosts: Weak<Hosts>,
    key: Key,
    timer: Option<Pin<Box<Sleep>>>,
    done: bool,
}

impl Keeper {
    pub(super) fn new(hosts: &Arc<Hosts>, key: Key) -> Self {
        Self {
            hosts: Arc::downgrade(hosts),
            key,
            timer: None,
            done: false,
        }
    }
}

impl Future for Keeper {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        loop {
            let Some(hosts) = this.hosts.upgrade() else {
                this.done = true;
                return Poll::Ready(());
            };
            let mut locked = hosts.lock();
            let host = locked.get_mut(&this.key);
            let next = host.and_then(|host| {
                host.keeper = Some(context.waker().clone());
                host.tend(context)
            });
            let Some(next) = next else {
                let removed = locked.remove(&this.key);
                this.done = true;
                drop(locked);
                drop(removed);
                return Poll::Ready(());
            };
            drop(locked);
            let timer = this
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(next)));
            // An early timer fires for nothing, which is cheaper than moving it with every request.
            if timer.is_elapsed() || timer.deadline() > next {
                timer.as_mut().reset(next);
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        if let Some(hosts) = self.hosts.upgrade() {
            let removed = hosts.lock().remove(&self.key);
            drop(removed);
        }
    }
}
