use http::Method;
use serde_json::Value;

use super::{reject_external_in_v1, request_parts};
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        ConversationField, EncodeResponse, Fields, Page, Paginate, Paging, RequestParts,
        RequestView, ResponseError,
    },
    types::{Conversation, InvalidValue, RecipientType, UserRef},
};

/// `GET /users/{id}/conversations`: lists the conversations of a user, by their last update, newest
/// first.
///
/// * Scope: `conversations-read` and `user-read`.
/// * Error for an unknown external id: `LookupError` (HTTP 400). v1 accepts only the id of the
///   service, and its responses have no `user`.
/// * Idempotent: yes.
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
    /// The optional fields that the service returns by default.
    pub const DEFAULT_FIELDS: &[ConversationField] = &[
        ConversationField::User,
        ConversationField::ImportantPartLast,
        ConversationField::ReplyLast,
        ConversationField::PartLast,
    ];

    /// Creates a request for the first page of conversations of a user.
    pub fn new(user: impl Into<UserRef>) -> Self {
        Self {
            user: user.into(),
            with_user_replies_only: None,
            recipient_type: None,
            fields: Fields::new(),
            paging: Paging::new(),
        }
    }

    /// Filters conversations in which the user wrote (`with_user_replies_only`). v2 only.
    pub fn with_user_replies_only(mut self) -> Self {
        self.with_user_replies_only = Some(true);
        self
    }

    /// Filters conversations by where they started (`recipient_type`): on the site (`web`, the default)
    /// or in the mobile app (`sdk`). v2 only.
    pub fn recipient_type(mut self, recipient_type: RecipientType) -> Self {
        self.recipient_type = Some(recipient_type);
        self
    }

    /// Adds an optional field. v2 only.
    pub fn include(mut self, field: ConversationField) -> Self {
        self.fields.set(field, true);
        self
    }

    /// Leaves an optional field out. v2 only.
    pub fn exclude(mut self, field: ConversationField) -> Self {
        self.fields.set(field, false);
        self
    }

    /// Sets the page to read: its size and start.
    pub fn page(mut self, paging: impl Into<Paging>) -> Self {
        self.paging = paging.into();
        self
    }
}

impl Endpoint for Conversations {
    type Output = Page<Conversation>;
    const NAME: &'static str = "users.conversations";
    const SCOPES: &'static [&'static str] = &["conversations-read", "user-read"];

    const IDEMPOTENT: bool = true;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        reject_external_in_v1(context, &self.user)?;
        let mut request = request_parts(Method::GET, &self.user, Some("conversations"), context)?;
        let parameters = &mut request.parameters;
        let version = context.version;
        version.reject_in_v1(
            "with_user_replies_only",
            self.with_user_replies_only.is_some(),
        )?;
        version.reject_in_v1("recipient_type", self.recipient_type.is_some())?;
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
        self.fields.reject_in_v1(version)?;
        self.fields.write_to(parameters);
        self.paging.write_to(context.version, parameters)?;
        Ok(request)
    }

    fn decode(&self, version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        Page::decode(version, &self.paging, body)
    }
}

impl EncodeResponse for Conversations {
    fn encode(request: &RequestView<'_>, page: &Self::Output) -> Result<Value, serde_json::Error> {
        page.encode(request)
    }
}

impl Paginate for Conversations {
    type Item = Conversation;

    fn paging(&mut self) -> &mut Paging {
        &mut self.paging
    }
}
