use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// Reads the response of a server that stopped reading the request.
///
/// A server that rejects a body early, such as with status 413, responds and closes. Writing the rest
/// then fails, perhaps before hyper has looked at what came, and hyper ends the connection with that
/// error. So a failed write is kept back here until reading says how it ended: the response lies in the
/// socket, or the connection is lost.
pub(super) struct Early<S> {
    stream: S,
    failure: Option<Failure>,
    broken: Broken,
}

/// A failed write, and how long its reason may take to show in reading.
struct Failure {
    error: io::Error,
    patience: Pin<Box<Sleep>>,
}

/// The runtime may learn of the end of a connection some moments after a write on it failed.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a write failed: such a connection takes no other request.
#[derive(Clone, Debug, Default)]
pub(super) struct Broken(Arc<AtomicBool>);

impl Broken {
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<S> Early<S> {
    pub(super) fn new(stream: S) -> (Self, Broken) {
        let broken = Broken::default();
        let early = Self {
            stream,
            failure: None,
            broken: broken.clone(),
        };
        (early, broken)
    }

    /// The task that writes a request reads too, so reading continues.
    fn keep_back<T>(
        &mut self,
        context: &Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match written {
            Poll::Ready(Err(error)) if is_cut(&error) => {
                self.broken.0.store(true, Ordering::Relaxed);
                context.waker().wake_by_ref();
                self.failure = Some(Failure {
                    error,
                    patience: Box::pin(sleep(PATIENCE)),
                });
                Poll::Pending
            }
            other => other,
        }
    }
}

fn is_cut(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

impl<S: AsyncRead + Unpin> AsyncRead for Early<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let ended = match (&read, &mut self.failure) {
            (_, None) => return read,
            (Poll::Ready(Ok(())), _) => buffer.filled().len() == before,
            (Poll::Ready(Err(_)), _) => true,
            (Poll::Pending, Some(failure)) => failure.patience.as_mut().poll(context).is_ready(),
        };
        // The end of a broken connection does not complete a body.
        match self.failure.take_if(|_| ended) {
            Some(failure) => Poll::Ready(Err(failure.error)),
            None => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Early<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken.get() {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.keep_back(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.get() {
            return Poll::Pending;
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.keep_back(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.get() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.broken.get() {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.keep_back(context, written)
    }
}
