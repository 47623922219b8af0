use std::fmt;

use carrot_core::Client;

use crate::VirtualClock;

/// What one process of the program under test has.
#[derive(Clone)]
#[non_exhaustive]
pub struct Process<S> {
    /// Its client.
    pub client: Client,
    /// The clock of the client and of the sandbox, for the pauses of the program.
    pub clock: VirtualClock,
    /// What the program stores: a clone of what [`Torture::set_up`](crate::torture::Torture::set_up) made. What its
    /// clones share survives a kill, as with an `Rc<RefCell<_>>`, an `Arc<Mutex<_>>` or a connection
    /// to a database.
    pub stored: S,
}

impl<S> fmt::Debug for Process<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("client", &self.client)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
