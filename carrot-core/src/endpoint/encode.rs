use carrot_types::Envelope;
use serde::Serialize;
use serde_json::Value;

use super::Endpoint;
use crate::ApiVersion;

/// Writes the response of an operation, for test kits that replace the service. The client does not need
/// it.
///
/// New methods of this trait always have a default, so an implementation stays valid.
///
/// ```
/// use carrot_core::{ApiVersion, apps, endpoint::{RequestView, EncodeResponse}};
///
/// let request = RequestView::new(ApiVersion::V2, &[]);
/// let body = apps::Channels::encode(&request, &Vec::new())?;
/// assert_eq!(body["meta"]["status"], 200);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub trait EncodeResponse: Endpoint<Output: Serialize> {
    /// Writes the body that [`decode`](Endpoint::decode) reads as `output`. A test kit sees requests but
    /// no operations, so the body may depend only on the request. By default the output is the `data` of
    /// an envelope.
    ///
    /// # Errors
    ///
    /// The output cannot be serialized.
    fn encode(
        request: &RequestView<'_>,
        output: &Self::Output,
    ) -> Result<Value, serde_json::Error> {
        let _ = request;
        serde_json::to_value(Envelope::ok(output))
    }
}

impl<E: EncodeResponse> EncodeResponse for &E {
    fn encode(
        request: &RequestView<'_>,
        output: &Self::Output,
    ) -> Result<Value, serde_json::Error> {
        E::encode(request, output)
    }
}

/// The parts of a request that a response may depend on: the API version and the parameters.
///
/// For [`EncodeResponse::encode`].
#[derive(Clone, Copy, Debug)]
pub struct RequestView<'a> {
    version: ApiVersion,
    parameters: &'a [(String, String)],
}

impl<'a> RequestView<'a> {
    /// Creates a view of a request with this API version and these parameters: decoded names and values.
    #[must_use]
    pub const fn new(version: ApiVersion, parameters: &'a [(String, String)]) -> Self {
        Self {
            version,
            parameters,
        }
    }

    /// Returns the API version.
    #[must_use]
    pub const fn version(&self) -> ApiVersion {
        self.version
    }

    /// Returns the value of the first parameter with this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let found = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }
}
