use serde_json::Value;

use super::describe;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        Asked, Fields, Page, PageDirection, Paging, RequestParts, ResponseError, UserField,
    },
    types::{InvalidValue, User},
};

/// `GET /apps/{id}/activeusers`: lists the users who are online now.
///
/// * Right of the token: `users-list-active`.
/// * 1 to 50 users a page, 20 by default; only the direction
///   [`Before`](PageDirection::Before).
/// * Safe to repeat: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/apps/activeusers>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct ActiveUsers {
    fields: Fields<UserField>,
    paging: Paging,
}

impl ActiveUsers {
    /// The optional fields that come without being asked for.
    pub const DEFAULT_FIELDS: &[UserField] = &[
        UserField::PresenceDetails,
        UserField::Presence,
        UserField::Props,
    ];

    /// Lists the users who are online.
    pub fn new() -> Self {
        Self {
            fields: Fields::new(),
            paging: Paging::new(),
        }
    }

    /// Switches an optional field on or off.
    pub fn field(mut self, field: UserField, on: bool) -> Self {
        self.fields.set(field, on);
        self
    }
}

impl Default for ActiveUsers {
    fn default() -> Self {
        Self::new()
    }
}

impl Endpoint for ActiveUsers {
    type Output = Page<User>;
    const NAME: &'static str = "apps.active_users";
    const SCOPE: Option<&'static str> = Some("users-list-active");

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut description = describe(context, "activeusers")?;
        self.fields.describe(&mut description.parameters);
        self.paging
            .describe(context.version, &mut description.parameters)?;
        if self.paging.asked_direction() != PageDirection::Before {
            return Err(InvalidValue::new(
                "paginate_direction",
                "must be `before` here",
            ));
        }
        Ok(description)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        Page::decode(version, &self.paging, body)
    }

    fn encode(asked: &Asked<'_>, page: &Self::Output) -> Result<Value, serde_json::Error> {
        page.encode(asked)
    }
}

pages_of!(ActiveUsers, User, by_id);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{NextCursor, UserId};

    #[test]
    fn reads_the_response_of_the_vendors_page() {
        let body = br#"{"meta":{"status":200},"data":[{"id":184811087,"props_Custom":"","presence_details":{"page":"Information | My project","url":"http://example.com/some/page.php","session_started":1448798155,"presence":"online"}}]}"#;
        let page = ActiveUsers::new()
            .decode(ApiVersion::V2, body)
            .expect("a page");
        assert_eq!(page.items[0].id, UserId::new(184_811_087));
        assert_eq!(page.next, NextCursor::Absent);
    }
}
