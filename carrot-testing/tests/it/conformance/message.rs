//! HTTP/1 of the reference: what is written, and what is read.

use std::time::Duration;

use bytes::Bytes;
use carrot_core::{
    Body,
    Sent::{Maybe, Never, Yes},
    TransportError,
    transport::{
        TimeoutPhase,
        TransportErrorKind::{self as Kind, Protocol, Reset, Timeout, TooLarge, Truncated},
    },
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};

use super::{
    breaks::{Break, Mutant},
    io::{Conn, lost},
};

/// Limits of one attempt, after the mutant had its say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) cap: Option<u64>,
    pub(crate) idle: Option<Duration>,
}

const EXPECTING: [Method; 3] = [Method::POST, Method::PUT, Method::PATCH];

/// The bytes of a request.
pub(crate) fn written(of: &Mutant, request: &Request<Body>, cookie: Option<&str>) -> Vec<u8> {
    let uri = request.uri();
    let mut target = uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    match of.breaks {
        Break::DecodesTarget => target = target.replace("%2F", "/"),
        Break::ResolvesDots => target = target.replace("/a/../b/./c//d/", "/b/c/d/"),
        Break::SortsQuery => {
            if let Some((path, query)) = target.clone().split_once('?') {
                let mut pairs: Vec<_> = query.split('&').collect();
                pairs.sort_unstable();
                target = format!("{path}?{}", pairs.join("&"));
            }
        }
        _ => {}
    }
    let method = match of.is(Break::ReplacesMethod) && request.method() == "PURGE" {
        true => "POST",
        false => request.method().as_str(),
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = match of.is(Break::HostWithoutPort) {
        true => uri.host().unwrap_or_default(),
        false => authority,
    };
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n").into_bytes();
    let mut put = |name: &str, value: &[u8]| {
        bytes.extend(format!("{name}: ").as_bytes());
        bytes.extend(value);
        bytes.extend(b"\r\n");
    };
    for name in request.headers().keys() {
        let mut values: Vec<_> = request.headers().get_all(name).iter().collect();
        if of.is(Break::DropsRepeatedHeaders) {
            values.truncate(1);
        }
        if of.is(Break::DropsObsText) {
            values.retain(|value| value.to_str().is_ok());
        }
        for value in values {
            put(name.as_str(), value.as_bytes());
        }
    }
    let mut body = request.body().as_bytes().to_vec();
    if of.is(Break::SendsTextBody) {
        body = String::from_utf8_lossy(&body).into_owned().into_bytes();
    }
    let expected = EXPECTING.contains(request.method()) && !of.is(Break::NoLengthForEmptyPost);
    if !body.is_empty() || expected || of.is(Break::LengthOnGet) {
        put("content-length", body.len().to_string().as_bytes());
    }
    match of.breaks {
        Break::AddsHeader => put("x-request-id", b"1"),
        Break::AddsUserAgent if !request.headers().contains_key(header::USER_AGENT) => {
            put("user-agent", b"reference/1");
        }
        Break::AddsSecondAccept if request.headers().contains_key(header::ACCEPT) => {
            put("accept", b"*/*");
        }
        Break::AsksForCompression => put("accept-encoding", b"gzip"),
        Break::SendsOperation => {
            if let Some(context) = request
                .extensions()
                .get::<carrot_core::transport::CallContext>()
            {
                put("connection", context.operation.as_bytes());
            }
        }
        _ => {}
    }
    if of.gzip {
        put("accept-encoding", b"gzip");
    }
    if let Some(cookie) = cookie {
        put("cookie", cookie.as_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

fn error(kind: Kind, sent: carrot_core::Sent, source: &'static str) -> TransportError {
    TransportError::new(kind, sent).with_source(source)
}

/// Reads to the end of a head, interim responses passed over.
pub(crate) async fn head(of: &Mutant, conn: &mut Conn) -> Result<Response<()>, TransportError> {
    let most = match of.breaks {
        Break::NoHeadLimit => usize::MAX,
        Break::TinyHeadLimit => 1024,
        _ => 64 * 1024,
    };
    loop {
        let mut searched = 0;
        let end = loop {
            let rest = &conn.ahead[searched..];
            if let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break searched + end;
            }
            searched = conn.ahead.len().saturating_sub(3);
            if conn.ahead.len() > most {
                return Err(error(Protocol, Yes, "a head without an end"));
            }
            if conn.ahead.len() >= 5 && !conn.ahead.starts_with(b"HTTP/") {
                return Err(protocol(of, Maybe, "not HTTP"));
            }
            if !conn.more().await.map_err(lost)? {
                let never = of.is(Break::HalfHeadAsNever) && !conn.ahead.is_empty();
                let sent = if never { Never } else { Maybe };
                return Err(error(Reset, sent, "closed before the end of the head"));
            }
        };
        if end > most {
            return Err(error(Protocol, Yes, "a head that is too long"));
        }
        let bytes: Vec<u8> = conn.ahead.drain(..end + 4).collect();
        let head = parse(of, &bytes[..end])?;
        if !head.status().is_informational() || of.is(Break::TakesInterim) {
            return Ok(head);
        }
    }
}

fn protocol(of: &Mutant, sent: carrot_core::Sent, source: &'static str) -> TransportError {
    let kind = if of.is(Break::ProtocolAsReset) {
        Reset
    } else {
        Protocol
    };
    error(kind, sent, source)
}

fn parse(of: &Mutant, bytes: &[u8]) -> Result<Response<()>, TransportError> {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let status = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1)?.parse::<u16>().ok());
    let status = status.ok_or_else(|| protocol(of, Maybe, "no status line"))?;
    let mut response = Response::new(());
    *response.status_mut() =
        http::StatusCode::from_u16(status).map_err(|_| protocol(of, Maybe, "no status"))?;
    if line.starts_with("HTTP/1.0") {
        *response.version_mut() = http::Version::HTTP_10;
    }
    let headers = response.headers_mut();
    for line in lines {
        let named = line
            .iter()
            .position(|byte| *byte == b':')
            .and_then(|colon| {
                let name = HeaderName::from_bytes(&line[..colon]).ok()?;
                Some((
                    name,
                    HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?,
                ))
            });
        let Some((name, value)) = named else {
            if of.is(Break::SkipsBadHeaders) {
                continue;
            }
            return Err(protocol(of, Maybe, "a line that is not a header"));
        };
        let put = match of.is(Break::KeepsLastHeader) {
            true => headers.try_insert(name, value).map(drop),
            false => headers.try_append(name, value).map(drop),
        };
        if put.is_err() && !of.is(Break::NoHeadLimit) {
            return Err(protocol(of, Maybe, "too many headers"));
        }
    }
    Ok(response)
}

/// How a body ends.
enum End {
    Length(u64),
    Chunks,
    Close,
}

fn end(of: &Mutant, head: &Response<()>, method: &Method) -> Result<End, TransportError> {
    let headers = head.headers();
    let bodyless = [204, 304].contains(&head.status().as_u16());
    if method == Method::HEAD && !of.is(Break::ReadsBodyOfHead)
        || bodyless && !of.is(Break::ReadsBodyOf204)
    {
        return Ok(End::Length(0));
    }
    let chunked = headers.contains_key(header::TRANSFER_ENCODING);
    let length = length(of, headers)?;
    Ok(match length {
        Some(length) if !chunked || of.is(Break::LengthWins) => End::Length(length),
        _ if chunked => End::Chunks,
        _ if of.is(Break::NoBodyWithoutLength) => End::Length(0),
        _ => End::Close,
    })
}

fn length(of: &Mutant, headers: &HeaderMap) -> Result<Option<u64>, TransportError> {
    let mut found = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        let digits = value.as_bytes().iter().all(u8::is_ascii_digit);
        let length = value
            .to_str()
            .ok()
            .and_then(|value| value.parse::<u64>().ok())
            .filter(|_| digits);
        let length = match length {
            Some(length) => length,
            None if of.is(Break::BadLengthAsZero) => 0,
            None => return Err(protocol(of, Yes, "a length that is not a number")),
        };
        match found {
            Some(other) if other != length && !of.is(Break::TakesFirstLength) => {
                return Err(protocol(of, Yes, "two lengths"));
            }
            Some(_) => {}
            None => found = Some(length),
        }
    }
    Ok(found)
}

