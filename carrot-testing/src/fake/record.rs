use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use carrot_core::{ApiVersion, App, Endpoint, types::AppId};
use serde_json::Value;

use crate::{
    recording::RecordedRequest,
    wire::{self, Pairs},
};

/// One request that a fake got. Every attempt of a call is one.
#[derive(Clone)]
pub struct RecordedCall {
    request: RecordedRequest,
    parameters: Pairs,
    path_id: Option<String>,
    at: Duration,
    pub(super) outcome: String,
    /// What the checks of the test said, each asked once at most.
    pub(super) checks: Arc<Checks>,
}

/// The results of checks by the address of their closure.
pub(super) type Checks = BTreeMap<usize, Checked>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Checked {
    Holds,
    Fails,
    Panicked(String),
}

impl RecordedCall {
    pub(crate) fn new(request: RecordedRequest, at: Duration) -> Self {
        Self {
            parameters: request.params(),
            path_id: first_id(&request),
            request,
            at,
            outcome: String::new(),
            checks: Arc::default(),
        }
    }

    /// Returns the name of the operation, such as `conversations.reply`; empty where no client sent the
    /// request.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.request.operation().unwrap_or_default()
    }

    /// Returns true for a call of this operation.
    #[must_use]
    pub fn is<E: Endpoint>(&self) -> bool {
        self.operation() == E::NAME
    }

    /// Returns the path with `{id}` in place of every id, such as `/v2/conversations/{id}/reply`; the path
    /// itself where no client sent the request.
    #[must_use]
    pub fn path_template(&self) -> &str {
        match self.request.context() {
            Some(context) => &context.path_template,
            None => self.request.path(),
        }
    }

    /// Returns the first id in the path, decoded: `716`, `order-42`, `$self_app`.
    #[must_use]
    pub fn path_id(&self) -> Option<&str> {
        self.path_id.as_deref()
    }

    /// Returns the value of a parameter, decoded, in the query or in the form; the first one of that name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// Returns the value of a parameter, parsed as JSON; `None` when it is absent or not JSON.
    #[must_use]
    pub fn param_json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.param(name)?).ok()
    }

    /// Returns the parameters of the query and of the form, decoded, in their order.
    #[must_use]
    pub fn params(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// Counts the attempts of one call, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.request.context().map_or(1, |context| context.attempt)
    }

    /// Returns the time at which it came, on the clock of the fake.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }

    /// Returns the API version that the path pins; 2 where it pins none.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        self.request.version()
    }

    /// Returns the response in a few words: `200`, `429 TooManyRequests`.
    #[must_use]
    pub fn outcome(&self) -> &str {
        &self.outcome
    }

    /// Returns the HTTP request.
    #[must_use]
    pub fn request(&self) -> &RecordedRequest {
        &self.request
    }

    /// The app that the request names.
    pub(super) fn app(&self) -> App {
        let in_path = match self.path_template().split('/').nth(2) {
            Some("apps") => self.path_id(),
            _ => None,
        };
        let named = in_path.or_else(|| self.param("app"));
        let id = named.and_then(|id| id.parse::<AppId>().ok());
        id.map_or(App::SelfApp, App::Id)
    }

    /// The operation, or the method and the path where no client sent the request.
    pub(super) fn name(&self) -> String {
        match self.request.operation() {
            Some(operation) => operation.to_owned(),
            None => format!("{} {}", self.request.method(), self.request.path()),
        }
    }
}

fn first_id(request: &RecordedRequest) -> Option<String> {
    // From the end: a proxy may have a path of its own in front.
    let template = request.context()?.path_template.rsplit('/');
    let ids = template
        .zip(request.path().rsplit('/'))
        .filter(|(name, _)| *name == "{id}");
    Some(wire::segment(ids.last()?.1)?.into_owned())
}

impl fmt::Debug for RecordedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedCall")
            .field("request", &self.request)
            .field("attempt", &self.attempt())
            .field("at", &self.at)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
