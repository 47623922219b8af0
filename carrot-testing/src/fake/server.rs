//! The fake on a port.

use std::{
    error::Error as _,
    fmt,
    future::pending,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use carrot_core::{BaseUrl, Body, transport::CallContext};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{Fake, record::RecordedCall, route, service::State};
use crate::{
    port::{self, Cut, Listening, MachineClock, Port},
    recording::RecordedRequest,
    response::Given,
    service_error::error_response,
};

/// How long requests under way may take when the server stops: one that never gets a response is cut.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// A [`Fake`] that listens on a port; made by [`Fake::serve`].
///
/// It does not keep the fake from being verified: keep a clone of the fake in the test. When it is dropped it
/// accepts no more connections.
#[must_use = "the server stops when this is dropped"]
pub struct FakeServer(Listening);

impl FakeServer {
    /// Returns the address in front of every path, for `base_url` of a client.
    #[must_use]
    pub fn base_url(&self) -> BaseUrl {
        self.0.base_url().clone()
    }

    /// Returns the same address as a text, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.base_url().to_string()
    }

    /// Returns the address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Stops the server. Requests under way get a second, then they are cut.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

impl fmt::Debug for FakeServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeServer")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

impl Fake {
    /// Listens on a free port of 127.0.0.1, in the tokio runtime that this is called in, for a stack of your
    /// own and for programs in any language. The expectations, the record and the reports are those of this
    /// fake. Requests find their operation by their address; see [`route`](Self::route) for operations of your
    /// own.
    ///
    /// * An unexpected request gets the status 400 with the error `NotExpected`, and fails the test.
    /// * A failure of the transport cuts the connection. The client cannot know that its request was not read,
    ///   whatever [`Sent`](carrot_core::Sent) the test says.
    /// * A [`delay`](super::Expectation::delay) takes real time.
    ///
    /// ```
    /// # #[cfg(feature = "server")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use carrot_core::users;
    /// use carrot_testing::{Fake, fake};
    ///
    /// let fake = Fake::new();
    /// fake.on::<users::Get>().user("order-42").reply(fake::user()).repeatedly();
    /// let server = fake.serve().await?;
    /// println!("call {}/v2/users/order-42?by_user_id=true", server.url());
    /// server.stop().await;
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "server"))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// The machine gives no port.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime with I/O and time.
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    pub async fn serve(&self) -> io::Result<FakeServer> {
        let port = Port::bind((Ipv4Addr::LOCALHOST, 0).into()).await?;
        self.state().record().is_served = true;
        let (state, address) = (Arc::clone(self.state()), port.address());
        let respond = move |request| respond(Arc::clone(&state), address, request);
        Ok(FakeServer(port.serve(respond, STOP_TIMEOUT)))
    }
}

async fn respond(
    state: Arc<State>,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let request = match port::read(request, address).await? {
        Ok(request) => named(&state, request.map(Body::from)),
        Err(response) => return Ok(response.map(Full::new)),
    };
    match state.give(request, &MachineClock::new()).await {
        Ok(Given::Response(response)) => Ok(response.map(Full::new)),
        // The error cuts the connection.
        Ok(Given::Failure(_)) => Err("a failure that the test asks for".into()),
        Ok(Given::Never) => pending().await,
        Err(error) => {
            let problem = error.source().map(ToString::to_string).unwrap_or_default();
            let status = StatusCode::BAD_REQUEST;
            Ok(error_response(status, "NotExpected", &problem, None).map(Full::new))
        }
    }
}

/// Says which operation a request is of, as a client of this crate does.
fn named(state: &State, mut request: Request<Body>) -> Request<Body> {
    let call = RecordedCall::new(RecordedRequest::from(request.clone()), Duration::ZERO);
    if let Some((name, template)) = route::of(state, &call) {
        request
            .extensions_mut()
            .insert(CallContext::new(name, template));
    }
    request
}
