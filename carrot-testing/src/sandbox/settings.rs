use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use carrot_core::Clock;

use super::{
    realtime::hub::Limits,
    seed::model::{SeedConversation, SeedUser},
    served::ServedRequest,
    store::{App, Channel, Operator, Time},
};

/// 2023-11-14T22:13:20 UTC.
const START: i64 = 1_700_000_000;

/// The app of a token that names none.
pub(in crate::sandbox) const DEFAULT_APP: u64 = 1000;

/// Every scope that the vendor documents.
///
/// Source: <https://developers.carrotquest.io/scopes>
pub(in crate::sandbox) const SCOPES: [&str; 10] = [
    "app-basic-read",
    "app-basic-write",
    "as-user",
    "conversations-read",
    "conversations-write",
    "messages-manual-send-one",
    "user-read",
    "user-write",
    "users-list",
    "users-list-active",
];

type OnResponse = Arc<dyn Fn(&ServedRequest) + Send + Sync>;

/// How a sandbox starts.
#[derive(Clone)]
pub(in crate::sandbox) struct Settings {
    pub(in crate::sandbox) app: App,
    /// Shared by all copies of the settings: there may be many.
    pub(in crate::sandbox) seeds: Arc<Seeds>,
    pub(in crate::sandbox) webhook_token: String,
    /// The events reported by webhooks; `None` for all.
    pub(in crate::sandbox) webhook_events: Option<BTreeSet<String>>,
    pub(in crate::sandbox) on_response: Option<OnResponse>,
    pub(in crate::sandbox) start: i64,
    pub(in crate::sandbox) step: Duration,
    pub(in crate::sandbox) clock: Option<Arc<dyn Clock>>,
    pub(in crate::sandbox) realtime: Limits,
}

/// The records at the start.
#[derive(Clone, Default)]
pub(in crate::sandbox) struct Seeds {
    pub(in crate::sandbox) users: Vec<SeedUser>,
    /// The external ids of `users`.
    pub(in crate::sandbox) external_ids: HashSet<String>,
    pub(in crate::sandbox) event_types: Vec<String>,
    pub(in crate::sandbox) conversations: Vec<SeedConversation>,
}

impl Settings {
    pub(in crate::sandbox) fn time(&self) -> Time {
        let start = self.start.saturating_mul(1_000_000);
        match &self.clock {
            Some(clock) => Time::of(start, Arc::clone(clock)),
            None => Time::stepping(start, self.step),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            app: App {
                id: DEFAULT_APP,
                token: "app.1000.sandbox".to_owned(),
                scopes: SCOPES.map(str::to_owned).into(),
                operators: [(501, "First operator"), (502, "Second operator")]
                    .map(|(id, name)| Operator {
                        id,
                        name: name.to_owned(),
                    })
                    .into(),
                channels: vec![Channel {
                    id: 5,
                    name: "Test channel".to_owned(),
                }],
                rate_limit: None,
                drops_repeated_nonces: false,
            },
            seeds: Arc::default(),
            webhook_token: "5eed0000-0000-4000-8000-000000000000".to_owned(),
            webhook_events: None,
            on_response: None,
            start: START,
            step: Duration::from_secs(1),
            clock: None,
            realtime: Limits::default(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}
