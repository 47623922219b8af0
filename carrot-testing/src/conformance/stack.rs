use std::{
    error::Error,
    fmt::Debug,
    pin::Pin,
    sync::Arc,
    task::{Context, Wake, Waker},
    thread::{self, Thread},
};

use carrot_core::HttpTransport;

/// Work that a stack runs to its end.
pub type Work<'w> = Pin<&'w mut (dyn Future<Output = ()> + Send + 'w)>;

/// The transport under test: how to build it, how to run it, and what it can do.
///
/// ```
/// use carrot_core::{Body, HttpTransport, Sent, TransportError, async_trait, bytes::Bytes, http};
/// use carrot_core::transport::TransportErrorKind;
/// use carrot_testing::conformance::{self, Setup, Stack, Verdict};
///
/// /// It says of every failure that nothing was sent, and it always fails.
/// #[derive(Debug)]
/// struct Liar;
///
/// #[async_trait]
/// impl HttpTransport for Liar {
///     async fn send(&self, _: http::Request<Body>) -> Result<http::Response<Bytes>, TransportError> {
///         Err(TransportError::new(TransportErrorKind::Other, Sent::Never))
///     }
/// }
///
/// #[derive(Debug)]
/// struct MyStack;
///
/// impl Stack for MyStack {
///     fn build(&self, _: &Setup) -> Result<Box<dyn HttpTransport>, conformance::BuildError> {
///         Ok(Box::new(Liar))
///     }
/// }
///
/// let rule = conformance::rule("RSP-01").expect("a rule");
/// assert!(matches!(conformance::check(&MyStack, rule), Verdict::Failed(_)));
/// ```
///
/// New methods of this trait always have a default, so an implementation stays valid.
pub trait Stack: Debug + Sync {
    /// Builds a transport with this setup. Every rule gets a new one.
    ///
    /// # Errors
    ///
    /// The rule fails with the error of this function.
    fn build(&self, setup: &Setup) -> Result<Box<dyn HttpTransport>, BuildError>;

    /// Runs `work` to its end, on the runtime of the stack: `self.runtime.block_on(work)`. The default
    /// polls it and parks the thread, which is enough for a transport that needs no runtime.
    ///
    /// Rules call it from several threads at once.
    fn run(&self, work: Work<'_>) {
        park(work);
    }

    /// What the stack can do. A rule that needs what it lacks is skipped. All by default.
    fn can(&self, capability: Capability) -> bool {
        let _ = capability;
        true
    }
}

/// Why a stack could not be built.
pub type BuildError = Box<dyn Error + Send + Sync>;

/// What a transport has to be built with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setup {
    /// The only root certificate to trust, in PEM. Without [`Capability::Tls`] it can be ignored.
    pub root_certificate_pem: &'static str,
    /// Whether to offer HTTP/2 in the TLS handshake; set only with [`Capability::Http2`].
    pub http2: bool,
    /// Whether to ask for compressed responses; set only with [`Capability::Gzip`].
    pub gzip: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            root_certificate_pem: include_str!("certificates/authority.pem"),
            http2: false,
            gzip: false,
        }
    }
}

/// What not every HTTP stack can do, and no client needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// `https`, with a root certificate of the kit's own.
    Tls,
    /// HTTP/2, chosen in the TLS handshake.
    Http2,
    /// Responses compressed with gzip.
    Gzip,
    /// `send` waits without holding its thread, and dropping its future cancels the request. A blocking
    /// stack cannot.
    Cancellation,
}

impl Capability {
    pub(crate) fn lacks(self) -> &'static str {
        match self {
            Self::Tls => "the stack speaks no TLS",
            Self::Http2 => "the stack speaks no HTTP/2",
            Self::Gzip => "the stack decompresses nothing",
            Self::Cancellation => "the stack cannot cancel a request",
        }
    }
}

/// Polls `work` on this thread, and parks it in between.
fn park(mut work: Work<'_>) {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    while work.as_mut().poll(&mut context).is_pending() {
        thread::park();
    }
}
