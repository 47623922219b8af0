use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

/// The app of the sandbox, and what its token may do.
#[derive(Clone)]
pub(in crate::sandbox) struct App {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) token: String,
    pub(in crate::sandbox) scopes: BTreeSet<String>,
    pub(in crate::sandbox) operators: Vec<Operator>,
    pub(in crate::sandbox) channels: Vec<Channel>,
    /// The maximum number of requests a minute.
    pub(in crate::sandbox) rate_limit: Option<usize>,
    pub(in crate::sandbox) drops_repeated_nonces: bool,
}

/// Never shows the token: it may be a real one.
impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("id", &self.id)
            .field("scopes", &self.scopes)
            .field("operators", &self.operators)
            .field("channels", &self.channels)
            .field("rate_limit", &self.rate_limit)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Operator {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Channel {
    pub(in crate::sandbox) id: u64,
    pub(in crate::sandbox) name: String,
}
