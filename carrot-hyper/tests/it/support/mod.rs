//! Servers on this machine that respond as the test says, byte by byte, and the checks that every
//! failure must pass.

#![allow(dead_code)] // A set of features uses its own part of this.

pub(crate) mod by_hand;
pub(crate) mod canary;
pub(crate) mod tls;

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use carrot_hyper::{
    Body, HttpTransport, HyperTransport, HyperTransportBuilder, Sent, TlsRoots, TransportError,
    transport::{CallContext, TransportErrorKind},
};
use http::{Request, Response};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::TlsAcceptor;

pub(crate) use self::canary::tells_no_secret;
use self::canary::{EMAIL, TOKEN};

/// Long enough for anything that a test waits for, short enough to end a test that hangs.
pub(crate) const PLENTY: Duration = Duration::from_secs(60);

/// For what never comes. How long it takes is asserted nowhere.
pub(crate) const SHORT: Duration = Duration::from_millis(50);

/// A builder that trusts only the authority of the tests, and whose time is ample. What is said is
/// watched from here on.
pub(crate) fn builder() -> HyperTransportBuilder {
    canary::watch();
    HyperTransport::builder()
        .tls_roots(TlsRoots::OnlyAdded)
        .add_root_certificate_pem(tls::CA.pem())
        .connect_timeout(PLENTY)
        .attempt_timeout(PLENTY)
        .body_idle_timeout(PLENTY)
}

pub(crate) fn transport() -> HyperTransport {
    builder().build().unwrap()
}

/// What a server tells of itself.
pub(crate) type Events = mpsc::UnboundedReceiver<&'static str>;

/// What a scripted server does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads one byte.
    Byte,
    /// Waits until something came, and leaves it unread.
    Came,
    /// Reads a request.
    Read,
    Write(Bytes),
    /// Writes this until the client closes the connection.
    Flood(Bytes),
    /// Keeps the connection open until the client closes it.
    Hold,
    /// Closes with a reset.
    Reset,
}

impl Step {
    pub(crate) fn write(bytes: impl Into<Bytes>) -> Self {
        Self::Write(bytes.into())
    }
}

