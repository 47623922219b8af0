use std::{error::Error, fmt, iter};

/// Whether a request reached the server. It alone decides whether a call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Sent {
    /// Surely not: no byte of it left, or the server cannot have read it whole. Safe to repeat.
    Never,
    /// It may have: the server may have read it, and may have acted on it.
    Maybe,
    /// Surely: the server started a response.
    Yes,
}

impl Sent {
    fn in_words(self) -> &'static str {
        match self {
            Self::Never => "the request was not sent",
            Self::Maybe => "the request may have reached the server",
            Self::Yes => "the request reached the server",
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.in_words())
    }
}

/// What an attempt was doing when its time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Looking up the name, connecting, or the TLS handshake.
    Connect,
    /// Sending the request and waiting for the status line and headers.
    Response,
    /// Reading the body.
    Body,
}

/// What went wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host's name has no address.
    Dns,
    /// No connection: refused, unreachable.
    Connect,
    /// No TLS session: the certificate is not trusted, expired, for another host; or the server
    /// speaks no version that is safe. Never retried: a connection that broke during the handshake is
    /// [`Connect`](Self::Connect).
    Tls,
    /// The time of the attempt, or of one of its steps, ran out.
    Timeout(TimeoutPhase),
    /// The connection was reset or closed before the response started.
    Reset,
    /// The response is not HTTP, or breaks its rules. Never retried: the next one would break them too.
    Protocol,
    /// The connection ended in the middle of the response.
    Truncated,
    /// The body is larger than the cap.
    TooLarge {
        /// The cap in bytes.
        limit: u64,
    },
    /// The transport itself rejects the request, and would reject it again: it is never repeated,
    /// whatever [`Sent`] says. For a transport of your own that sends only some requests, such as one
    /// that forbids writes; with [`Sent::Never`], and a source that says why.
    Rejected,
    /// Anything else; see the source.
    Other,
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the host's name could not be resolved",
            Self::Connect => "no connection could be made",
            Self::Tls => "no TLS session could be made",
            Self::Timeout(TimeoutPhase::Connect) => "the time ran out while connecting",
            Self::Timeout(TimeoutPhase::Response) => {
                "the time ran out while waiting for the response"
            }
            Self::Timeout(TimeoutPhase::Body) => "the time ran out while reading the response",
            Self::Reset => "the connection was closed before the response started",
            Self::Protocol => "the response breaks the rules of HTTP",
            Self::Truncated => "the connection ended in the middle of the response",
            Self::TooLarge { limit } => {
                return write!(f, "the response is larger than the cap of {limit} bytes");
            }
            Self::Rejected => "the transport rejects the request",
            Self::Other => "the transport failed",
        })
    }
}

/// Why a transport has no response, and whether the request was sent.
///
/// `Display` is one line with both, the server where it is known, and the text of the deepest source.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    peer: Option<Box<str>>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TransportError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: TransportErrorKind, sent: Sent) -> Self {
        Self {
            kind,
            sent,
            peer: None,
            source: None,
        }
    }

    /// Keeps the error that lies beneath. Its text must hold no secret: it is shown.
    #[must_use = "a setter returns the changed value"]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Names the server, as `host:port`.
    #[must_use = "a setter returns the changed value"]
    pub fn with_peer(mut self, peer: impl Into<String>) -> Self {
        self.peer = Some(peer.into().into_boxed_str());
        self
    }

    /// The server as `host:port`, where the transport names it.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        self.peer.as_deref()
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request reached the server.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.sent
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(peer) = &self.peer {
            write!(f, " ({})", one_line(peer))?;
        }
        // What lies deepest says what happened; those above it say the kind once more.
        let sources = iter::successors(self.source(), |&error| error.source());
        if let Some(root) = sources.last() {
            write!(f, ": {}", one_line(&root.to_string()))?;
        }
        write!(f, "; {}", self.sent)
    }
}

/// A text without the line breaks and other control characters that would break a log.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