/// Reads a body, and says whether the connection is in step after it.
pub(crate) async fn body(
    of: &Mutant,
    conn: &mut Conn,
    head: &Response<()>,
    method: &Method,
    limits: Limits,
) -> Result<(Bytes, bool), TransportError> {
    let mut body = Vec::new();
    let mut reader = Reader { of, conn, limits };
    let close = head
        .headers()
        .get(header::CONNECTION)
        .is_some_and(|value| value == "close");
    let mut in_step =
        (!close || of.is(Break::IgnoresClose)) && head.version() != http::Version::HTTP_10;
    match end(of, head, method)? {
        End::Length(length) => {
            if !of.is(Break::IgnoresDeclared) && !of.is(Break::CapAfterBuffering) {
                reader.check(length)?;
            }
            while (body.len() as u64) < length {
                if reader.conn.ahead.is_empty() && !reader.more().await? {
                    if of.is(Break::TruncatedAsOk) {
                        in_step = false;
                        break;
                    }
                    return Err(reader.truncated());
                }
                let left = usize::try_from(length - body.len() as u64).unwrap_or(usize::MAX);
                let take = left.min(reader.conn.ahead.len());
                body.extend_from_slice(&reader.conn.ahead[..take]);
                reader.conn.ahead.drain(..take);
                reader.check(body.len() as u64)?;
            }
        }
        End::Chunks => in_step &= reader.chunks(&mut body).await?,
        End::Close => {
            in_step = false;
            loop {
                body.append(&mut reader.conn.ahead);
                reader.check(body.len() as u64)?;
                if !reader.more().await? {
                    break;
                }
            }
        }
    }
    if of.is(Break::CapAfterBuffering) {
        reader.checked(body.len() as u64)?;
    }
    if reader.conn.ahead.is_empty()
        || of.is(Break::KeepsExtraBytes)
        || of.is(Break::ReusesUnfinished)
    {
        return Ok((body.into(), in_step));
    }
    Ok((body.into(), false))
}

