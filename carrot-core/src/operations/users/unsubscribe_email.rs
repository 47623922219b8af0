use http::Method;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, response},
    types::{Empty, InvalidValue, UserRef},
};

/// `POST /users/{id}/unsubscribeemail`: unsubscribes a user from e-mails.
///
/// Documented by Carrot quest and not by Dashly, which runs the same service: it probably works on
/// both.
///
/// * Scope: not documented.
/// * Error for an unknown external id: `LookupError` (HTTP 400).
/// * Error for a user without an e-mail address, or in a state other than subscribed, awaiting
///   confirmation or unsubscribed: `BadRequest` (HTTP 400).
/// * Idempotent: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/users/unsubscribeemail>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct UnsubscribeEmail {
    user: UserRef,
}

impl UnsubscribeEmail {
    /// Creates a request that unsubscribes a user.
    pub fn new(user: impl Into<UserRef>) -> Self {
        Self { user: user.into() }
    }
}

impl Endpoint for UnsubscribeEmail {
    type Output = Empty;
    const NAME: &'static str = "users.unsubscribe_email";

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        request_parts(Method::POST, &self.user, Some("unsubscribeemail"), context)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::empty(body)
    }
}

impl EncodeResponse for UnsubscribeEmail {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::UserId;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"meta": {"status": 200}, "data": {}}"#;
        let endpoint = UnsubscribeEmail::new(UserId::new(1));
        assert_eq!(endpoint.decode(ApiVersion::V2, body), Ok(Empty::new()));
    }
}
