//! A server on this machine that breaks the rules by plan, and records the requests. Its responses
//! quote the token and the person's data, as a careless service or gateway does.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

use crate::{
    plan::{Fault, Plan},
    secrets::{E_MAIL, MARK, TEXT, TOKEN},
};

/// What the server got of one call.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    arrived: AtomicU8,
    rejected: AtomicU8,
}

impl Entry {
    /// Requests that were read whole.
    pub(crate) fn arrived(&self) -> u8 {
        self.arrived.load(Ordering::SeqCst)
    }

    /// Requests that were read whole, and not rejected with status 429: each may have had its effect.
    pub(crate) fn taken(&self) -> u8 {
        self.arrived() - self.rejected.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    plan: Plan,
    calls: Vec<Entry>,
    /// Requests that belong to no call, or do not carry what a call carries.
    strange: AtomicU64,
    restarts: AtomicU64,
    connections: AtomicU64,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Shared {
    pub(crate) fn call(&self, call: u32) -> Option<&Entry> {
        self.calls.get(call as usize)
    }

    pub(crate) fn arrived(&self) -> u64 {
        self.calls
            .iter()
            .map(|call| u64::from(call.arrived()))
            .sum()
    }

    pub(crate) fn strange(&self) -> u64 {
        self.strange.load(Ordering::SeqCst)
    }

    /// How often all connections died together.
    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// The most connections that were open at once.
    pub(crate) fn most_open(&self) -> usize {
        self.most_open.load(Ordering::SeqCst)
    }
}

#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(plan: Plan, calls: u32) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            plan,
            calls: (0..calls).map(|_| Entry::default()).collect(),
            strange: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more connections. Those that are open end when the client closes them.
    pub(crate) async fn stop(self) -> Arc<Shared> {
        self.accepting.abort();
        // It ends with the error that says so.
        let _ = self.accepting.await;
        self.shared
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // An error here is that of one connection which is gone already.
        if let Ok((stream, _)) = listener.accept().await {
            let number = shared.connections.fetch_add(1, Ordering::SeqCst);
            let open = Open::new(Arc::clone(&shared));
            tokio::spawn(async move {
                // However it ends, the connection is closed.
                let _ = serve(stream, &open.0, number).await;
                drop(open);
            });
        }
    }
}

/// Counts a connection while it is open.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: Arc<Shared>) -> Self {
        let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_open.fetch_max(open, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared, number: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if shared.plan.resets_unread(number) {
        return reset(&stream);
    }
    let restarts = shared.restarts();
    loop {
        if stream.peek(&mut [0]).await? > 0 && shared.restarts() != restarts {
            return reset(&stream);
        }
        let Some(call) = read_call(&mut stream).await? else {
            return Ok(());
        };
        let Some(entry) = call.and_then(|call| shared.call(call)) else {
            shared.strange.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        };
        let arrival = entry.arrived.fetch_add(1, Ordering::SeqCst) + 1;
        let call = call.unwrap_or_default();
        let fault = shared.plan.fault(call, u32::from(arrival));
        if fault == Fault::Reject {
            entry.rejected.fetch_add(1, Ordering::SeqCst);
        }
        if fault == Fault::Restart {
            shared.restarts.fetch_add(1, Ordering::SeqCst);
        }
        if !respond(&mut stream, call, fault).await? {
            return Ok(());
        }
    }
}

/// Responds as planned; false when the connection is not to be used again.
async fn respond(stream: &mut TcpStream, call: u32, fault: Fault) -> io::Result<bool> {
    let id = u64::from(call) + 1;
    let fine = format!(r#"{{"meta":{{"status":200}},"data":{{"id":{id},"body":"{TEXT}"}}}}"#);
    let text = match fault {
        Fault::None => response("200 OK", "", &fine),
        Fault::Delay(milliseconds) => {
            sleep(Duration::from_millis(milliseconds)).await;
            response("200 OK", "", &fine)
        }
        Fault::Reject => response(
            "429 Too Many Requests",
            "retry-after: 0\r\n",
            &service_error(429, "TooManyRequests"),
        ),
        Fault::Error500 => response(
            "500 Internal Server Error",
            "",
            &service_error(500, "InternalError"),
        ),
        Fault::Error502 => response("502 Bad Gateway", "", &page("Bad gateway")),
        Fault::Garbage => response("200 OK", "", &page("Be right back")),
        Fault::Misread => {
            let data = format!(r#"{{"id":"{TOKEN} {E_MAIL}"}}"#);
            let body = format!(r#"{{"meta":{{"status":200}},"data":{data}}}"#);
            response("200 OK", "", &body)
        }
        Fault::Reset | Fault::Restart => {
            reset(stream)?;
            return Ok(false);
        }
        Fault::Close => return Ok(false),
        Fault::NoHttp => {
            let greeting = format!("SSH-2.0-OpenSSH_9.6 {TOKEN} {E_MAIL}\r\n\r\n");
            stream.write_all(greeting.as_bytes()).await?;
            return Ok(false);
        }
        Fault::Truncate | Fault::Stall => {
            let whole = response("200 OK", "", &fine);
            stream
                .write_all(&whole.as_bytes()[..whole.len() - 9])
                .await?;
            if fault == Fault::Stall {
                // Until the client closes the connection.
                while stream.read(&mut [0]).await? > 0 {}
            }
            return Ok(false);
        }
    };
    stream.write_all(text.as_bytes()).await?;
    Ok(true)
}

/// In the service's own form. Its words are shown but for the token, so no person stands there.
fn service_error(status: u16, code: &str) -> String {
    let meta =
        format!(r#"{{"status":{status},"error":"{code}","error_message":"Not now, {TOKEN}"}}"#);
    format!(r#"{{"meta":{meta},"data":{{"$email":"{E_MAIL}"}}}}"#)
}

/// A page that quotes what it was sent.
fn page(title: &str) -> String {
    format!("<html>{title}<pre>authorization: Token {TOKEN}\n\n{TEXT}</pre></html>")
}

fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

/// Closes with a reset instead of a goodbye.
pub(crate) fn reset(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// Reads one request and tells which call it is of: `None` at the end of the connection,
/// `Some(None)` when it is of none.
async fn read_call(stream: &mut TcpStream) -> io::Result<Option<Option<u32>>> {
    let mut request = Vec::with_capacity(1024);
    loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]);
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap_or(usize::MAX));
            if request.len() - end - 4 >= length {
                let body = String::from_utf8_lossy(&request[end + 4..]);
                return Ok(Some(call_of(&head, &body)));
            }
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
}

/// A write says which call it is of by its `random_id`, a read by the id in its path. Both carry the
/// token, and a write its text.
fn call_of(head: &str, body: &str) -> Option<u32> {
    let writes = head.starts_with("POST ");
    if !head.contains(TOKEN) || writes && !body.contains(MARK) {
        return None;
    }
    let number = match writes {
        true => body
            .split('&')
            .find_map(|pair| pair.strip_prefix("random_id="))?,
        false => {
            head.strip_prefix("GET /v2/conversations/")?
                .split_once(' ')?
                .0
        }
    };
    number.parse::<u32>().ok()?.checked_sub(1)
}
