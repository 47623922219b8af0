use std::{sync::Arc, time::Duration};

use carrot_core::{
    Clock,
    types::{AdminId, AppId, ChannelId, Timestamp},
};

use super::{
    realtime::hub::Limits,
    rules::parameters::digits,
    seed::model::SeedUser,
    served::ServedRequest,
    service::Sandbox,
    settings::{DEFAULT_APP, Settings},
    store::{Channel, Operator},
};
use crate::VirtualClock;

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Creates a sandbox with default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Creates a builder.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::new()
    }
}

/// The id in a token `app.<id>.<secret>`.
fn app_of(token: &str) -> Option<u64> {
    let (id, _) = token.strip_prefix("app.")?.split_once('.')?;
    digits(id).filter(|id| *id > 0)
}

/// Builds a [`Sandbox`]. Every setting has a default.
#[derive(Clone, Debug, Default)]
#[must_use = "call `build` to get the sandbox"]
pub struct SandboxBuilder {
    pub(in crate::sandbox) settings: Settings,
    own_app: bool,
    pub(super) own_operators: bool,
    pub(super) own_channels: bool,
}

impl SandboxBuilder {
    pub(in crate::sandbox) fn new() -> Self {
        Self::default()
    }

    /// Sets the token that gives access; `app.1000.sandbox` by default.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.settings.app.token = token.into();
        if !self.own_app {
            self.settings.app.id = app_of(&self.settings.app.token).unwrap_or(DEFAULT_APP);
        }
        self
    }

    /// Sets the id of the app; by default the one in the [token](Self::token), `app.<id>.<secret>`, else 1000.
    pub fn app(mut self, id: AppId) -> Self {
        self.settings.app.id = id.get();
        self.own_app = true;
        self
    }

    /// Sets the scopes of the token; all by default.
    ///
    /// Source: <https://developers.carrotquest.io/scopes>
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.settings.app.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Adds an operator. The first one replaces the default operators 501 and 502.
    pub fn operator(mut self, id: AdminId, name: impl Into<String>) -> Self {
        if !self.own_operators {
            self.settings.app.operators.clear();
            self.own_operators = true;
        }
        self.settings.app.operators.push(Operator {
            id: id.get(),
            name: name.into(),
        });
        self
    }

    /// Adds a channel. The first one replaces the default channel 5.
    pub fn channel(mut self, id: ChannelId, name: impl Into<String>) -> Self {
        if !self.own_channels {
            self.settings.app.channels.clear();
            self.own_channels = true;
        }
        self.settings.app.channels.push(Channel {
            id: id.get(),
            name: name.into(),
        });
        self
    }

    /// Adds a user. Ids count up in the order of the calls.
    pub fn user(mut self, user: SeedUser) -> Self {
        let seeds = Arc::make_mut(&mut self.settings.seeds);
        seeds
            .external_ids
            .extend(user.external_id().map(str::to_owned));
        seeds.users.push(user);
        self
    }

    /// Sets the time at the start, in whole seconds; 2023-11-14T22:13:20 UTC by default.
    pub fn starts_at(mut self, moment: impl Into<Timestamp>) -> Self {
        self.settings.start = moment.into().seconds();
        self
    }

    /// Sets how far each request moves the time; 1 s by default, so that the timestamps of records differ.
    pub fn time_step(mut self, step: Duration) -> Self {
        self.settings.step = step;
        self
    }

    /// Takes the time from a clock instead of counting requests. To test pacing, give it the
    /// [`VirtualClock`](crate::VirtualClock) of the client.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Some(Arc::new(clock));
        self
    }

    /// Takes date and time from the machine, for a sandbox that programs use which do not share a clock with it.
    #[cfg(feature = "server")]
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    pub fn machine_time(self) -> Self {
        self.starts_at(super::server::today())
            .clock(super::server::MachineClock::new())
    }

    /// Rejects requests beyond this number in a minute of the sandbox's time with 429. Off by default; the limit
    /// of the service is 60. With the default step of a second a request, 60 are never exceeded:
    /// give it a [`clock`](Self::clock) or a smaller [`time_step`](Self::time_step).
    ///
    /// Source: <https://developers.dashly.io/webapi/limits/>
    pub fn rate_limit(mut self, requests_per_minute: usize) -> Self {
        self.settings.app.rate_limit = Some(requests_per_minute);
        self
    }

    /// Drops a request that repeats a `_nonce`: it gets the response of the first one and changes nothing.
    /// By default `_nonce` is ignored. Which of the two the service does is not known.
    pub fn drop_repeated_nonces(mut self) -> Self {
        self.settings.app.drops_repeated_nonces = true;
        self
    }

    /// Sets the token in webhooks; a fixed one by default, see [`Sandbox::webhook_token`].
    pub fn webhook_token(mut self, token: impl Into<String>) -> Self {
        self.settings.webhook_token = token.into();
        self
    }

    /// Sets the names of the events that webhooks report; all by default, none for an empty list.
    pub fn webhook_events<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.settings.webhook_events = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Calls a function after each request, for example to write a log.
    pub fn on_response(mut self, call: impl Fn(&ServedRequest) + Send + Sync + 'static) -> Self {
        self.settings.on_response = Some(Arc::new(call));
        self
    }

    /// Sets how long the realtime service stores messages, and how many of each channel: 5 minutes and 1000
    /// by default. What the service does is not documented.
    pub fn realtime_retention(mut self, retention: Duration, messages: usize) -> Self {
        self.settings.realtime = Limits {
            retention,
            capacity: messages,
        };
        self
    }

    /// Creates the sandbox.
    #[must_use]
    pub fn build(self) -> Sandbox {
        Sandbox::with(self.settings, VirtualClock::new())
    }

    /// Creates the sandbox with one clock for it and for its clients.
    pub(crate) fn build_on(self, clock: &VirtualClock) -> Sandbox {
        Sandbox::with(self.clock(clock.clone()).settings, clock.clone())
    }
}
