use carrot_types::Envelope;
use serde::Serialize;
use serde_json::Value;

use super::Endpoint;
use crate::ApiVersion;

/// Writes the response of an operation: for test kits that stand in for the service. The client does
/// not need it.
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
    /// Writes the body that [`decode`](Endpoint::decode) reads back as `output`. A test kit sees
    /// requests and no operations, so the body may depend on the request alone. The default puts the
    /// output into the `data` of an envelope.
    ///
    /// # Errors
    ///
    /// The output does not serialize.
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

/// What a response may depend on: the API version and the parameters of the request.
///
/// For [`EncodeResponse::encode`].
#[derive(Clone, Copy, Debug)]
pub struct RequestView<'a> {
    version: ApiVersion,
    parameters: &'a [(String, String)],
}

impl<'a> RequestView<'a> {
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
