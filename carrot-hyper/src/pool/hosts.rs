use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::uri::Authority;
use tokio::runtime::Id;

use super::host::Host;

/// Which connections can carry a request.
///
/// A connection belongs to the runtime that it was made on. On another it would stand still whenever
/// nobody drives its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) runtime: Id,
    pub(crate) https: bool,
    pub(crate) authority: Authority,
}

#[derive(Debug, Default)]
pub(super) struct Hosts(Mutex<HashMap<Key, Host>>);

impl Hosts {
    /// Nothing panics under the lock, and nothing is half done there.
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<Key, Host>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
