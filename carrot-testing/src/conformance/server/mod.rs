//! Servers on threads of their own that respond as a rule says, byte by byte. They need no runtime, wait
//! at gates and never sleep, and whatever they wait for ends after [`PATIENCE`].

mod conn;
pub(crate) mod http2;
mod log;
pub(crate) mod tls;

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

pub(crate) use self::{
    conn::Conn,
    log::{Gate, Log, PATIENCE, Seen, readable},
};

/// A server that treats each connection as the rule says. Dropping it ends its threads.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    log: Arc<Log>,
    open: Arc<Open>,
}

#[derive(Debug, Default)]
struct Open {
    ended: AtomicBool,
    streams: Mutex<Vec<Weak<TcpStream>>>,
}

impl Server {
    pub(crate) fn start(
        serve: impl Fn(&mut Conn) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, serve)
    }

    pub(crate) fn start_on_ipv6(
        serve: impl Fn(&mut Conn) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::on(TcpListener::bind((Ipv6Addr::LOCALHOST, 0))?, serve)
    }

    fn on(
        listener: TcpListener,
        serve: impl Fn(&mut Conn) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (log, open) = (Arc::new(Log::default()), Arc::new(Open::default()));
        let serve = Arc::new(serve);
        let accepting = (Arc::clone(&log), Arc::clone(&open));
        thread::Builder::new().spawn(move || {
            let (log, open) = accepting;
            for number in 0.. {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                if open.ended.load(Ordering::SeqCst) {
                    return;
                }
                // Only the connection itself keeps the socket: a reset happens when its last owner goes.
                let stream = Arc::new(stream);
                let mut streams = open.streams.lock().unwrap_or_else(PoisonError::into_inner);
                streams.push(Arc::downgrade(&stream));
                drop(streams);
                let (log, serve) = (Arc::clone(&log), Arc::clone(&serve));
                log.update(format!("connection {number}: accepted"), |seen| {
                    seen.accepted += 1;
                });
                thread::spawn(move || {
                    if let Ok(mut conn) = Conn::new(number, stream, Arc::clone(&log)) {
                        let served = serve(&mut conn);
                        if let Err(error) = served {
                            conn.say(&format!("ended: {error}"));
                        }
                    }
                    log.update(format!("connection {number}: over"), |seen| {
                        seen.closed += 1;
                    });
                });
            }
        })?;
        Ok(Self { address, log, open })
    }

    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn https(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    pub(crate) fn accepted(&self) -> usize {
        self.log.get(|seen| seen.accepted)
    }

    /// The requests that were read whole.
    pub(crate) fn requests(&self) -> Vec<Vec<u8>> {
        self.log.get(|seen| {
            seen.requests
                .iter()
                .map(|(_, request)| request.clone())
                .collect()
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.open.ended.store(true, Ordering::SeqCst);
        let mut streams = self
            .open
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for stream in streams.drain(..).filter_map(|stream| stream.upgrade()) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}
