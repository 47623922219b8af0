use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use super::{
    log::{KEPT_OPEN, Log, PATIENCE, readable},
    tls::{Tls, TlsStream},
};

/// One connection of a server, on a thread of its own. Whatever it waits for ends after [`PATIENCE`].
#[derive(Debug)]
pub(crate) struct Conn {
    /// Counts the connections of the server, from 0.
    pub(crate) number: usize,
    tcp: Arc<TcpStream>,
    tls: Option<TlsStream>,
    /// What was read and belongs to no request yet.
    ahead: Vec<u8>,
    log: Arc<Log>,
}

impl Conn {
    pub(crate) fn new(number: usize, tcp: Arc<TcpStream>, log: Arc<Log>) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            number,
            tcp,
            tls: None,
            ahead: Vec::new(),
            log,
        })
    }

    pub(crate) fn say(&self, what: &str) {
        self.log.say(format!("connection {}: {what}", self.number));
    }

    /// From here on everything goes through TLS; false where the client does not shake hands.
    pub(crate) fn accept(&mut self, tls: &Tls) -> bool {
        match tls.accept(Arc::clone(&self.tcp)) {
            Ok(stream) => {
                self.say("a TLS session");
                self.tls = Some(stream);
                true
            }
            Err(error) => {
                self.say(&format!("no TLS session: {error}"));
                false
            }
        }
    }

    /// What its server saw.
    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Says nothing for this long; an error where the client closes meanwhile.
    pub(crate) fn quiet_for(&self, time: Duration) -> io::Result<()> {
        self.tcp.set_read_timeout(Some(time))?;
        let peeked = self.tcp.peek(&mut [0]);
        self.tcp.set_read_timeout(Some(PATIENCE))?;
        match peeked {
            Ok(0) => {
                self.say("the client closed");
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            // More is there already: it cannot be waited for again.
            Ok(_) => {
                thread::park_timeout(time);
                Ok(())
            }
            Err(error) if timed_out(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn tls(&self) -> Option<&TlsStream> {
        self.tls.as_ref()
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => tls.read(buffer),
            None => (&*self.tcp).read(buffer),
        }
    }

    /// Reads more; false at the end of the connection.
    pub(crate) fn more(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        let read = self.read(&mut buffer)?;
        self.ahead
            .extend_from_slice(buffer.get(..read).unwrap_or_default());
        Ok(read > 0)
    }

    /// Takes this many bytes, and waits for them; an error at the end of the connection.
    pub(crate) fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < length {
            if !self.more()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.ahead.drain(..length).collect())
    }

    /// Reads one request with a declared length or none; `None` where the connection ended before.
    pub(crate) fn request(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(length) = length_of_request(&self.ahead) {
                let request: Vec<u8> = self.ahead.drain(..length).collect();
                self.log.update(
                    format!("connection {}: read {}", self.number, readable(&request)),
                    |seen| seen.requests.push((self.number, request.clone())),
                );
                return Ok(Some(request));
            }
            match self.more() {
                Ok(true) => {}
                Ok(false) => {
                    self.say("the client closed");
                    return Ok(None);
                }
                Err(error) => {
                    self.say(&format!("reading ended: {error}"));
                    return Ok(None);
                }
            }
        }
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let bytes = bytes.as_ref();
        let written = match &mut self.tls {
            Some(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
            None => (&*self.tcp).write_all(bytes),
        };
        match &written {
            Ok(()) => self.say(&format!("wrote {}", readable(bytes))),
            Err(error) => self.say(&format!("writing ended: {error}")),
        }
        written
    }

    /// Writes this until the client closes the connection, or a bound that no client may reach.
    pub(crate) fn flood(&mut self, bytes: &[u8]) {
        const MOST: usize = 8 << 20;
        let mut sent = 0;
        while sent < MOST && (&*self.tcp).write_all(bytes).is_ok() {
            sent += bytes.len();
        }
        self.say(&format!("wrote a flood of {sent} bytes"));
    }

    /// Keeps the connection open, and reads whatever comes, until the client closes it. False where it
    /// did not.
    pub(crate) fn hold(&mut self) -> bool {
        let mut sink = [0; 4096];
        loop {
            match self.read(&mut sink) {
                Ok(0) => break self.say("the client closed"),
                Ok(_) => {}
                Err(error) if timed_out(&error) => {
                    self.say(KEPT_OPEN);
                    return false;
                }
                Err(_) => break self.say("the client reset"),
            }
        }
        true
    }

    /// Waits until something came, and leaves it unread.
    pub(crate) fn came(&self) -> io::Result<()> {
        if self.tcp.peek(&mut [0])? > 0 {
            let line = format!("connection {}: something came", self.number);
            self.log.update(line, |seen| seen.came += 1);
        }
        Ok(())
    }

    /// Whether the client sent more than the server has read. Returns when there is more, or when
    /// `ready` holds.
    pub(crate) fn more_before(&mut self, ready: impl Fn() -> bool) -> io::Result<bool> {
        if !self.ahead.is_empty() {
            return Ok(true);
        }
        self.tcp.set_read_timeout(Some(Duration::from_millis(10)))?;
        let mut more = false;
        for _ in 0..500 {
            match self.tcp.peek(&mut [0]) {
                Ok(read) => more = read > 0,
                Err(error) if timed_out(&error) => {}
                Err(_) => break,
            }
            if more || ready() {
                break;
            }
        }
        self.tcp.set_read_timeout(Some(PATIENCE))?;
        Ok(more)
    }

    /// Says goodbye as TLS wants it, without which an end may be a cut by somebody on the way.
    pub(crate) fn goodbye(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.goodbye()?;
        }
        Ok(())
    }

    /// Sends a fatal alert over the TLS session.
    pub(crate) fn alert(&mut self) -> io::Result<()> {
        self.say("an alert of TLS");
        self.tls.as_mut().map_or(Ok(()), TlsStream::alert)
    }

    /// Writes to the socket below the TLS session.
    pub(crate) fn write_beside_tls(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.say(&format!("wrote below TLS: {}", readable(bytes)));
        (&*self.tcp).write_all(bytes)
    }

    /// Closes this side, and waits for the client to close the other.
    pub(crate) fn finish(&mut self) {
        self.say("closed by the server");
        let _ = self.goodbye();
        let _ = self.tcp.shutdown(Shutdown::Write);
        self.hold();
    }

    /// Closes the connection with a reset.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        self.say("reset by the server");
        socket2::SockRef::from(&*self.tcp).set_linger(Some(Duration::ZERO))
    }
}

fn timed_out(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// The length of the first request, where it is whole.
fn length_of_request(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(bytes.get(..end)?).to_ascii_lowercase();
    let value = |name: &str| {
        let mut lines = head.split("\r\n");
        lines.find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix(':')
                .map(|value| value.trim().to_owned())
        })
    };
    if value("transfer-encoding").is_some() {
        let chunks = bytes.get(end..)?;
        let last = chunks.windows(5).position(|five| five == b"0\r\n\r\n")?;
        return Some(end + last + 5);
    }
    let length: usize = value("content-length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    (bytes.len() >= end + length).then_some(end + length)
}
