use std::fmt;

use bytes::Bytes;
use carrot_core::types::webhook::USER_AGENTS;
use http::{
    HeaderValue, Method, Request, Uri,
    header::{CONTENT_TYPE, USER_AGENT},
};

use crate::sandbox::store::Word;

/// A webhook of the [`Sandbox`](crate::Sandbox): its content and the state of its delivery.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    id: u64,
    kind: Word,
    body: String,
    attempts: u32,
    state: DeliveryState,
}

/// How far the delivery of a webhook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryState {
    /// It was not sent yet, or failed and will be sent again.
    Waiting,
    /// The receiver responded with 200.
    Delivered,
    /// It failed five times and is not sent again.
    Abandoned,
}

impl WebhookDelivery {
    pub(super) fn new(
        id: u64,
        kind: Word,
        body: String,
        attempts: u32,
        state: DeliveryState,
    ) -> Self {
        Self {
            id,
            kind,
            body,
            attempts,
            state,
        }
    }

    /// Returns its number: 1 for the first one, and one more for each.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Returns the `type`: `event`, `message_webhook` or `conversation`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the body of the request, of content type `application/x-www-form-urlencoded`. It holds the
    /// [token](crate::Sandbox::webhook_token) of webhooks.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns the request that the service posts to this address: a form, with its `Content-Type` and
    /// `User-Agent`. Give it to a handler as often, as late and in any order that a test needs: the webhook
    /// stays as it is.
    ///
    /// ```
    /// use carrot_testing::Sandbox;
    /// use http::Uri;
    ///
    /// let sandbox = Sandbox::new();
    /// # let request = http::Request::post("/v2/users/order-42/events")
    /// #     .header("authorization", format!("Token {}", sandbox.token()))
    /// #     .body(bytes::Bytes::from("by_user_id=true&event=Order+placed"))?;
    /// # sandbox.handle(&request);
    /// for webhook in sandbox.take_webhooks() {
    ///     let request = webhook.to_request(Uri::from_static("/hook"));
    ///     assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_request(&self, uri: Uri) -> Request<Bytes> {
        let mut request = Request::new(Bytes::from(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        let agent = HeaderValue::from_static(USER_AGENTS[0]);
        request.headers_mut().insert(USER_AGENT, agent);
        request
    }

    /// Returns the number of attempts to deliver it.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the state of the delivery.
    #[must_use]
    pub fn state(&self) -> DeliveryState {
        self.state
    }
}

/// Never shows the body, which holds the token.
impl fmt::Debug for WebhookDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookDelivery")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("attempts", &self.attempts)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
