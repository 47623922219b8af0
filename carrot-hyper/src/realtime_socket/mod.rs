//! The realtime service over a WebSocket, with the feature `realtime`.
//!
//! The handshake is made with hyper: that of the WebSocket crate logs the request at the level trace, and the
//! token with it.

mod failure;
mod handshake;
mod socket;

use carrot_core::realtime::{ConnectRequest, Connecting, Connection, Connector, Disconnected};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::protocol::{Role, WebSocketConfig},
};

use self::socket::Socket;
use crate::HyperTransport;

const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// The buffer that every connection keeps.
const READ_BUFFER_BYTES: usize = 32 * 1024;

/// Only pongs, pings and the close frame are sent: 125 bytes each at most.
const WRITE_BUFFER_BYTES: usize = 4 * 1024;

/// Connects a listener of the realtime service with a WebSocket. Needs the feature `realtime`.
///
/// Connections are made as a [`HyperTransport`] makes its own: with its root certificates, its proxy and its
/// connect timeout, always over HTTP/1.1. A redirect is not followed. Nothing is compressed.
///
/// The service expects the token in the query of the address. No error, no `Debug` and no span contains the
/// address, and nothing logs it; a proxy in front of the service may. To send the token in a header instead, use
/// [`LongPoll`](crate::realtime::LongPoll).
///
/// After three connections in a row that end while the service replays missed messages, the listener gets those by
/// one long poll of the client, and connects again: a message that breaks the protocol or is too large would end each
/// connection.
///
/// ```
/// use carrot_hyper::{
///     AuthToken, Client, HyperTransport, TokioClock, WebSocket,
///     types::{AppId, realtime::RealtimeChannel},
/// };
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let transport = HyperTransport::builder().build()?;
/// let socket = WebSocket::new(&transport);
/// let token = AuthToken::new("app.1234.0123456789abcdef")?;
/// let client = Client::builder(transport, TokioClock::new(), token).build()?;
/// let channels = [RealtimeChannel::ConversationReply(AppId::new(1234))];
/// let live = client.listen(channels)?.connector(socket).start();
/// # Ok(())
/// # }
/// # example().unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct WebSocket {
    transport: HyperTransport,
    max_message_bytes: usize,
}

impl WebSocket {
    /// Creates a connector with the settings of a transport.
    #[must_use]
    pub fn new(transport: &HyperTransport) -> Self {
        Self {
            transport: transport.clone(),
            max_message_bytes: MAX_MESSAGE_BYTES,
        }
    }

    /// Sets the largest message, in bytes. 1 MiB by default.
    ///
    /// A larger message ends the connection, with an event that names this setting.
    #[must_use]
    pub fn max_message_bytes(mut self, limit: usize) -> Self {
        self.max_message_bytes = limit;
        self
    }

    async fn open(self, request: ConnectRequest) -> Result<Box<dyn Connection>, Disconnected> {
        let (stream, read) = handshake::open(&self.transport, &request).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BUFFER_BYTES)
            .max_message_size(Some(self.max_message_bytes))
            .max_frame_size(Some(self.max_message_bytes));
        let socket =
            WebSocketStream::from_partially_read(stream, read, Role::Client, Some(config)).await;
        Ok(Box::new(Socket::new(socket)))
    }
}

impl Connector for WebSocket {
    fn connect(&self, request: ConnectRequest) -> Connecting {
        Box::pin(self.clone().open(request))
    }

    fn has_long_polls(&self) -> bool {
        true
    }
}
