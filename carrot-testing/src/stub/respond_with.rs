use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{Body, HttpTransport, TransportError};
use http::{Request, Response};

use crate::{fake::RecordedCall, recording::RecordedRequest, response::CannedResponse};

type Compute = Arc<dyn Fn(&RecordedCall) -> CannedResponse + Send + Sync>;

/// Responds to each request with the result of a closure.
///
/// ```
/// use carrot_core::{types::UserId, users};
/// use carrot_testing::{CannedResponse, ApiError, client, stub::RespondWith};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let transport = RespondWith::new(|call| match call.operation() {
///     "users.unsubscribe_email" => CannedResponse::ok(),
///     _ => ApiError::permission_denied().into(),
/// });
/// let client = client(transport);
/// assert!(client.call(users::UnsubscribeEmail::new(UserId::new(7))).await.is_ok());
/// assert!(client.call(users::Get::new(UserId::new(7))).await.is_err_and(|error| error.is_auth()));
/// # }
/// ```
#[derive(Clone)]
pub struct RespondWith(Compute);

impl RespondWith {
    /// Creates a transport over a closure. [`RecordedCall::at`] is zero: the transport has no clock.
    pub fn new(compute: impl Fn(&RecordedCall) -> CannedResponse + Send + Sync + 'static) -> Self {
        Self(Arc::new(compute))
    }
}

#[async_trait]
impl HttpTransport for RespondWith {
    async fn send(&self, request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        let call = RecordedCall::new(RecordedRequest::from(request), std::time::Duration::ZERO);
        self.0(&call).give(call.version()).await
    }
}

impl fmt::Debug for RespondWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RespondWith(..)")
    }
}
