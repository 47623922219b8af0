use std::{fmt, time::Duration};

use carrot_types::realtime::CloseCode;

use crate::{TransportError, transport::one_line};

/// The reason of a missing connection, reported by a [`Connection`](super::Connection).
///
/// Its texts must not contain the token or a URL with the token.
#[derive(Debug)]
pub struct Disconnected {
    status: Option<u16>,
    code: Option<CloseCode>,
    retry_after: Option<Duration>,
    text: String,
    source: Option<TransportError>,
}

impl Disconnected {
    /// Creates a reason from a text, such as `the connection ended`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            status: None,
            code: None,
            retry_after: None,
            text: text.into(),
            source: None,
        }
    }

    /// Sets the HTTP status of a response without a connection or messages. 400, 401, 403 and 404 end the
    /// listener.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the close code of the WebSocket. The listener ends if [`CloseCode::should_reconnect`] is false.
    #[must_use]
    pub fn with_code(mut self, code: CloseCode) -> Self {
        self.code = Some(code);
        self
    }

    /// Sets the pause that the service asks for.
    #[must_use]
    pub fn with_retry_after(mut self, pause: impl Into<Option<Duration>>) -> Self {
        self.retry_after = pause.into();
        self
    }

    /// Sets the error of the transport.
    #[must_use]
    pub fn with_source(mut self, source: TransportError) -> Self {
        self.source = Some(source);
        self
    }

    /// Returns the HTTP status of a response without a connection.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Returns the close code of the WebSocket.
    #[must_use]
    pub fn code(&self) -> Option<CloseCode> {
        self.code
    }

    /// Returns the pause that the service asks for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the error of the transport.
    #[must_use]
    pub fn transport(&self) -> Option<&TransportError> {
        self.source.as_ref()
    }

    /// Returns true if the service would reject the same token and channels again.
    pub(super) fn is_rejection(&self) -> bool {
        matches!(self.status, Some(400 | 401 | 403 | 404))
            || self.code.is_some_and(|code| !code.should_reconnect())
    }
}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.text))?;
        if let Some(status) = self.status {
            write!(f, " (status {status})")?;
        }
        if let Some(code) = self.code {
            write!(f, " (close code {code})")?;
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Disconnected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// The error that ends a listener: the service rejects the token or the channels.
///
/// The service would reject the same token and channels again.
#[derive(Debug)]
pub struct ListenError(Disconnected);

impl ListenError {
    pub(super) fn new(reason: Disconnected) -> Self {
        Self(reason)
    }

    /// Returns the HTTP status of the rejection, if there is one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.0.status()
    }

    /// Returns the close code of the WebSocket, if there is one.
    #[must_use]
    pub fn code(&self) -> Option<CloseCode> {
        self.0.code()
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "realtime: the service rejects the listener: {}; check the token, its scopes and the channels",
            self.0
        )
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0)
    }
}
