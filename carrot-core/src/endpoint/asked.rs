use crate::ApiVersion;

/// What an answer may depend on: the API version and the parameters of the request.
///
/// For [`Endpoint::encode`](crate::Endpoint::encode).
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    version: ApiVersion,
    parameters: &'a [(String, String)],
}

impl<'a> Asked<'a> {
    /// A request of this API version with these parameters, names and values as the service reads
    /// them.
    #[must_use]
    pub const fn new(version: ApiVersion, parameters: &'a [(String, String)]) -> Self {
        Self {
            version,
            parameters,
        }
    }

    /// The API version.
    #[must_use]
    pub const fn version(&self) -> ApiVersion {
        self.version
    }

    /// The value of a parameter; the first one of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let found = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }
}
