use std::fmt;

use carrot_types::{AppId, InvalidValue};

/// The version of the API, sent with every request.
///
/// Without a version the service uses the one that the vendor declares current, which may change. So the
/// client always sends it, as the first segment of the path (`/v2/users/…`), which works for every HTTP
/// method and body.
/// Source: <https://developers.dashly.io/webapi/versioning/>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// Deprecated by the vendor. Its paging parameters are `after` and `count`.
    V1,
    /// Current. Its paging parameters start with `paginate_`.
    #[default]
    V2,
}

impl ApiVersion {
    /// All API versions, oldest first.
    pub const ALL: &[Self] = &[Self::V1, Self::V2];

    /// Returns the first segment of the path: `v1` or `v2`.
    #[must_use]
    pub const fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }

    /// Rejects a set parameter in v1, which does not have it and would silently ignore it.
    pub(crate) fn reject_in_v1(self, name: &'static str, is_set: bool) -> Result<(), InvalidValue> {
        match self {
            Self::V1 if is_set => Err(InvalidValue::new(name, "exists only in v2 of the API")),
            _ => Ok(()),
        }
    }
}

/// The app, such as one site or product, of a client.
///
/// Source: <https://developers.carrotquest.io/webapi/endpoints/apps/channels>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum App {
    /// The app of the token: `$self_app` in a path, no parameter.
    #[default]
    SelfApp,
    /// The app with this id.
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

/// The settings of a client that the request of an operation depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ApiContext {
    /// The API version.
    pub version: ApiVersion,
    /// The app.
    pub app: App,
}

impl ApiContext {
    /// Creates a context with this API version and the app of the token.
    #[must_use]
    pub const fn new(version: ApiVersion) -> Self {
        Self {
            version,
            app: App::SelfApp,
        }
    }

    /// Sets the app.
    #[must_use = "a setter returns the changed value"]
    pub fn app(mut self, app: impl Into<App>) -> Self {
        self.app = app.into();
        self
    }
}