struct Reader<'r> {
    of: &'r Mutant,
    conn: &'r mut Conn,
    limits: Limits,
}

impl Reader<'_> {
    async fn more(&mut self) -> Result<bool, TransportError> {
        let idle = self.limits.idle;
        let (of, conn) = (self.of, &mut *self.conn);
        let more = async {
            match conn.more().await {
                Ok(more) => Ok(more),
                Err(error) => {
                    let kind = if of.is(Break::TruncatedAsReset) {
                        Reset
                    } else {
                        Truncated
                    };
                    Err(TransportError::new(kind, Yes).with_source(error))
                }
            }
        };
        match idle {
            None => more.await,
            Some(idle) => match tokio::time::timeout(idle, more).await {
                Ok(more) => more,
                Err(_) => Err(error(
                    Timeout(TimeoutPhase::Body),
                    Yes,
                    "the body made no progress",
                )),
            },
        }
    }

    fn truncated(&self) -> TransportError {
        let kind = if self.of.is(Break::TruncatedAsReset) {
            Reset
        } else {
            Truncated
        };
        error(kind, Yes, "closed before the end of the body")
    }

    fn check(&self, length: u64) -> Result<(), TransportError> {
        if self.of.is(Break::CapAfterBuffering) {
            return Ok(());
        }
        self.checked(length)
    }

    fn checked(&self, length: u64) -> Result<(), TransportError> {
        match self.limits.cap {
            Some(0) if self.of.is(Break::ZeroCapIsNone) => Ok(()),
            Some(cap)
                if length > cap
                    || self.of.is(Break::CapIsExclusive) && length == cap && cap > 0 =>
            {
                Err(TransportError::new(TooLarge { limit: cap }, Yes).with_source("too large"))
            }
            _ => Ok(()),
        }
    }

    async fn line(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        loop {
            if let Some(end) = self.conn.ahead.windows(2).position(|two| two == b"\r\n") {
                let line = self.conn.ahead.drain(..end + 2).take(end).collect();
                return Ok(Some(line));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// Whether the connection is in step after the last chunk.
    async fn chunks(&mut self, body: &mut Vec<u8>) -> Result<bool, TransportError> {
        loop {
            let line = match self.line().await? {
                Some(line) => line,
                None if self.of.is(Break::HalfChunkAsOk) => return Ok(false),
                None => return Err(self.truncated()),
            };
            if self.of.is(Break::RejectsExtensions) && line.contains(&b';') {
                return Err(protocol(self.of, Yes, "an extension"));
            }
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let digits = !size.is_empty() && size.iter().all(u8::is_ascii_hexdigit);
            let size = u64::from_str_radix(&String::from_utf8_lossy(size), 16)
                .ok()
                .filter(|_| digits);
            let size = match size {
                Some(0) => break,
                Some(size) => size,
                None if self.of.is(Break::BadChunkAsEnd) => return Ok(false),
                None => return Err(protocol(self.of, Yes, "a size that is not a number")),
            };
            self.check(body.len() as u64 + size)?;
            let size = usize::try_from(size).map_err(|_| error(Protocol, Yes, "a huge chunk"))?;
            while self.conn.ahead.len() < size + 2 {
                if !self.more().await? {
                    if self.of.is(Break::HalfChunkAsOk) {
                        body.append(&mut self.conn.ahead);
                        return Ok(false);
                    }
                    return Err(self.truncated());
                }
            }
            body.extend_from_slice(&self.conn.ahead[..size]);
            self.conn.ahead.drain(..size);
            let ending: Vec<u8> = self.conn.ahead.drain(..2).collect();
            if ending != b"\r\n" {
                if self.of.is(Break::BadChunkAsEnd) {
                    return Ok(false);
                }
                return Err(protocol(
                    self.of,
                    Yes,
                    "a chunk that is longer than its size",
                ));
            }
        }
        // Trailers, to an empty line.
        loop {
            match self.line().await? {
                Some(line) if line.is_empty() => return Ok(true),
                Some(_) => {}
                None => return Err(self.truncated()),
            }
        }
    }
}
