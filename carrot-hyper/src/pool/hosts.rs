use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use http::uri::Authority;
use tokio::runtime::Id;

use super::host::Host;

/// Which connections can carry a request.
///
/// A connection belongs to the runtime that it was made on. On another it would stand still whenever
/// nobody drives its own.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) runtime: Id,
    pub(crate) https: bool,
    pub(crate) authority: Authority,
}

impl Key {
    /// An authority compares without regard to case, letter by letter, which costs more than the rest of
    /// the look-up. Here a host that is written in two ways has two sets of connections.
    fn parts(&self) -> (Id, bool, &str) {
        (self.runtime, self.https, self.authority.as_str())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// The hosts in use: by a request under way, or by the task that looks after kept connections.
#[derive(Debug, Default)]
pub(super) struct Hosts(Mutex<HashMap<Key, Weak<Host>>>);

impl Hosts {
    pub(super) fn get(&self, key: Key) -> Arc<Host> {
        let mut hosts = self.lock();
        if let Some(host) = hosts.get(&key).and_then(Weak::upgrade) {
            return host;
        }
        // Those that nobody uses any more go with the next new one, so they never pile up.
        hosts.retain(|_, host| host.strong_count() > 0);
        let host = Arc::new(Host::new(key.runtime));
        hosts.insert(key, Arc::downgrade(&host));
        host
    }

    /// Nothing panics under the lock, and nothing is half done there.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Weak<Host>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        let hosts: Vec<_> = self.lock().values().filter_map(Weak::upgrade).collect();
        for host in hosts {
            host.close();
        }
    }
}
