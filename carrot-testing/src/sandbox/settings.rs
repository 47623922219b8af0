use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use carrot_core::{
    Clock,
    types::{AdminId, AppId, ChannelId, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{
    Sandbox,
    answered::Answered,
    seed::{SeedConversation, SeedUser},
    time::Time,
};

/// 2023-11-14T22:13:20 UTC.
const START: i64 = 1_700_000_000;

/// Every right that the vendor documents.
///
/// Source: <https://developers.carrotquest.io/scopes>
pub(super) const SCOPES: [&str; 10] = [
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

type OnAnswer = Arc<dyn Fn(&Answered) + Send + Sync>;

/// How a sandbox begins.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) token: String,
    pub(super) app: u64,
    pub(super) scopes: BTreeSet<String>,
    pub(super) operators: Vec<Operator>,
    pub(super) channels: Vec<Channel>,
    /// Shared by all copies of the settings: there may be many.
    pub(super) seeds: Arc<Seeds>,
    pub(super) webhook_token: String,
    /// The events that webhooks tell of; `None` for all.
    pub(super) webhook_events: Option<BTreeSet<String>>,
    pub(super) on_answer: Option<OnAnswer>,
    /// The most requests in a minute.
    pub(super) rate_limit: Option<usize>,
    start: i64,
    step: Duration,
    clock: Option<Arc<dyn Clock>>,
}

/// What is there from the beginning.
#[derive(Clone, Default)]
pub(super) struct Seeds {
    pub(super) users: Vec<SeedUser>,
    /// Those of `users`.
    pub(super) own_ids: HashSet<String>,
    pub(super) event_types: Vec<String>,
    pub(super) conversations: Vec<SeedConversation>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operator {
    pub(super) id: u64,
    pub(super) name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    pub(super) id: u64,
    pub(super) name: String,
}

impl Settings {
    pub(super) fn time(&self) -> Time {
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
            token: "app.1000.sandbox".to_owned(),
            app: 1000,
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
            seeds: Arc::default(),
            webhook_token: "5eed0000-0000-4000-8000-000000000000".to_owned(),
            webhook_events: None,
            on_answer: None,
            rate_limit: None,
            start: START,
            step: Duration::from_secs(1),
            clock: None,
        }
    }
}

/// Never shows the token: one may be given that is real elsewhere.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("app", &self.app)
            .field("scopes", &self.scopes)
            .field("operators", &self.operators)
            .field("channels", &self.channels)
            .field("rate_limit", &self.rate_limit)
            .finish_non_exhaustive()
    }
}

/// Sets up a [`Sandbox`]. Every setting has a default; [`Sandbox::new`] takes them all.
#[derive(Clone, Debug, Default)]
#[must_use = "call `build` to get the sandbox"]
pub struct SandboxBuilder {
    pub(super) settings: Settings,
    own_operators: bool,
    own_channels: bool,
}

impl SandboxBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The token that opens it: `app.1000.sandbox` by default.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.settings.token = token.into();
        self
    }

    /// The id of the app: 1000 by default.
    pub fn app(mut self, id: impl Into<AppId>) -> Self {
        self.settings.app = id.into().get();
        self
    }

    /// The rights of the token, by the vendor's names: all of them by default.
    ///
    /// Source: <https://developers.carrotquest.io/scopes>
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.settings.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds an operator. The first one that is added takes the place of the two that are there by
    /// default, 501 and 502.
    pub fn operator(mut self, id: impl Into<AdminId>, name: impl Into<String>) -> Self {
        if !self.own_operators {
            self.settings.operators.clear();
            self.own_operators = true;
        }
        self.settings.operators.push(Operator {
            id: id.into().get(),
            name: name.into(),
        });
        self
    }

    /// Adds a channel. The first one that is added takes the place of the one that is there by
    /// default, 5.
    pub fn channel(mut self, id: impl Into<ChannelId>, name: impl Into<String>) -> Self {
        if !self.own_channels {
            self.settings.channels.clear();
            self.own_channels = true;
        }
        self.settings.channels.push(Channel {
            id: id.into().get(),
            name: name.into(),
        });
        self
    }

    /// Adds a user who is there from the beginning. Their ids count up in the order they are added.
    pub fn user(mut self, user: SeedUser) -> Self {
        let seeds = Arc::make_mut(&mut self.settings.seeds);
        seeds.own_ids.extend(user.own_id().map(str::to_owned));
        seeds.users.push(user);
        self
    }

    /// When the sandbox begins, in whole seconds: 2023-11-14T22:13:20 UTC by default.
    pub fn starts_at(mut self, moment: impl Into<Timestamp>) -> Self {
        self.settings.start = moment.into().seconds();
        self
    }

    /// How much time each request takes: a second by default, which is what makes the moments of
    /// records differ.
    pub fn time_step(mut self, step: Duration) -> Self {
        self.settings.step = step;
        self
    }

    /// Takes the time from a clock instead of counting requests: from the same
    /// [`VirtualClock`](crate::VirtualClock) that the client waits by, for tests of pacing.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Some(Arc::new(clock));
        self
    }

    /// Answers 429 to requests beyond so many in a minute of the sandbox's time; no limit by default.
    /// The service has one of 60. With the default step of a second a request, 60 are never exceeded:
    /// give it a [`clock`](Self::clock) or a smaller [`time_step`](Self::time_step).
    ///
    /// Source: <https://developers.dashly.io/webapi/limits/>
    pub fn rate_limit(mut self, requests_per_minute: usize) -> Self {
        self.settings.rate_limit = Some(requests_per_minute);
        self
    }

    /// The token in webhooks: a fixed one by default, see [`Sandbox::webhook_token`].
    pub fn webhook_token(mut self, token: impl Into<String>) -> Self {
        self.settings.webhook_token = token.into();
        self
    }

    /// The names of the events that webhooks tell of: all by default, none of an empty list.
    pub fn webhook_events<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.settings.webhook_events = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Calls a function after each request, such as to write a log.
    pub fn on_answer(mut self, call: impl Fn(&Answered) + Send + Sync + 'static) -> Self {
        self.settings.on_answer = Some(Arc::new(call));
        self
    }

    /// The sandbox.
    #[must_use]
    pub fn build(self) -> Sandbox {
        Sandbox::with(self.settings)
    }
}
