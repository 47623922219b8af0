use http::Method;

use super::describe;
use crate::{
    ApiContext, Endpoint,
    endpoint::RequestParts,
    types::{InvalidValue, User, UserRef},
};

/// `GET /users/{id}`: reads one user.
///
/// The system properties come without being asked for; everything else has a switch here.
///
/// * Right of the token: `user-read`.
/// * An unknown external id gives `LookupError` (HTTP 400). The English page says instead that the user
///   is created, with a text copied from another operation; be ready for both.
/// * Safe to repeat: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/user>
///
/// ```
/// # async fn example(client: &carrot_core::Client) -> Result<(), carrot_core::Error> {
/// use carrot_core::{types::UserRef, users};
///
/// let user = client.call(users::Get::new(UserRef::external("order-42")).with_notes()).await?;
/// println!("{} is {:?}, {} notes", user.id, user.presence, user.notes.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Get {
    user: UserRef,
    /// Names and values of the switches that are set.
    switches: Vec<(&'static str, bool)>,
}

impl Get {
    /// Reads this user.
    pub fn new(user: impl Into<UserRef>) -> Self {
        Self {
            user: user.into(),
            switches: Vec::new(),
        }
    }

    fn switch(mut self, name: &'static str, on: bool) -> Self {
        self.switches.retain(|(known, _)| *known != name);
        self.switches.push((name, on));
        self
    }

    /// Leaves the system properties out (`props`).
    pub fn without_props(self) -> Self {
        self.switch("props", false)
    }

    /// Adds the custom properties (`props_custom`).
    pub fn with_custom_props(self) -> Self {
        self.switch("props_custom", true)
    }

    /// Adds the properties derived from events (`props_events`): first, last and count of each.
    pub fn with_event_props(self) -> Self {
        self.switch("props_events", true)
    }

    /// Adds where the user is on the site right now (`presence_details`).
    pub fn with_presence_details(self) -> Self {
        self.switch("presence_details", true)
    }

    /// Adds first, last and count of each event type in a form of its own (`events`).
    pub fn with_events(self) -> Self {
        self.switch("events", true)
    }

    /// Adds the segments that the user is in (`segments`).
    pub fn with_segments(self) -> Self {
        self.switch("segments", true)
    }

    /// Adds the notes of operators on the user (`notes`).
    pub fn with_notes(self) -> Self {
        self.switch("notes", true)
    }

    /// Adds the tags of the user (`tags`).
    pub fn with_tags(self) -> Self {
        self.switch("tags", true)
    }

    /// Adds the state of the e-mail subscription (`email_status`).
    pub fn with_email_status(self) -> Self {
        self.switch("email_status", true)
    }

    /// Adds the time zone, in minutes from UTC (`timezone_offset`).
    pub fn with_timezone_offset(self) -> Self {
        self.switch("timezone_offset", true)
    }

    /// Gives all property values as text (`convert_props_types=false`), for integers beyond the
    /// exact range of a 64-bit float.
    pub fn props_as_text(self) -> Self {
        self.switch("convert_props_types", false)
    }
}

impl Endpoint for Get {
    type Output = User;
    const NAME: &'static str = "users.get";
    const SCOPE: Option<&'static str> = Some("user-read");

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut description = describe(Method::GET, &self.user, None, context)?;
        for (name, on) in &self.switches {
            description.parameters.flag(name, *on);
        }
        Ok(description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApiVersion, types::UserId};

    #[test]
    fn reads_the_response_of_the_vendors_page() {
        let body = br#"{"meta":{"status":200},"data":{"id":1448121617782670208,"app":100,"user_id":null,"presence":"idle","removed":null}}"#;
        let user = Get::new(UserId::new(1))
            .decode(ApiVersion::V2, body)
            .expect("a user");
        assert_eq!(user.id, UserId::new(1_448_121_617_782_670_208));
        assert_eq!(user.user_id, None);
    }
}
