use http::Method;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{EncodeResponse, RequestParts, ResponseError, nonce_setter, response, write_nonce},
    types::{
        Event, EventName, EventProperties, InvalidValue, PropertyValue, Timestamp, TypedEvent,
        UserRef,
    },
};

/// `POST /users/{id}/events`: records an event of a user.
///
/// * Scope: `user-write`.
/// * An unknown external id creates the user.
/// * A number with decimals, a list of numbers or a dictionary goes as a
///   [raw value](PropertyValue::raw), which the vendor does not document.
/// * Idempotent: no, each call records an event.
/// * The response contains the event. In older pages of v1 it contains only the id.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/events/post>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use carrot_core::{
///     types::{EventName, EventProperties, UserRef},
///     users,
/// };
///
/// let event = users::TrackEvent::new(UserRef::external("order-42"), EventName::new("Order placed")?)
///     .properties(EventProperties::new().with("sum", 4_990)?);
/// client.call(event).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "does nothing until it is called"]
pub struct TrackEvent {
    user: UserRef,
    name: EventName,
    properties: EventProperties,
    created: Option<Timestamp>,
    nonce: Option<String>,
}

impl TrackEvent {
    /// Creates an event of this name, without properties.
    pub fn new(user: impl Into<UserRef>, name: EventName) -> Self {
        Self {
            user: user.into(),
            name,
            properties: EventProperties::new(),
            created: None,
            nonce: None,
        }
    }

    /// Creates an event from a type with its name and properties, such as
    /// [`ProductViewed`](crate::types::ecommerce::ProductViewed).
    ///
    /// # Errors
    ///
    /// The name or a property of the event breaks a limit.
    pub fn typed(user: impl Into<UserRef>, event: &impl TypedEvent) -> Result<Self, InvalidValue> {
        let name = EventName::new(event.name())?;
        Ok(Self::new(user, name).properties(event.properties()?))
    }

    /// Sets the properties of the event (`params`).
    pub fn properties(mut self, properties: EventProperties) -> Self {
        self.properties = properties;
        self
    }

    /// The user.
    pub(crate) fn user(&self) -> &UserRef {
        &self.user
    }

    /// The name of the event.
    pub(crate) fn name(&self) -> &EventName {
        &self.name
    }

    /// The value of a property.
    pub(crate) fn property(&self, name: &str) -> Option<&PropertyValue> {
        self.properties.get(name)
    }

    /// When it happened, where that was set.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        self.created
    }

    /// Sets the time of the event. Now by default. An event with a time does not trigger automatic
    /// messages, bots or integrations.
    pub fn created(mut self, created: impl Into<Timestamp>) -> Self {
        self.created = Some(created.into());
        self
    }
}

nonce_setter!(TrackEvent);

impl Endpoint for TrackEvent {
    type Output = Event;
    const NAME: &'static str = "users.track_event";
    const SCOPES: &'static [&'static str] = &["user-write"];

    const IDEMPOTENT: bool = false;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(Method::POST, &self.user, Some("events"), context)?;
        let parameters = &mut request.parameters;
        parameters.line("event", self.name.as_str())?;
        if !self.properties.is_empty() {
            parameters.json("params", &self.properties)?;
        }
        if let Some(created) = self.created {
            parameters.line("created", &created.to_string())?;
        }
        write_nonce(parameters, self.nonce.as_deref())?;
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::data(body)
    }
}

impl EncodeResponse for TrackEvent {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{EventId, UserId};

    #[test]
    fn decodes_current_and_older_responses() {
        let name = EventName::new("testEvent").expect("a name");
        let endpoint = TrackEvent::new(UserId::new(1), name);
        let full = br#"{"meta":{"status":200},"data":{"id":6187513,"created":123123123,"type":{"id":123123123,"name":"testEvent","score":0,"visible":true,"active":false},"user":123123123,"props":{}}}"#;
        let event = endpoint.decode(ApiVersion::V2, full).expect("an event");
        assert_eq!(event.user, Some(UserId::new(123_123_123)));
        let old = br#"{"meta": {"status": 200}, "data": {"id": 6187513}}"#;
        let event = endpoint.decode(ApiVersion::V1, old).expect("an event");
        assert_eq!(event, Event::new(EventId::new(6_187_513)));
    }
}