/// A server that counts its connections and treats each as the test says.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Server {
    /// `serve` gets every connection together with its number, from 0.
    pub(crate) async fn start<F, S>(serve: S) -> Self
    where
        S: Fn(usize, TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            accepted: Arc::default(),
        };
        let accepted = Arc::clone(&server.accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = accepted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(number, stream));
            }
        });
        server
    }

    /// Takes these steps on every connection, and closes it.
    pub(crate) async fn script(steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: Vec<Step> = steps.into_iter().collect();
        Self::start(move |_, mut stream| {
            let steps = steps.clone();
            async move {
                for step in steps {
                    match step {
                        Step::Byte => drop(stream.read_u8().await.unwrap()),
                        Step::Came => came(&stream).await,
                        Step::Read => drop(read_request(&mut stream).await),
                        Step::Write(bytes) => drop(stream.write_all(&bytes).await),
                        Step::Flood(bytes) => while stream.write_all(&bytes).await.is_ok() {},
                        Step::Hold => hold(&mut stream).await,
                        Step::Reset => return reset(stream),
                    }
                }
            }
        })
        .await
    }

    /// Responds to every request of every connection with these bytes.
    pub(crate) async fn responding(response: impl Into<Bytes>) -> Self {
        let response = response.into();
        Self::start(move |_, mut stream| {
            let response = response.clone();
            async move {
                while read_request(&mut stream).await.is_some() {
                    if stream.write_all(&response).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    /// Responds `fine` to every request of every connection over TLS.
    pub(crate) async fn over_tls(acceptor: TlsAcceptor) -> Self {
        Self::start(move |_, stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                while read_request(&mut stream).await.is_some() {
                    let response = ok_response("fine");
                    stream.write_all(response.as_bytes()).await.unwrap();
                }
            }
        })
        .await
    }

    /// Reads one request, sends these bytes, and closes.
    pub(crate) async fn responding_once(response: impl Into<Bytes>) -> Self {
        Self::script([Step::Read, Step::write(response)]).await
    }

    /// Starts the response to one request of every connection at once, and sends each piece of the
    /// rest when the semaphore lets it. The events tell of the start, of every piece, and of the
    /// end of the connection.
    pub(crate) async fn hesitant(
        started: impl Into<Bytes>,
        rest: impl IntoIterator<Item = Bytes>,
    ) -> (Self, Arc<Semaphore>, Events) {
        let (started, rest): (Bytes, Vec<Bytes>) = (started.into(), rest.into_iter().collect());
        let (events, seen) = mpsc::unbounded_channel();
        let go = Arc::new(Semaphore::new(0));
        let going = Arc::clone(&go);
        let server = Self::start(move |_, mut stream| {
            let (started, rest) = (started.clone(), rest.clone());
            let (events, going) = (events.clone(), Arc::clone(&going));
            async move {
                read_request(&mut stream).await.unwrap();
                stream.write_all(&started).await.unwrap();
                events.send("started").unwrap();
                for piece in rest {
                    let place = tokio::select! {
                        place = going.acquire() => place,
                        () = hold(&mut stream) => break,
                    };
                    place.unwrap().forget();
                    stream.write_all(&piece).await.unwrap();
                    events.send("a piece").unwrap();
                }
                drop(stream);
                events.send("closed").ok();
            }
        })
        .await;
        (server, go, seen)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn https(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.address.port())
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// A response with a declared length.
pub(crate) fn ok_response(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads one request with a declared length or none; `None` when the connection ended.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8(request[..end].to_vec()).unwrap();
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if request.len() >= end + 4 + length {
                return Some(request);
            }
        }
        match stream.read_buf(&mut request).await {
            Ok(read) if read > 0 => {}
            _ => return None,
        }
    }
}

/// Keeps a connection open, and reads whatever comes, until the client closes it.
pub(crate) async fn hold(mut stream: impl AsyncRead + Unpin) {
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await.is_ok_and(|read| read > 0) {}
}

/// Waits until something came, and leaves it unread.
pub(crate) async fn came(stream: &TcpStream) {
    stream.peek(&mut [0]).await.unwrap();
}

/// Closes a connection with a reset.
pub(crate) fn reset(stream: TcpStream) {
    let stream = stream.into_std().unwrap();
    socket2::SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
}

/// A GET request that carries the token, and the e-mail address in its query.
pub(crate) fn get(url: impl AsRef<str>) -> Request<Body> {
    let mut url = url.as_ref().to_owned();
    // An address without a path takes no query.
    if url.contains('/') {
        url = format!("{url}?email={EMAIL}");
    }
    Request::get(url)
        .header("authorization", format!("Token {TOKEN}"))
        .body(Body::empty())
        .unwrap()
}

/// A POST request that carries the token, and both in its body.
pub(crate) fn post(url: impl AsRef<str>) -> Request<Body> {
    Request::post(url.as_ref())
        .header("authorization", format!("Token {TOKEN}"))
        .body(Body::from(format!("email={EMAIL}&secret={TOKEN}")))
        .unwrap()
}

/// The same request with the caller's limits.
pub(crate) fn limited(
    mut request: Request<Body>,
    timeout: Option<Duration>,
    max_body_bytes: Option<u64>,
) -> Request<Body> {
    let mut context = CallContext::new("test.limited", "/");
    context.timeout = timeout;
    context.max_body_bytes = max_body_bytes;
    request.extensions_mut().insert(context);
    request
}

/// Sends a request that must get a response.
pub(crate) async fn succeeds(
    transport: &HyperTransport,
    request: Request<Body>,
) -> Response<Bytes> {
    match transport.send(request).await {
        Ok(response) => response,
        Err(error) => panic!("{error} ({error:?})"),
    }
}

/// Sends a request that must fail in just this way.
pub(crate) async fn fails(
    transport: &HyperTransport,
    request: Request<Body>,
    kind: TransportErrorKind,
    sent: Sent,
) -> TransportError {
    let error = failure(transport, request).await;
    assert_eq!((error.kind(), error.sent()), (kind, sent), "{error:?}");
    error
}

/// Sends a request that must fail, and makes sure that the error tells no secret.
pub(crate) async fn failure(transport: &HyperTransport, request: Request<Body>) -> TransportError {
    let error = match transport.send(request).await {
        Err(error) => error,
        Ok(response) => panic!("the response has status {}", response.status()),
    };
    tells_no_secret(&error);
    error
}
