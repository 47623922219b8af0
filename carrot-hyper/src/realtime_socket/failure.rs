//! From the errors of the WebSocket crate to the reason of a lost connection.

use carrot_core::{
    Sent, TransportError, realtime::Disconnected, transport::TransportErrorKind,
    types::realtime::CloseCode,
};
use tokio_tungstenite::tungstenite::{
    Error,
    error::{CapacityError, ProtocolError},
};

/// RFC 6455, section 7.1.5: no close frame came.
const ABNORMAL: u16 = 1006;

/// The connection ended without a close frame.
pub(super) fn ended() -> Disconnected {
    lost("the connection ended")
}

pub(super) fn disconnected(error: Error) -> Disconnected {
    match error {
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => ended(),
        Error::Io(error) => {
            let kind = TransportErrorKind::Reset;
            ended().with_source(TransportError::new(kind, Sent::Yes).with_source(error))
        }
        Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => lost(&format!(
            "a message is larger than {max_size} bytes (`max_message_bytes` allows more)"
        )),
        Error::Utf8(_) => lost("a message is not UTF-8"),
        // Names the rule of the protocol, and nothing that came.
        Error::Protocol(rule) => lost(&format!(
            "the service breaks the WebSocket protocol: {rule}"
        )),
        _ => lost("the WebSocket failed"),
    }
}

fn lost(text: &str) -> Disconnected {
    Disconnected::new(text).with_code(CloseCode::from(ABNORMAL))
}
