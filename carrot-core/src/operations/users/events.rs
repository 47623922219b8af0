use http::Method;
use serde_json::Value;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, Page, Paginate, Paging, RequestParts, RequestView, ResponseError},
    types::{Event, EventName, InvalidValue, UserRef},
};

/// `GET /users/{id}/events`: lists the events of a user, newest first.
///
/// * Scope: `user-read`.
/// * Error for an unknown external id: `LookupError` (HTTP 400).
/// * Idempotent: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/events/get>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Events {
    user: UserRef,
    name: Option<EventName>,
    props_as_string: Option<bool>,
    paging: Paging,
}

impl Events {
    /// Creates a request for the newest events of a user.
    pub fn new(user: impl Into<UserRef>) -> Self {
        Self {
            user: user.into(),
            name: None,
            props_as_string: None,
            paging: Paging::new(),
        }
    }

    /// Filters events with exactly this name (`filter_name`).
    pub fn named(mut self, name: EventName) -> Self {
        self.name = Some(name);
        self
    }

    /// Requests all property values as text (`props_as_string`), to keep integers that a 64-bit float
    /// cannot represent exactly.
    pub fn props_as_text(mut self) -> Self {
        self.props_as_string = Some(true);
        self
    }

    /// Sets the page to read: its size and start.
    pub fn page(mut self, paging: impl Into<Paging>) -> Self {
        self.paging = paging.into();
        self
    }
}

impl Endpoint for Events {
    type Output = Page<Event>;
    const NAME: &'static str = "users.events";
    const SCOPES: &'static [&'static str] = &["user-read"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::GET, &self.user, Some("events"), context)?;
        let parameters = &mut request.parameters;
        if let Some(name) = &self.name {
            parameters.line("filter_name", name.as_str())?;
        }
        parameters.optional_flag("props_as_string", self.props_as_string);
        self.paging.write_to(context.version, parameters)?;
        Ok(request)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        Page::decode(version, &self.paging, body)
    }
}

impl EncodeResponse for Events {
    fn encode(request: &RequestView<'_>, page: &Self::Output) -> Result<Value, serde_json::Error> {
        page.encode(request)
    }
}

impl Paginate for Events {
    type Item = Event;

    fn paging(&mut self) -> &mut Paging {
        &mut self.paging
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Cursor, UserId};

    #[test]
    fn decodes_responses_of_both_versions() {
        let endpoint = Events::new(UserId::new(1));
        let data = r#""data":[{"id":335704586,"created":1467192929,"type":{"id":5857,"name":"MyEvent","score":0,"visible":true},"user":22735768,"props":{"App":"Eva99"}}]"#;
        for (version, meta, cursor) in [
            (
                ApiVersion::V2,
                r#""next_before_position":[7936756]"#,
                "[7936756]",
            ),
            (ApiVersion::V1, r#""next_after":335695472"#, "335695472"),
        ] {
            let body = format!(r#"{{"meta":{{{meta},"status":200}},{data}}}"#);
            let page = endpoint.decode(version, body.as_bytes()).expect("a page");
            assert_eq!(page.items.len(), 1);
            assert_eq!(page.next.cursor().map(Cursor::as_str), Some(cursor));
        }
    }
}
