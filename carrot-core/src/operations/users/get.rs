use http::Method;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, Fields, RequestParts, ResponseError, UserField, response},
    types::{InvalidValue, User, UserRef},
};

/// `GET /users/{id}`: reads one user.
///
/// The service returns the system properties by default; everything else is an optional field. The API
/// has no operation to merge or delete users.
///
/// * Scope: `user-read`.
/// * Error for an unknown external id: `LookupError` (HTTP 400). The English page says instead that the
///   service creates the user, probably by mistake; handle both.
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/user>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::{endpoint::UserField, types::UserRef, users};
///
/// let get = users::Get::new(UserRef::external("order-42")).include(UserField::Notes);
/// let user = client.call(get).await?;
/// println!("{} is {:?}, {} notes", user.id, user.presence, user.notes.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Get {
    user: UserRef,
    fields: Fields<UserField>,
    props_as_text: bool,
}

impl Get {
    /// Creates a request for one user.
    pub fn new(user: impl Into<UserRef>) -> Self {
        Self {
            user: user.into(),
            fields: Fields::new(),
            props_as_text: false,
        }
    }

    /// Adds an optional field.
    pub fn include(mut self, field: UserField) -> Self {
        self.fields.set(field, true);
        self
    }

    /// Leaves an optional field out. By default the service returns only the system properties
    /// ([`UserField::Props`]).
    pub fn exclude(mut self, field: UserField) -> Self {
        self.fields.set(field, false);
        self
    }

    /// Requests all property values as text (`convert_props_types=false`), to keep integers that a
    /// 64-bit float cannot represent exactly.
    pub fn props_as_text(mut self) -> Self {
        self.props_as_text = true;
        self
    }
}

impl Endpoint for Get {
    type Output = User;
    const NAME: &'static str = "users.get";
    const SCOPES: &'static [&'static str] = &["user-read"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::GET, &self.user, None, context)?;
        self.fields.write_bare_to(&mut request.parameters);
        if self.props_as_text {
            request.parameters.flag("convert_props_types", false);
        }
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::data(body)
    }
}

impl EncodeResponse for Get {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::UserId;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"meta":{"status":200},"data":{"id":1448121617782670208,"app":100,"user_id":null,"presence":"idle","removed":null}}"#;
        let user = Get::new(UserId::new(1))
            .decode(ApiVersion::V2, body)
            .expect("a user");
        assert_eq!(user.id, UserId::new(1_448_121_617_782_670_208));
        assert_eq!(user.user_id, None);
    }
}
