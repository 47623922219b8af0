use std::{error::Error, fmt, iter};

/// Whether a request reached the server. Decides whether a call that is not idempotent may be retried.
///
/// What a transport says of a failure of its HTTP library:
///
/// ```
/// use std::io::{self, ErrorKind};
///
/// use carrot_core::{Sent, TransportError, transport::TransportErrorKind};
///
/// fn of(error: io::Error) -> TransportError {
///     match error.kind() {
///         // There was no listener, so not a byte was sent.
///         ErrorKind::ConnectionRefused => {
///             TransportError::new(TransportErrorKind::Connect, Sent::Never).with_source(error)
///         }
///         // In doubt. Only a transport that knows says `Never`: a wrong one sends messages twice.
///         _ => TransportError::in_doubt(error),
///     }
/// }
///
/// assert_eq!(of(ErrorKind::ConnectionRefused.into()).sent(), Sent::Never);
/// assert_eq!(of(ErrorKind::ConnectionReset.into()).sent(), Sent::Maybe);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Sent {
    /// The request did not reach the server, which cannot have read all of it. It may be repeated.
    Never,
    /// The request may have reached the server, and the server may have applied it.
    Maybe,
    /// The request reached the server, which started a response.
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

/// The phase of an attempt in which its timeout passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// DNS lookup, connecting, or the TLS handshake.
    Connect,
    /// Sending the request and waiting for the status line and headers.
    Response,
    /// Reading the response body.
    Body,
}

/// The kind of a [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The name of the host could not be resolved.
    Dns,
    /// No connection could be made: for example the server is not reachable or does not listen.
    Connect,
    /// The TLS handshake failed: the certificate is not trusted, expired or for another host, or the
    /// server supports no secure version. Never retried. A connection lost during the handshake is
    /// [`Connect`](Self::Connect) instead.
    Tls,
    /// The timeout of the attempt, or of one of its phases, passed.
    Timeout(TimeoutPhase),
    /// The connection was reset or closed before the response started.
    Reset,
    /// The response is not valid HTTP. Never retried.
    Protocol,
    /// The connection ended in the middle of the response.
    Truncated,
    /// The response body is too large.
    TooLarge {
        /// The maximum size in bytes.
        limit: u64,
    },
    /// The transport rejects the request. Never retried, whatever [`Sent`] is. For your own transport
    /// that sends only some requests, such as one that forbids writes: use it with [`Sent::Never`] and a
    /// source that tells the reason.
    Rejected,
    /// Another failure; see the source.
    Other,
}

impl TimeoutPhase {
    /// Returns whether the request was sent when an attempt fails in this phase: not while connecting, maybe before
    /// the response started, yes in its body.
    #[must_use]
    pub fn sent(self) -> Sent {
        match self {
            Self::Connect => Sent::Never,
            Self::Response => Sent::Maybe,
            Self::Body => Sent::Yes,
        }
    }
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

/// The error of a transport: what failed, and whether the request was sent.
///
/// `Display` is one line with both, the server if it is known, and the text of the innermost source.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    peer: Option<Box<str>>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TransportError {
    /// Creates an error of this kind.
    #[must_use]
    pub fn new(kind: TransportErrorKind, sent: Sent) -> Self {
        Self {
            kind,
            sent,
            peer: None,
            source: None,
        }
    }

    /// Creates the error of a failure of which nothing else is known: kind
    /// [`Other`](TransportErrorKind::Other), and the request may have reached the server.
    ///
    /// Use it for every error of an HTTP stack that you cannot tell apart. The source is shown, so it must
    /// not contain a secret.
    #[must_use]
    pub fn in_doubt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Other, Sent::Maybe).with_source(source)
    }

    /// Creates the error of a limit on time that passed in this phase, which says whether the request
    /// [was sent](TimeoutPhase::sent).
    #[must_use]
    pub fn timed_out(phase: TimeoutPhase) -> Self {
        Self::new(TransportErrorKind::Timeout(phase), phase.sent()).with_source("no time is left")
    }

    /// Sets the source. Its text is shown, so it must not contain a secret.
    #[must_use = "a setter returns the changed value"]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Sets the server, as `host:port`.
    #[must_use = "a setter returns the changed value"]
    pub fn with_peer(mut self, peer: impl Into<String>) -> Self {
        self.peer = Some(peer.into().into_boxed_str());
        self
    }

    /// Returns the server as `host:port`, if the transport set it.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        self.peer.as_deref()
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns whether the request reached the server.
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
        // The innermost source tells the cause; the others repeat the kind.
        let sources = iter::successors(self.source(), |&error| error.source());
        if let Some(root) = sources.last() {
            write!(f, ": {}", one_line(&root.to_string()))?;
        }
        write!(f, "; {}", self.sent)
    }
}

/// Replaces line breaks and other control characters, which could forge lines of a log.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
