//! Failures that a test asks for.

use bytes::Bytes;
use carrot_core::ApiVersion;
use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};

use super::{
    Sandbox,
    response::{Reason, refusal},
};

/// What becomes of a request, whatever it asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Fault {
    /// It is refused.
    Refused(Refusal),
    /// It is done, and its answer does not arrive.
    AnswerLost,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    status: u16,
    /// The vendor's name of the error; where none is given, the one that fits the status.
    error: Option<String>,
}

impl Refusal {
    pub(super) fn into_response(self, version: ApiVersion) -> Response<Bytes> {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let known = || Reason::of_status(status).map(|reason| reason.name(version));
        match self.error.or_else(known) {
            Some(error) => refusal(status, &error, "this failure was asked for", None),
            None => page(status),
        }
    }
}

/// What a web server answers when the service behind it breaks: the vendor documents no envelope.
fn page(status: StatusCode) -> Response<Bytes> {
    let page = format!("<html><body>{status}</body></html>\n");
    let mut response = Response::new(Bytes::from(page));
    *response.status_mut() = status;
    let html = HeaderValue::from_static("text/html");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

/// Failures on demand, for the transport and the server alike. They queue: each is for one request, of
/// whatever kind. One that is refused changes nothing, but takes its time.
impl Sandbox {
    /// Refuses the next request with this status, and the error that the service has for it; where
    /// it has none, as for 500 and above, with an HTML page. 429 does not need a
    /// [`rate_limit`](super::SandboxBuilder::rate_limit) for this.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use carrot_testing::Sandbox;
    /// use http::StatusCode;
    ///
    /// let sandbox = Sandbox::new();
    /// sandbox.fail_next(StatusCode::SERVICE_UNAVAILABLE);
    /// let request = http::Request::get("/v2/apps/$self_app/channels").body(Bytes::new())?;
    /// assert_eq!(sandbox.handle(&request).status(), 503);
    /// // Without a token.
    /// assert_eq!(sandbox.handle(&request).status(), 401);
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn fail_next(&self, status: StatusCode) {
        self.state().faults.push_back(Fault::Refused(Refusal {
            status: status.as_u16(),
            error: None,
        }));
    }

    /// Refuses the next request with the error of this name, such as `ReplyTooBig`, and its status;
    /// a name that the sandbox does not know has the status 400, as most have.
    ///
    /// Source: <https://developers.dashly.io/webapi/exceptions>
    pub fn fail_next_with(&self, error: impl Into<String>) {
        let error = error.into();
        let status = Reason::of_name(&error).map_or(StatusCode::BAD_REQUEST, Reason::status);
        self.state().faults.push_back(Fault::Refused(Refusal {
            status: status.as_u16(),
            error: Some(error),
        }));
    }

    /// Does what the next request asks, and loses the answer: as a transport the sandbox fails with
    /// [`Reset`](carrot_core::transport::TransportErrorKind::Reset), on a port it cuts the connection.
    /// [`handle`](Self::handle) has no way to lose an answer, and gives it.
    ///
    /// It is how to test what a program does after a write that may have happened:
    ///
    /// ```
    /// use carrot_core::{
    ///     jobs::ReplyStatus, conversations::Reply, types::{RandomId, UserRef}, users::StartConversation,
    /// };
    /// use carrot_testing::Sandbox;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = Sandbox::new();
    /// let client = sandbox.client();
    /// let order = UserRef::external("order-42");
    /// let id = client.call(StartConversation::new(order, "Where is it?")).await?.id;
    ///
    /// sandbox.lose_next_answer();
    /// let reply = Reply::new(id, "On its way").random_id(RandomId::new(42)?);
    /// let failed = client.call(&reply).await;
    /// assert!(failed.is_err_and(|error| error.may_have_been_applied()));
    /// let fate = client.reconcile_reply(&reply).await?;
    /// assert!(matches!(fate, ReplyStatus::Written(_)), "the customer reads it");
    /// # Ok(())
    /// # }
    /// ```
    pub fn lose_next_answer(&self) {
        self.state().faults.push_back(Fault::AnswerLost);
    }
}
