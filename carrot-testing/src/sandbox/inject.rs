use std::{fmt, panic::Location, sync::Arc};

use super::{
    fault::{Fault, FaultState, Gate},
    service::Sandbox,
};

impl Sandbox {
    /// Adds a fault. Faults are tried in the order of their injection, and a request gets the first one
    /// that applies. They are no part of a [`Snapshot`](crate::sandbox::Snapshot).
    #[track_caller]
    pub fn inject(&self, fault: Fault) -> InjectedFault {
        let mut service = self.service();
        let id = service.faults.add(fault, Location::caller());
        let gate = service.faults.gate(id);
        drop(service);
        InjectedFault {
            sandbox: self.clone(),
            id,
            gate,
        }
    }

    /// Returns the state of each fault, in the order of their injection; removed ones are in it.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultState> {
        self.service().faults.states()
    }

    /// Fails the test if a fault was used less often than it says. The drop of the last clone of the sandbox
    /// does the same.
    ///
    /// # Panics
    ///
    /// A fault was not used, or not as often as it says.
    #[track_caller]
    pub fn assert_faults_used(&self) {
        self.service().faults.assert_used();
    }
}

/// A fault of a [`Sandbox`]; made by [`Sandbox::inject`]. It keeps the sandbox alive.
#[derive(Clone)]
pub struct InjectedFault {
    sandbox: Sandbox,
    pub(in crate::sandbox) id: u64,
    gate: Option<Arc<Gate>>,
}

impl InjectedFault {
    /// Returns the number of requests that the fault affected.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.sandbox.service().faults.used(self.id)
    }

    /// Removes the fault: it affects no further request.
    pub fn remove(&self) {
        self.sandbox.service().faults.remove(self.id);
    }

    /// Lets the responses go that [`Fault::hold`] holds, later ones included. Other faults ignore it.
    pub fn release(&self) {
        if let Some(gate) = &self.gate {
            gate.open();
        }
    }

    /// Waits until a response is held. Other faults return at once.
    pub async fn held(&self) {
        if let Some(gate) = &self.gate {
            gate.arrival().await;
        }
    }
}

impl fmt::Debug for InjectedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InjectedFault")
            .field("id", &self.id)
            .field("used", &self.used())
            .finish_non_exhaustive()
    }
}
