use tokio::io::{AsyncRead, AsyncWrite};

/// A connection of bytes: TCP, a tunnel through a proxy, TLS over either.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection to the server, and the version of HTTP that both sides agreed on.
pub(crate) struct Connected {
    pub(crate) stream: Box<dyn Stream>,
    #[cfg_attr(not(feature = "http2"), allow(dead_code))]
    pub(crate) http2: bool,
}
