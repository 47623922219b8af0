use std::fmt;

use carrot_types::{AppId, InvalidValue};

/// The version of the API that a client speaks. It is pinned on every request.
///
/// The service lets a request leave the API version out, and then uses whatever the vendor declares
/// current. A client that did so would change under its users' feet, so this one never does: the
/// API version stands in front of the path (`/v2/users/…`), which works alike for every HTTP method
/// and every kind of body.
/// Source: <https://developers.dashly.io/webapi/versioning/>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// Deprecated by the vendor; pages with `after` and `count`.
    V1,
    /// Current; pages with `paginate_position` and its companions.
    #[default]
    V2,
}

impl ApiVersion {
    /// Every API version, oldest first.
    pub const ALL: &[Self] = &[Self::V1, Self::V2];

    /// The path segment that pins the API version: `v1`, `v2`.
    #[must_use]
    pub const fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }

    /// Refuses a parameter that is set and that v1 does not know: it would be ignored in
    /// silence.
    pub(crate) fn reject_in_v1(self, name: &'static str, is_set: bool) -> Result<(), InvalidValue> {
        match self {
            Self::V1 if is_set => Err(InvalidValue::new(name, "exists only in v2 of the API")),
            _ => Ok(()),
        }
    }
}

/// The app, one site or product, that a client works on.
///
/// Source: <https://developers.carrotquest.io/webapi/endpoints/apps/channels>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum App {
    /// The app that the token belongs to: `$self_app` in a path, nothing in the parameters.
    #[default]
    SelfApp,
    /// An app named by its id.
    Id(AppId),
}

impl From<AppId> for App {
    fn from(id: AppId) -> Self {
        Self::Id(id)
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SelfApp => f.write_str("$self_app"),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// What an operation needs to know of the client to describe its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ApiContext {
    /// The pinned API version.
    pub version: ApiVersion,
    /// The app that the client works on.
    pub app: App,
}

impl ApiContext {
    /// A context of this API version, for the app of the token.
    #[must_use]
    pub const fn new(version: ApiVersion) -> Self {
        Self {
            version,
            app: App::SelfApp,
        }
    }

    /// Names the app.
    #[must_use = "a setter returns the changed value"]
    pub fn app(mut self, app: impl Into<App>) -> Self {
        self.app = app.into();
        self
    }
}
