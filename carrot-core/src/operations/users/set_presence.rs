use http::Method;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, nonce_setter, response, write_nonce},
    types::{Empty, InvalidValue, Presence, UserRef},
};

const SESSION_CHARS: usize = 32;

/// `POST /users/{id}/setpresence`: marks a user as online or idle. Call it about once a minute; after
/// two minutes without a call the user is offline.
///
/// * Scope: `user-write`.
/// * Accepts only the id of the service, or [`UserRef::SelfUser`].
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/setpresence/>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct SetPresence {
    user: UserRef,
    presence: Presence,
    page: Option<String>,
    url: Option<String>,
    session: Option<String>,
    nonce: Option<String>,
}

impl SetPresence {
    /// Creates a request that sets [`Online`](Presence::Online) or [`Idle`](Presence::Idle). A call with
    /// another presence fails before it is sent: the service sets users offline itself.
    pub fn new(user: impl Into<UserRef>, presence: Presence) -> Self {
        Self {
            user: user.into(),
            presence,
            page: None,
            url: None,
            session: None,
            nonce: None,
        }
    }

    /// Sets the title of the page that the user views (`current_page`). v2 only.
    pub fn page(mut self, title: impl Into<String>) -> Self {
        self.page = Some(title.into());
        self
    }

    /// Sets the URL of the page (`current_url`). v2 only.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Sets the random id of the browser session: 32 characters of `a-z` and `0-9`. Required in v1. The
    /// page of v2 contains it in a sample but not in the list of parameters.
    pub fn session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }
}

nonce_setter!(SetPresence);

impl Endpoint for SetPresence {
    type Output = Empty;
    const NAME: &'static str = "users.set_presence";
    const SCOPES: &'static [&'static str] = &["user-write"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        if !matches!(self.presence, Presence::Online | Presence::Idle) {
            return Err(InvalidValue::new("presence", "must be `online` or `idle`"));
        }
        if self.user.is_external() {
            let rule = "must be the id of the service: the operation accepts no external id";
            return Err(InvalidValue::new("user", rule));
        }
        let mut request = request_parts(Method::POST, &self.user, Some("setpresence"), context)?;
        let parameters = &mut request.parameters;
        parameters.line("presence", self.presence.as_str())?;
        for (name, value) in [("current_page", &self.page), ("current_url", &self.url)] {
            let Some(value) = value else { continue };
            context.version.reject_in_v1(name, true)?;
            parameters.line(name, value)?;
        }
        match &self.session {
            Some(session) => {
                let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                if session.len() != SESSION_CHARS || !session.bytes().all(allowed) {
                    let rule = "must be 32 characters of `a-z` and `0-9`";
                    return Err(InvalidValue::new("session", rule));
                }
                parameters.line("session", session)?;
            }
            None if context.version == ApiVersion::V1 => {
                return Err(InvalidValue::new("session", "is required in v1 of the API"));
            }
            None => {}
        }
        write_nonce(parameters, self.nonce.as_deref())?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::empty(body)
    }
}

impl EncodeResponse for SetPresence {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::UserId;

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"meta":{"status":200},"data":{}}"#;
        let endpoint = SetPresence::new(UserId::new(1), Presence::Online);
        assert_eq!(endpoint.decode(ApiVersion::V2, body), Ok(Empty::new()));
    }
}
