//! Clients for tests: as they are in production, but for time and pacing.

use carrot_core::{
    AuthToken, Client, ClientBuilder, ExponentialBackoff, HttpTransport, NoRateLimit,
};

use crate::{VirtualClock, fail};

pub(crate) const TOKEN: &str = "app.1.token-of-a-test";

/// Creates a client over any transport for a test: with the usual retries, but no rate limit, no jitter in the
/// pauses, and a virtual clock.
///
/// Its token is one of its own, which a [`Sandbox`](crate::Sandbox) rejects with 401: take
/// [`Sandbox::client`](crate::Sandbox::client) there.
///
/// ```
/// use carrot_core::users;
/// use carrot_testing::{CannedResponse, RecordingTransport, client};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = RecordingTransport::new().with_default(CannedResponse::ok());
/// let user = carrot_core::types::UserId::new(7);
/// client(transport.clone()).call(users::UnsubscribeEmail::new(user)).await?;
/// assert_eq!(transport.requests().len(), 1);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn client(transport: impl HttpTransport) -> Client {
    build(client_builder(transport))
}

/// Returns the builder of such a client, for further setters.
pub fn client_builder(transport: impl HttpTransport) -> ClientBuilder {
    builder_with(transport, VirtualClock::new(), TOKEN)
}

pub(crate) fn builder_with(
    transport: impl HttpTransport,
    clock: VirtualClock,
    token: &str,
) -> ClientBuilder {
    let token = match AuthToken::new(token) {
        Ok(token) => token,
        Err(error) => fail(&error.to_string()),
    };
    Client::builder(transport, clock, token)
        .rate_limiter(NoRateLimit::new())
        .retry(ExponentialBackoff::new().without_jitter())
}

pub(crate) fn build(builder: ClientBuilder) -> Client {
    match builder.build() {
        Ok(client) => client,
        Err(error) => fail(&error.to_string()),
    }
}
