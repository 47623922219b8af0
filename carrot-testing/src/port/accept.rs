//! Connections, until the server stops.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    pin::pin,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinSet,
    time,
};

use super::Cut;

/// How long the head of a request may take.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after the operating system fails to accept a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is told to stop. Requests under way may take so long then, before they are cut.
pub(super) async fn accept<F>(
    respond: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    listener: TcpListener,
    stopped: oneshot::Receiver<Infallible>,
    stop_timeout: Duration,
) where
    F: Future<Output = Result<Response<Full<Bytes>>, Cut>> + Send + 'static,
{
    // Dropping the first ends the connections.
    let (running, ends) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stopped);
    loop {
        let mut accepted = pin!(connection(|context| listener.poll_accept(context)));
        let next = poll_fn(|context| {
            if stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            accepted.as_mut().poll(context).map(Some)
        });
        match next.await {
            None => break,
            Some((stream, _)) => {
                let service = service_fn(respond.clone());
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADER_TIMEOUT)
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                let mut ends = ends.clone();
                // An error here is a client that went away.
                connections.spawn(async move {
                    let mut connection = pin!(connection);
                    tokio::select! {
                        _ = connection.as_mut() => return,
                        _ = ends.changed() => connection.as_mut().graceful_shutdown(),
                    }
                    let _ = connection.await;
                });
                while connections.try_join_next().is_some() {}
            }
        }
    }
    drop(listener);
    drop(running);
    // What is left then is dropped with `connections`, which cuts it.
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = time::timeout(stop_timeout, all).await;
}

/// The next connection, however many attempts fail before it. What stays wrong for a while, such as
/// that no file descriptor is free, is tried again after a pause: at once would keep a core busy.
async fn connection<T>(
    mut poll_accept: impl FnMut(&mut TaskContext<'_>) -> Poll<io::Result<T>>,
) -> T {
    loop {
        match poll_fn(&mut poll_accept).await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_client(&error) => tokio::task::yield_now().await,
            Err(_) => time::sleep(PAUSE).await,
        }
    }
}

/// A client that went away while it connected; the next one may be waiting already.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails as often as told, then gives a connection. Counts the attempts.
    async fn accept_after(failures: u32, error: impl Fn() -> io::Error) -> (u32, Duration) {
        let mut attempts = 0;
        let start = time::Instant::now();
        connection(|_| {
            attempts += 1;
            Poll::Ready(if attempts > failures {
                Ok(())
            } else {
                Err(error())
            })
        })
        .await;
        (attempts, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn waits_where_the_machine_gives_no_connection() {
        // ENFILE, EMFILE and whatever else is not of one client.
        let none_free = || io::Error::other("too many open files");
        assert_eq!(accept_after(3, none_free).await, (4, 3 * PAUSE));
    }

    #[tokio::test(start_paused = true)]
    async fn continues_after_a_client_leaves() {
        let gone = || io::Error::from(io::ErrorKind::ConnectionAborted);
        assert_eq!(accept_after(3, gone).await, (4, Duration::ZERO));
    }
}
