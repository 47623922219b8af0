use serde_json::Value;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        EncodeResponse, Fields, Page, PageDirection, Paginate, Paging, RequestParts, RequestView,
        ResponseError, UserField,
    },
    types::{InvalidValue, User},
};

/// `GET /apps/{id}/activeusers`: lists the users who are online now.
///
/// * Scope: `users-list-active`.
/// * 1 to 50 users a page, 20 by default; only the direction
///   [`Before`](PageDirection::Before).
/// * Idempotent: yes.
/// * Source: <https://developers.carrotquest.io/webapi/endpoints/apps/activeusers>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct ActiveUsers {
    fields: Fields<UserField>,
    paging: Paging,
}

impl ActiveUsers {
    /// The optional fields that the service returns by default.
    pub const DEFAULT_FIELDS: &[UserField] = &[
        UserField::PresenceDetails,
        UserField::Presence,
        UserField::Props,
    ];

    /// Creates a request for the first page of users who are online.
    pub fn new() -> Self {
        Self {
            fields: Fields::new(),
            paging: Paging::new(),
        }
    }

    /// Adds an optional field.
    pub fn include(mut self, field: UserField) -> Self {
        self.fields.set(field, true);
        self
    }

    /// Leaves an optional field out.
    pub fn exclude(mut self, field: UserField) -> Self {
        self.fields.set(field, false);
        self
    }

    /// Sets the page to read: its size and start.
    pub fn page(mut self, paging: impl Into<Paging>) -> Self {
        self.paging = paging.into();
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
    const SCOPES: &'static [&'static str] = &["users-list-active"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request = request_parts(context, "activeusers")?;
        self.fields.write_to(&mut request.parameters);
        self.paging
            .write_to(context.version, &mut request.parameters)?;
        if self.paging.requested_direction() != PageDirection::Before {
            return Err(InvalidValue::new(
                "paginate_direction",
                "must be `before` here",
            ));
        }
        Ok(request)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        Page::decode(version, &self.paging, body)
    }
}

impl EncodeResponse for ActiveUsers {
    fn encode(request: &RequestView<'_>, page: &Self::Output) -> Result<Value, serde_json::Error> {
        page.encode(request)
    }
}

impl Paginate for ActiveUsers {
    type Item = User;

    fn paging(&mut self) -> &mut Paging {
        &mut self.paging
    }

    fn identity(item: &User) -> Option<u64> {
        Some(item.id.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{NextCursor, UserId};

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"meta":{"status":200},"data":[{"id":184811087,"props_Custom":"","presence_details":{"page":"Information | My project","url":"http://example.com/some/page.php","session_started":1448798155,"presence":"online"}}]}"#;
        let page = ActiveUsers::new()
            .decode(ApiVersion::V2, body)
            .expect("a page");
        assert_eq!(page.items[0].id, UserId::new(184_811_087));
        assert_eq!(page.next, NextCursor::Absent);
    }
}
