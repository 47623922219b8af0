//! HTTP/2 of a server, frame by frame: enough to respond, and to break the rules on purpose. RFC 9113.

use std::io;

use super::Conn;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// `:status: 200`, from the static table of HPACK.
const STATUS_200: u8 = 0x88;

#[derive(Debug)]
pub(crate) struct Http2<'c>(&'c mut Conn);

impl<'c> Http2<'c> {
    /// Reads the preface, and says that all settings are the usual ones.
    pub(crate) fn accept(conn: &'c mut Conn) -> io::Result<Self> {
        conn.take(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len())?;
        let mut this = Self(conn);
        this.frame(SETTINGS, 0, 0, &[])?;
        Ok(this)
    }

    pub(crate) fn frame(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> io::Result<()> {
        let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
        let mut frame = length.to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.write(frame)
    }

    /// Reads until a request is whole, and returns the number of its stream; `None` where the connection
    /// ended before.
    pub(crate) fn request(&mut self) -> io::Result<Option<u32>> {
        loop {
            let Ok(head) = self.0.take(9) else {
                return Ok(None);
            };
            let [a, b, c, kind, flags, d, e, f, g] = head.try_into().unwrap_or([0; 9]);
            let length = u32::from_be_bytes([0, a, b, c]);
            let stream = u32::from_be_bytes([d, e, f, g]);
            let payload = self.0.take(usize::try_from(length).unwrap_or(0))?;
            match kind {
                SETTINGS if flags & ACK == 0 => self.frame(SETTINGS, ACK, 0, &[])?,
                PING if flags & ACK == 0 => self.frame(PING, ACK, 0, &payload)?,
                HEADERS | DATA if flags & END_STREAM != 0 => {
                    self.0
                        .say(&format!("read the whole request of stream {stream}"));
                    return Ok(Some(stream));
                }
                _ => {}
            }
        }
    }

    /// The head of a response with a body.
    pub(crate) fn head(&mut self, stream: u32) -> io::Result<()> {
        self.frame(HEADERS, END_HEADERS, stream, &[STATUS_200])
    }

    /// The head of a response that goes on, and goes on.
    pub(crate) fn head_without_end(&mut self, stream: u32) -> io::Result<()> {
        self.frame(HEADERS, 0, stream, &[STATUS_200])
    }

    pub(crate) fn data(&mut self, stream: u32, bytes: &[u8], last: bool) -> io::Result<()> {
        self.frame(DATA, if last { END_STREAM } else { 0 }, stream, bytes)
    }

    pub(crate) fn respond(&mut self, stream: u32, body: &[u8]) -> io::Result<()> {
        self.head(stream)?;
        self.data(stream, body, true)
    }

    pub(crate) fn reset(&mut self, stream: u32, code: u32) -> io::Result<()> {
        self.frame(RST_STREAM, 0, stream, &code.to_be_bytes())
    }

    pub(crate) fn go_away(&mut self, last_stream: u32) -> io::Result<()> {
        let mut payload = last_stream.to_be_bytes().to_vec();
        payload.extend(0_u32.to_be_bytes());
        self.frame(GOAWAY, 0, 0, &payload)
    }

    pub(crate) fn hold(&mut self) {
        self.0.hold();
    }
}
