//! The WebSocket of a sandbox without a port.

use std::{
    fmt,
    future::ready,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use carrot_core::{
    realtime::{ConnectRequest, Connecting, Connection, Connector, Disconnected, Received},
    types::realtime::{CloseCode, RealtimeMessage},
};
use http::{HeaderValue, header::UPGRADE};

use super::{
    fault::Delivery,
    realtime::{
        hub::Waiting,
        socket::{Frame, Socket},
    },
    service::Sandbox,
};

/// A connector of a listener that gets the messages of a [`Sandbox`] one by one, as over a WebSocket, without a
/// port; see [`Sandbox::socket`].
#[derive(Clone)]
pub struct SandboxSocket(Sandbox);

impl Sandbox {
    /// Returns a connector with which a listener gets the messages one by one, as over a WebSocket, without a port.
    /// Time is that of the clock of [`client`](Self::client), or of the
    /// [`clock`](crate::sandbox::SandboxBuilder::clock) of the sandbox.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use carrot_core::types::realtime::RealtimeChannel;
    /// use carrot_testing::Sandbox;
    ///
    /// let sandbox = Sandbox::new();
    /// let channels = [RealtimeChannel::ConversationReply(sandbox.app())];
    /// let listen = sandbox.client().listen(channels)?;
    /// let mut live = listen.connector(sandbox.socket()).start();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn socket(&self) -> SandboxSocket {
        SandboxSocket(self.clone())
    }
}

impl SandboxSocket {
    fn open(&self, request: &ConnectRequest) -> Result<Box<dyn Connection>, Disconnected> {
        let websocket = request.websocket();
        let mut websocket = websocket.map_err(|error| Disconnected::new(error.to_string()))?;
        let headers = websocket.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        let (response, delivery) = self.0.exchange(&websocket.map(|()| Bytes::new()));
        match delivery {
            Delivery::Upgraded(start) => Ok(Box::new(InProcess {
                socket: start.start(self.0.clients_clock(), Waiting::InProcess),
                probed: false,
            })),
            Delivery::Failed(..) => Err(Disconnected::new("a fault of the test")),
            _ => Err(request.rejection(&response)),
        }
    }
}

impl Connector for SandboxSocket {
    fn connect(&self, request: ConnectRequest) -> Connecting {
        Box::pin(ready(self.open(&request)))
    }

    fn has_long_polls(&self) -> bool {
        true
    }
}

impl fmt::Debug for SandboxSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxSocket").finish_non_exhaustive()
    }
}

struct InProcess {
    socket: Socket,
    probed: bool,
}

impl Connection for InProcess {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Disconnected>> {
        if self.probed && !self.socket.is_silent() {
            self.probed = false;
            return Poll::Ready(Ok(Received::Alive));
        }
        let frame = ready!(self.socket.poll_frame(context));
        let (text, code) = match frame {
            Frame::Text(text) => {
                let message = RealtimeMessage::parse(&text);
                return Poll::Ready(Ok(Received::Message(message)));
            }
            Frame::Cut(..) => ("the connection ended", CloseCode::from(1006)),
            Frame::Close(code, reason) => (
                "the service closes the connection",
                CloseCode::with_reason(code, &reason),
            ),
        };
        Poll::Ready(Err(Disconnected::new(text).with_code(code)))
    }

    fn probe(&mut self) {
        self.probed = true;
    }
}
