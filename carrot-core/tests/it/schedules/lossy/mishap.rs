//! What happens to one request, and what comes back.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use carrot_core::{
    Sent,
    transport::{TimeoutPhase, TransportErrorKind as Kind},
};
use http::{
    Response,
    header::{DATE, RETRY_AFTER},
};

#[derive(Clone, Copy, Debug)]
pub(super) enum Mishap {
    /// It is not sent.
    NotSent(Kind),
    /// It is lost on the way, or the service never reads it.
    Lost,
    /// It is never read, and the connection stays open.
    Stuck,
    /// It arrives, and this status comes back.
    Responds {
        status: u16,
        applied: bool,
        shape: Shape,
    },
    /// It is applied, and no response comes.
    ResponseLost(Kind, Sent),
    /// It is applied, and the connection stays open without a response.
    ResponseStuck,
}

/// The body of a response.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Whole,
    Html,
    Empty,
    /// It ends in the middle, and its length does not tell.
    Cut,
    /// An error in the envelope, whatever the status of HTTP.
    Envelope(u16),
}

impl Shape {
    /// Returns the status that the client has to go by.
    pub(super) fn status(self, status: u16) -> u16 {
        match self {
            Self::Envelope(inner) => inner,
            _ => status,
        }
    }

    pub(super) fn body(self, status: u16, data: &str) -> Bytes {
        let status = self.status(status);
        let meta = format!(r#"{{"status":{status},"next_before_position":null}}"#);
        let mut body = format!(r#"{{"meta":{meta},"data":{data}}}"#);
        match self {
            Self::Whole | Self::Envelope(_) => {}
            Self::Html => body = "<html>".to_owned(),
            Self::Empty => body.clear(),
            Self::Cut => body.truncate(body.len() - 2),
        }
        body.into()
    }
}

impl Mishap {
    pub(super) fn draw(random: &mut fastrand::Rng) -> Self {
        let shaped = |status, applied, shape| Self::Responds {
            status,
            applied,
            shape,
        };
        let responds = |status, applied| shaped(status, applied, Shape::Whole);
        let mishaps = [
            Self::NotSent(Kind::Connect),
            Self::NotSent(Kind::Dns),
            Self::NotSent(Kind::Reset),
            Self::NotSent(Kind::Tls),
            Self::NotSent(Kind::Timeout(TimeoutPhase::Connect)),
            Self::Lost,
            Self::Stuck,
            responds(400, false),
            responds(404, false),
            responds(408, false),
            responds(408, true),
            // Before it was read.
            responds(413, false),
            responds(429, false),
            responds(429, false),
            shaped(429, false, Shape::Html),
            shaped(200, false, Shape::Envelope(429)),
            shaped(200, false, Shape::Envelope(400)),
            shaped(200, true, Shape::Envelope(500)),
            responds(500, false),
            responds(500, true),
            responds(502, true),
            shaped(502, true, Shape::Html),
            responds(503, false),
            responds(504, true),
            responds(302, true),
            responds(307, false),
            shaped(200, true, Shape::Html),
            shaped(200, true, Shape::Cut),
            shaped(204, true, Shape::Empty),
            Self::ResponseLost(Kind::Reset, Sent::Maybe),
            Self::ResponseLost(Kind::Truncated, Sent::Yes),
            Self::ResponseLost(Kind::Timeout(TimeoutPhase::Body), Sent::Yes),
            Self::ResponseLost(Kind::TooLarge { limit: 1 }, Sent::Yes),
            Self::ResponseStuck,
        ];
        match random.u8(0..100) {
            0..50 => responds(200, true),
            _ => mishaps[random.usize(0..mishaps.len())],
        }
    }

    pub(super) fn arrives(self) -> bool {
        !matches!(self, Self::NotSent(_) | Self::Lost | Self::Stuck)
    }

    pub(super) fn applies(self) -> bool {
        match self {
            Self::NotSent(_) | Self::Lost | Self::Stuck => false,
            Self::Responds { applied, .. } => applied,
            Self::ResponseLost(..) | Self::ResponseStuck => true,
        }
    }
}

/// Asks to wait in any form that services and proxies write, and returns for how long.
pub(super) fn ask_to_wait(
    random: &mut fastrand::Rng,
    response: &mut Response<Bytes>,
    now: SystemTime,
) -> Duration {
    const SECOND: Duration = Duration::from_secs(1);
    let seconds = random.u64(0..8);
    let wait = SECOND * u32::try_from(seconds).expect("few");
    let zone = [" GMT", " UTC", " +0000"][random.usize(0..3)];
    let date = |time| httpdate::fmt_http_date(time).replace(" GMT", zone);
    let (text, wait) = match random.u8(0..8) {
        0 => (format!("{seconds}.2"), wait + SECOND / 5),
        1 => (format!("2, {seconds}"), wait.max(SECOND * 2)),
        2 => ("soon".to_owned(), Duration::ZERO),
        3 => ("7200".to_owned(), SECOND * 7_200),
        4 => {
            let then = now + wait;
            let nanos = then.duration_since(SystemTime::UNIX_EPOCH).expect("later");
            let fraction = Duration::from_nanos(nanos.subsec_nanos().into());
            (date(then), wait.saturating_sub(fraction))
        }
        // The clocks differ by hours.
        5 => {
            let there = now - SECOND * random.u32(0..20_000);
            let header = httpdate::fmt_http_date(there);
            let headers = response.headers_mut();
            headers.insert(DATE, header.parse().expect("a date"));
            (date(there + wait), wait)
        }
        _ => (seconds.to_string(), wait),
    };
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, text.parse().expect("a header value"));
    wait
}
