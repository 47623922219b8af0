use http::Method;
use serde_json::Value;

use super::{describe, refuse_external_in_v1};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{Asked, ConversationField, Fields, Page, Paging, RequestParts, ResponseError},
    types::{Conversation, InvalidValue, RecipientType, UserRef},
};

/// `GET /users/{id}/conversations`: lists the conversations of a user, by their last update, newest
/// first.
///
/// * Right of the token: `conversations-read` and `user-read`.
/// * An unknown external id gives `LookupError` (HTTP 400). v1 takes only the id of the service,
///   and its answers have no `user`.
/// * Safe to repeat: yes.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/conversations>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct Conversations {
    user: UserRef,
    with_user_replies_only: Option<bool>,
    recipient_type: Option<RecipientType>,
    fields: Fields<ConversationField>,
    paging: Paging,
}

impl Conversations {
    /// The optional fields that come without being asked for.
    pub const DEFAULT_FIELDS: &[ConversationField] = &[
        ConversationField::User,
        ConversationField::ImportantPartLast,
        ConversationField::ReplyLast,
        ConversationField::PartLast,
    ];

    /// Lists the conversations of this user.
    pub fn new(user: impl Into<UserRef>) -> Self {
        Self {
            user: user.into(),
            with_user_replies_only: None,
            recipient_type: None,
            fields: Fields::new(),
            paging: Paging::new(),
        }
    }

    /// Only conversations in which the user wrote (`with_user_replies_only`). v2 only.
    pub fn with_user_replies_only(mut self) -> Self {
        self.with_user_replies_only = Some(true);
        self
    }

    /// Whether the conversation began on the site or in the mobile app (`recipient_type`): `web` by
    /// default. v2 only.
    pub fn recipient_type(mut self, recipient_type: RecipientType) -> Self {
        self.recipient_type = Some(recipient_type);
        self
    }

    /// Switches an optional field on or off. v2 only.
    pub fn field(mut self, field: ConversationField, on: bool) -> Self {
        self.fields.set(field, on);
        self
    }
}

impl Endpoint for Conversations {
    type Output = Page<Conversation>;
    const NAME: &'static str = "users.conversations";
    const SCOPE: Option<&'static str> = Some("conversations-read, user-read");

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        refuse_external_in_v1(context, &self.user)?;
        let mut description = describe(Method::GET, &self.user, Some("conversations"), context)?;
        let parameters = &mut description.parameters;
        let version = context.version;
        version.refuse_in_v1(
            "with_user_replies_only",
            self.with_user_replies_only.is_some(),
        )?;
        version.refuse_in_v1("recipient_type", self.recipient_type.is_some())?;
        parameters.optional_flag("with_user_replies_only", self.with_user_replies_only);
        match &self.recipient_type {
            Some(kind @ (RecipientType::Web | RecipientType::Sdk)) => {
                parameters.line("recipient_type", kind.as_str())?;
            }
            Some(_) => {
                return Err(InvalidValue::new(
                    "recipient_type",
                    "must be `web` or `sdk`",
                ));
            }
            None => {}
        }
        self.fields.refuse_in_v1(version)?;
        self.fields.describe(parameters);
        self.paging.describe(context.version, parameters)?;
        Ok(description)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        Page::decode(version, &self.paging, body)
    }

    fn encode(asked: &Asked<'_>, page: &Self::Output) -> Result<Value, serde_json::Error> {
        page.encode(asked)
    }
}

pages_of!(Conversations, Conversation);
