//! The sandbox on a port.

use std::{
    convert::Infallible,
    fmt,
    future::{Future, poll_fn},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{BaseUrl, Clock};
use http::{
    Request, Response, StatusCode,
    header::{HOST, ORIGIN},
    uri::Authority,
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time,
};

use super::{fault::Delivery, realtime::hub::Waiting, service::Sandbox};
use crate::service_error::error_response;

/// More than the largest file that the service takes.
const MAX_BODY_BYTES: usize = 40 * 1024 * 1024;

/// How long the head of a request may take.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests under way may take when the server stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after the operating system fails to accept a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// A [`Sandbox`] that listens on a port; made by [`Sandbox::serve`] and [`Sandbox::serve_on`].
///
/// When it is dropped it accepts no more connections; requests that came in still get their response.
#[must_use = "the server stops when this is dropped"]
pub struct SandboxServer {
    sandbox: Sandbox,
    address: SocketAddr,
    base_url: BaseUrl,
    /// Dropping it is the signal to stop.
    running: oneshot::Sender<Infallible>,
    accepting: JoinHandle<()>,
}

impl SandboxServer {
    /// The address in front of every path, for `base_url` of a client.
    #[must_use]
    pub fn base_url(&self) -> BaseUrl {
        self.base_url.clone()
    }

    /// The same address as a text, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> String {
        self.base_url.to_string()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Stops the server, and waits for the requests under way: 10 s at most, then they are cut.
    pub async fn stop(self) {
        drop(self.running);
        // An error is the end of the runtime, and no response is sent then.
        let _ = self.accepting.await;
    }

    /// The sandbox behind the server.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl fmt::Debug for SandboxServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxServer")
            .field("url", &self.url())
            .field("sandbox", &self.sandbox)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Listens on a free port of 127.0.0.1, in the tokio runtime that this is called in.
    ///
    /// # Errors
    ///
    /// The machine gives no port.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime with I/O and time.
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    pub async fn serve(&self) -> io::Result<SandboxServer> {
        self.serve_on((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Listens on an address of this machine; port 0 stands for any free port. Every client that reaches
    /// an address outside of the loopback reaches the sandbox, in plain HTTP.
    ///
    /// # Errors
    ///
    /// The address is not of this machine, the port is taken, or the machine gives none.
    ///
    /// # Panics
    ///
    /// There is no tokio runtime with I/O and time.
    #[cfg_attr(docsrs, doc(cfg(feature = "server")))]
    pub async fn serve_on(&self, address: SocketAddr) -> io::Result<SandboxServer> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let base_url = format!("http://{address}").parse();
        let base_url = base_url.map_err(io::Error::other)?;
        // A runtime without time is found out here, not when the first pause is due.
        drop(time::sleep(Duration::ZERO));
        let (running, stopped) = oneshot::channel();
        let accepting = tokio::spawn(accept(self.clone(), listener, stopped));
        Ok(SandboxServer {
            sandbox: self.clone(),
            address,
            base_url,
            running,
            accepting,
        })
    }
}

impl Sandbox {
    /// The clock of those who wait on the port.
    fn waiting_clock(&self) -> Arc<dyn Clock> {
        match &self.settings().clock {
            Some(clock) => Arc::clone(clock),
            None => Arc::new(MachineClock),
        }
    }
}

/// The time of the machine.
#[derive(Debug)]
struct MachineClock;

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> Duration {
        static START: OnceLock<time::Instant> = OnceLock::new();
        START.get_or_init(time::Instant::now).elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        time::sleep(duration).await;
    }
}

async fn accept(sandbox: Sandbox, listener: TcpListener, stopped: oneshot::Receiver<Infallible>) {
    let address = listener
        .local_addr()
        .unwrap_or((Ipv4Addr::LOCALHOST, 0).into());
    let graceful = GracefulShutdown::new();
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
                let sandbox = sandbox.clone();
                let service = service_fn(move |request| respond(sandbox.clone(), address, request));
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADER_TIMEOUT)
                    .serve_connection(TokioIo::new(stream), service);
                // An error here is a client that went away.
                connections.spawn(graceful.watch(connection));
                while connections.try_join_next().is_some() {}
            }
        }
    }
    drop(listener);
    // What is left then is dropped with `connections`, which cuts it.
    let _ = time::timeout(STOP_TIMEOUT, graceful.shutdown()).await;
}

/// The next connection, however many attempts fail before it. What stays wrong for a while, such as
/// that no file descriptor is free, is tried again after a pause: at once would keep a core busy.
async fn connection<T>(mut poll_accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>) -> T {
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

async fn respond(
    sandbox: Sandbox,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
    if let Some(problem) = foreign(&request, address) {
        let status = StatusCode::FORBIDDEN;
        return Ok(error_response(status, "PermissionDenied", problem, None).map(Full::new));
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            let response =
                error_response(status, "BadRequest", "the body is larger than 40 MiB", None);
            return Ok(response.map(Full::new));
        }
        Err(error) => return Err(error),
    };
    let request = Request::from_parts(head, body);
    let (response, delivery) = sandbox.exchange(&request);
    match delivery {
        Delivery::AtOnce => {}
        // The error cuts the connection.
        Delivery::Failed(..) => return Err("a fault of the test cuts the connection".into()),
        Delivery::Delayed(delay) => match &sandbox.settings().clock {
            Some(clock) => clock.sleep(delay).await,
            None => time::sleep(delay).await,
        },
        Delivery::Held(gate) => gate.wait().await,
        Delivery::Polling(poll) => {
            let clock = sandbox.waiting_clock();
            let response = poll.wait(clock, Waiting::OnPort).await;
            let response = response.ok_or("a fault of the test cuts the connection")?;
            return Ok(response.map(Full::new));
        }
    }
    Ok(response.map(Full::new))
}

/// Why a request is not meant for the sandbox: a page in a browser must not reach it, neither by a name
/// that resolves to this machine nor from another origin. On an address that other machines reach, any
/// name may be right.
fn foreign<B>(request: &Request<B>, address: SocketAddr) -> Option<&'static str> {
    let header = |name| Some(request.headers().get(name)?.to_str().unwrap_or_default());
    let host = header(HOST).unwrap_or_default();
    let name = host.parse::<Authority>();
    let name = name.as_ref().map_or("", |authority| authority.host());
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_local = name.eq_ignore_ascii_case("localhost")
        || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if address.ip().is_loopback() && !is_local {
        return Some("the `Host` must be this machine: localhost or a loopback address");
    }
    let origin = header(ORIGIN)?;
    (origin.strip_prefix("http://") != Some(host))
        .then_some("the `Origin` must be that of the sandbox")
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
