use serde::{Deserialize, Serialize};

use crate::UserId;

/// Names a user in a request: by the id of the service, or by an id of your own.
///
/// Your external id is what the vendor calls "User ID": a unique string of up to 255 characters that
/// never changes, such as the primary key of your user table. Whether an unknown external id creates the
/// user depends on the operation; each says so.
/// Source: <https://developers.dashly.io/webapi/endpoints/users/user>
///
/// It goes through serde, to be kept by a program, as `{"id":1}`, `{"external":"order-42"}` or
/// `"self_user"`. The service has no such form.
///
/// ```
/// use carrot_types::{UserId, UserRef};
///
/// let by_service_id = UserRef::from(UserId::new(22_735_768));
/// let by_external_id = UserRef::external("order-42");
/// assert_ne!(by_service_id, by_external_id);
/// // A text is an external id, also one of digits.
/// assert_eq!(UserRef::from("order-42"), by_external_id);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserRef {
    /// The id that the service gave.
    Id(UserId),
    /// The id that your own system gave.
    External(String),
    /// The user of the token (`$self_user`), where the token is that of a user. Observed in the vendor's
    /// own clients; the token of an app has no user.
    SelfUser,
}

impl UserRef {
    /// Names a user by an id of your own: 1 to 255 characters, checked when a request is built.
    pub fn external(id: impl Into<String>) -> Self {
        Self::External(id.into())
    }

    /// Returns true for an external id, which is sent with `by_user_id`.
    #[must_use]
    pub fn is_external(&self) -> bool {
        matches!(self, Self::External(_))
    }
}

impl From<UserId> for UserRef {
    fn from(id: UserId) -> Self {
        Self::Id(id)
    }
}

/// An external id; see [`UserRef::external`]. For an id of the service write `UserId::new(7)`.
impl From<&str> for UserRef {
    fn from(id: &str) -> Self {
        Self::external(id)
    }
}

/// An external id; see [`UserRef::external`].
impl From<String> for UserRef {
    fn from(id: String) -> Self {
        Self::External(id)
    }
}
