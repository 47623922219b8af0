use http::Method;

use super::request_parts;
use crate::{
    ApiContext, ApiVersion, Endpoint,
    endpoint::{
        EncodeResponse, RequestParts, ResponseError, Upload, nonce_setter, response, write_nonce,
    },
    types::{InvalidValue, RandomId, StartedConversation, UserRef},
};

/// `POST /users/{id}/startconversation`: starts a conversation with a message of the user.
///
/// * Scope: not documented.
/// * An unknown external id creates the user.
/// * Requires a text, a file, or both. v1 requires the text.
/// * Error if the text is too long: `ReplyTooBig` (HTTP 400). The limit is not documented.
/// * Idempotent: no, each call starts a conversation. `random_id` identifies the message in the
///   realtime feed; the vendor does not say that it prevents a second conversation.
/// * Source: <https://developers.dashly.io/webapi/endpoints/users/startconversation>
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "does nothing until it is called"]
pub struct StartConversation {
    user: UserRef,
    body: Option<String>,
    attachment: Option<Upload>,
    random_id: Option<RandomId>,
    referrer: Option<String>,
    nonce: Option<String>,
}

impl StartConversation {
    /// Creates a request with this text, which must not be empty.
    pub fn new(user: impl Into<UserRef>, body: impl Into<String>) -> Self {
        Self {
            body: Some(body.into()),
            ..Self::empty(user.into())
        }
    }

    /// Creates a request without text; set an attachment. v2 only.
    pub fn without_text(user: impl Into<UserRef>) -> Self {
        Self::empty(user.into())
    }

    fn empty(user: UserRef) -> Self {
        Self {
            user,
            body: None,
            attachment: None,
            random_id: None,
            referrer: None,
            nonce: None,
        }
    }

    /// Sets the text (`body`).
    pub fn text(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Adds a file below 10 MiB, of one of the types that [`Upload`] lists.
    pub fn attachment(mut self, file: Upload) -> Self {
        self.attachment = Some(file);
        self
    }

    /// Sets the `random_id` of the message in the realtime feed.
    pub fn random_id(mut self, random_id: RandomId) -> Self {
        self.random_id = Some(random_id);
        self
    }

    /// Sets the URL of the page on which the user wrote the message (`referrer`).
    pub fn referrer(mut self, url: impl Into<String>) -> Self {
        self.referrer = Some(url.into());
        self
    }
}

nonce_setter!(StartConversation);

impl Endpoint for StartConversation {
    type Output = StartedConversation;
    const NAME: &'static str = "users.start_conversation";

    const IDEMPOTENT: bool = false;

    fn request(&self, context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let mut request =
            request_parts(Method::POST, &self.user, Some("startconversation"), context)?;
        let parameters = &mut request.parameters;
        match self.body.as_deref() {
            Some("") => return Err(InvalidValue::new("body", "must not be empty")),
            Some(body) => parameters.text("body", body)?,
            None if context.version == ApiVersion::V1 => {
                return Err(InvalidValue::new("body", "is required in v1 of the API"));
            }
            None if self.attachment.is_none() => {
                return Err(InvalidValue::new(
                    "body",
                    "must be set, unless there is an attachment",
                ));
            }
            None => {}
        }
        if let Some(random_id) = self.random_id {
            parameters.random_id("random_id", random_id)?;
        }
        if let Some(referrer) = &self.referrer {
            parameters.line("referrer", referrer)?;
        }
        write_nonce(parameters, self.nonce.as_deref())?;
        if let Some(file) = &self.attachment {
            // The page has other names than that of a reply. The vendor's chat uses those of a reply here too,
            // and only they are seen with `attachment_type`.
            let part = match file.has_kind() {
                true => Upload::PART,
                false => "file",
            };
            file.check(part)?;
            file.check_extension(part)?;
            match file.has_kind() {
                true => file.write_to(parameters)?,
                false => parameters.line("filename", file.name())?,
            }
            request.files.push(file.part(part));
        }
        Ok(request)
    }

    fn decode(&self, _version: ApiVersion, body: &[u8]) -> Result<Self::Output, ResponseError> {
        response::data(body)
    }
}

impl EncodeResponse for StartConversation {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ConversationId, UserId};

    #[test]
    fn decodes_vendor_sample() {
        let body = br#"{"meta":{"status":200},"data":{"id":1856194}}"#;
        let started = StartConversation::new(UserId::new(1), "Hi")
            .decode(ApiVersion::V2, body)
            .expect("a conversation");
        assert_eq!(started.id, ConversationId::new(1_856_194));
    }
}
