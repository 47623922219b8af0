use std::{
    future::poll_fn,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

/// Holds responses until a test lets them go.
#[derive(Default)]
pub(in crate::sandbox) struct Gate(Mutex<State>);

#[derive(Default)]
struct State {
    is_open: bool,
    /// How many responses reached the gate.
    arrived: u64,
    wakers: Vec<Waker>,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(mut state: MutexGuard<'_, State>) {
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(in crate::sandbox) fn open(&self) {
        let mut state = self.state();
        state.is_open = true;
        Self::wake(state);
    }

    fn arrive(&self) {
        let mut state = self.state();
        state.arrived += 1;
        Self::wake(state);
    }

    /// Waits until the gate is open.
    pub(in crate::sandbox) async fn wait(&self) {
        self.arrive();
        self.wait_for(|state| state.is_open).await;
    }

    /// Waits until a response is held.
    pub(in crate::sandbox) async fn arrival(&self) {
        self.wait_for(|state| state.arrived > 0).await;
    }

    async fn wait_for(&self, reached: impl Fn(&State) -> bool) {
        poll_fn(|context| {
            let mut state = self.state();
            if reached(&state) {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
