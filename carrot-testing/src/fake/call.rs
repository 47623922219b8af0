use std::{fmt, time::Duration};

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
    at: Duration,
    pub(super) outcome: String,
}

impl RecordedCall {
    pub(crate) fn new(request: RecordedRequest, at: Duration) -> Self {
        let parameters = [request.query_pairs(), request.form_pairs()].concat();
        Self {
            request,
            parameters,
            at,
            outcome: String::new(),
        }
    }

    /// The name of the operation, such as `conversations.reply`; empty where no client sent the
    /// request.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.request.operation().unwrap_or_default()
    }

    /// True for a call of this operation.
    #[must_use]
    pub fn is<E: Endpoint>(&self) -> bool {
        self.operation() == E::NAME
    }

    /// The path with `{id}` in place of every id, such as `/v2/conversations/{id}/reply`; the path
    /// itself where no client sent the request.
    #[must_use]
    pub fn path_template(&self) -> &str {
        match self.request.context() {
            Some(context) => &context.path_template,
            None => self.request.path(),
        }
    }

    /// The first id in the path, decoded: `716`, `order-42`, `$self_app`.
    #[must_use]
    pub fn path_id(&self) -> Option<String> {
        // A proxy may have a path of its own in front.
        let template = self.path_template().rsplit('/');
        let path = self.request.path().rsplit('/');
        let ids = template.zip(path).filter(|(name, _)| *name == "{id}");
        let id = ids.last()?.1;
        Some(wire::segment(id)?.into_owned())
    }

    /// The value of a parameter, decoded, in the query or in the form; the first one of that name.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// The value of a parameter that is JSON; `None` also when it is none.
    #[must_use]
    pub fn param_json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.param(name)?).ok()
    }

    /// The parameters of the query and of the form, decoded, in their order.
    #[must_use]
    pub fn params(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// Counts the attempts of one call, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.request.context().map_or(1, |context| context.attempt)
    }

    /// When it came, on the clock of the fake.
    #[must_use]
    pub fn at(&self) -> Duration {
        self.at
    }

    /// The generation that the path pins; 2 where it pins none.
    #[must_use]
    pub fn version(&self) -> ApiVersion {
        let pinned = self.path_template().split('/').nth(1);
        ApiVersion::ALL
            .into_iter()
            .find(|version| Some(version.segment()) == pinned)
            .unwrap_or_default()
    }

    /// What it was answered with, in a few words: `200`, `429 TooManyRequests`.
    #[must_use]
    pub fn outcome(&self) -> &str {
        &self.outcome
    }

    /// The HTTP request.
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
        let named = in_path.as_deref().or_else(|| self.param("app"));
        let id = named.and_then(|id| id.parse::<AppId>().ok());
        id.map_or(App::OfToken, App::Id)
    }

    /// The operation, or the method and the path where no client sent the request.
    pub(super) fn name(&self) -> String {
        match self.request.operation() {
            Some(operation) => operation.to_owned(),
            None => format!("{} {}", self.request.method(), self.request.path()),
        }
    }
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
