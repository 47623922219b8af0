//! The start of a connection: its channels, its token and its position.

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, UPGRADE},
};

use super::hub::Position;
use crate::sandbox::rules::call::Call;

const MAX_CHANNELS: usize = 50;

/// The channels of a path, the token and the position of a connection.
pub(in crate::sandbox) struct Opening {
    pub(super) channels: Vec<String>,
    pub(super) from: Option<Position>,
}

/// Why a connection is not taken.
pub(in crate::sandbox) struct Rejection {
    pub(super) status: u16,
    pub(super) reason: &'static str,
}

impl Opening {
    /// Reads a request for a long poll or a WebSocket.
    pub(in crate::sandbox) fn read(
        call: &Call,
        request: &Request<Bytes>,
        token: &str,
        app: u64,
    ) -> Result<Self, Rejection> {
        let reject = |status, reason| Err(Rejection { status, reason });
        if call.token() != Some(token) {
            return reject(401, "the token is missing or wrong");
        }
        let channels: Vec<String> = call.segments.iter().skip(1).cloned().collect();
        if channels.is_empty() || channels.len() > MAX_CHANNELS {
            return reject(400, "from 1 to 50 channels");
        }
        let is_socket = call
            .segments
            .first()
            .is_some_and(|first| first == "websocket");
        if is_socket && !request.headers().contains_key(UPGRADE) {
            return reject(400, "the request must be an upgrade to a WebSocket");
        }
        let app = app.to_string();
        let is_own = |name: &String| name == "ping" || name.split('.').nth(1) == Some(&app);
        if !channels.iter().any(is_own) {
            return reject(403, "the token gives access to none of the channels");
        }
        let header = |name| request.headers().get(name)?.to_str().ok();
        let text = |name| call.parameters.text(name);
        let time = text("time").or_else(|| header(IF_MODIFIED_SINCE));
        let tag = text("tag").or_else(|| header(IF_NONE_MATCH));
        let from = time.and_then(seconds_of).map(|second| {
            let tag = tag.map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
            // Without a tag, only later seconds.
            (
                second,
                tag.and_then(|tag| tag.parse().ok()).unwrap_or(u64::MAX),
            )
        });
        Ok(Self { channels, from })
    }
}

fn seconds_of(http_date: &str) -> Option<u64> {
    let mut headers = http::HeaderMap::new();
    headers.insert(LAST_MODIFIED, HeaderValue::from_str(http_date).ok()?);
    headers.insert(ETAG, HeaderValue::from_static("0"));
    Some(carrot_core::realtime::Position::of_headers(&headers)?.seconds())
}

impl Rejection {
    pub(in crate::sandbox) fn response(&self) -> Response<Bytes> {
        rejected(self.status, self.reason)
    }
}

pub(super) fn rejected(status: u16, reason: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let reason = HeaderValue::from_static(reason);
    response
        .headers_mut()
        .insert("x-nginx-pushstream-explain", reason);
    response
}
