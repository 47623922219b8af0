use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Sleep, sleep_until};

use super::{host::Host, settings::Settings};
use crate::connection::Connection;

/// Keeps a connection for its next request, and starts the task that looks after it if no other does.
pub(super) fn keep(host: &Arc<Host>, connection: Connection, limit: Duration, settings: Settings) {
    if host.keep(connection, limit, settings) {
        tokio::spawn(Keeper::new(Arc::clone(host)));
    }
}

/// Looks after the idle connections of one host: closes those that expire, and those that the server
/// closes. When its runtime ends, so do they.
struct Keeper {
    host: Arc<Host>,
    timer: Option<Pin<Box<Sleep>>>,
    done: bool,
}

impl Keeper {
    fn new(host: Arc<Host>) -> Self {
        Self {
            host,
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
            let mut state = this.host.lock();
            let Some(next) = state.tend(context) else {
                state.has_keeper = false;
                state.keeper = None;
                this.done = true;
                return Poll::Ready(());
            };
            let timer = this
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(next)));
            // An early timer fires for nothing, which is cheaper than moving it with every request.
            if timer.is_elapsed() || timer.deadline() > next {
                timer.as_mut().reset(next);
            }
            state.next_look = Some(timer.deadline());
            state.keeper = Some(context.waker().clone());
            drop(state);
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if !self.done {
            self.host.close_without_keeper();
        }
    }
}
