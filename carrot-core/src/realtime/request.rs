use std::{fmt, time::Duration};

use carrot_types::{
    InvalidValue,
    realtime::{RealtimeChannel, longpoll_path, websocket_path},
};
use http::{
    HeaderValue, Request, Response, Uri,
    header::{ACCEPT, AUTHORIZATION, USER_AGENT},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Disconnected, Position};
use crate::{Body, Client, Clock, retry::retry_after, transport::CallContext};

/// Encodes every byte except the unreserved characters of a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The request of a connection: channels, position and token. `Debug` does not show the token.
#[derive(Clone)]
pub struct ConnectRequest {
    client: Client,
    channels: Vec<RealtimeChannel>,
    position: Option<Position>,
}

impl ConnectRequest {
    /// # Errors
    ///
    /// The URLs would be too long.
    pub(super) fn new(client: Client, channels: &[RealtimeChannel]) -> Result<Self, InvalidValue> {
        let request = Self {
            client,
            channels: channels.to_vec(),
            position: Some(Position::new(u64::MAX, u64::MAX)),
        };
        request.long_poll_uri(request.position)?;
        request.websocket_uri()?;
        Ok(request)
    }

    pub(super) fn at(&self, position: Option<Position>) -> Self {
        Self {
            position,
            ..self.clone()
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the channels in the order of the path.
    #[must_use]
    pub fn channels(&self) -> &[RealtimeChannel] {
        &self.channels
    }

    /// Returns the position to read from; `None` for new messages only.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// Returns the maximum size of a response in bytes; `None` for the default of the connector.
    #[must_use]
    pub fn max_body_bytes(&self) -> Option<u64> {
        self.client.options().max_body_bytes
    }

    /// Returns the request of a WebSocket without the headers of the handshake. The scheme is `http` or
    /// `https`.
    ///
    /// The URL contains the token, as the service expects: never show it.
    ///
    /// # Errors
    ///
    /// The URL is too long, which the listener has checked.
    pub fn websocket(&self) -> Result<Request<()>, InvalidValue> {
        let mut request = Request::new(());
        *request.uri_mut() = self.websocket_uri()?;
        let agent = self.client.user_agent().clone();
        request.headers_mut().insert(USER_AGENT, agent);
        Ok(request)
    }

    /// Returns the request of a long poll from this position, with the token in a header.
    ///
    /// # Errors
    ///
    /// The URL is too long, which the listener has checked.
    pub fn long_poll(
        &self,
        position: Option<Position>,
        timeout: Duration,
    ) -> Result<Request<Body>, InvalidValue> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.long_poll_uri(position)?;
        let mut context = CallContext::new("realtime.long_poll", "/longpoll/{channels}");
        context.timeout = Some(timeout);
        context.max_body_bytes = self.max_body_bytes();
        request.extensions_mut().insert(context);
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.client.token().header());
        headers.insert(ACCEPT, JSON);
        headers.insert(USER_AGENT, self.client.user_agent().clone());
        Ok(request)
    }

    /// Returns the reason for a response that opens no connection and has no messages: its status and
    /// `Retry-After`.
    #[must_use]
    pub fn rejection<B>(&self, response: &Response<B>) -> Disconnected {
        let system_time = self.client.clock().system_time();
        Disconnected::new("the service rejects the connection")
            .with_status(response.status().as_u16())
            .with_retry_after(retry_after(response.headers(), system_time))
    }

    fn long_poll_uri(&self, position: Option<Position>) -> Result<Uri, InvalidValue> {
        let mut path = longpoll_path(&self.channels)?;
        if let Some(position) = position {
            path.push('?');
            path.push_str(&query_of(position));
        }
        self.join(path)
    }

    fn websocket_uri(&self) -> Result<Uri, InvalidValue> {
        let mut path = websocket_path(&self.channels)?;
        path.push_str("?auth_token=");
        path.extend(utf8_percent_encode(self.client.token().secret(), QUERY));
        if let Some(position) = self.position {
            path.push('&');
            path.push_str(&query_of(position));
        }
        self.join(path)
    }

    fn join(&self, path: String) -> Result<Uri, InvalidValue> {
        self.client.realtime_root().join(path).map_err(|_| {
            let rule = "must fit into a URL of at most 64 KiB";
            InvalidValue::new("realtime channels", rule)
        })
    }
}

fn query_of(position: Position) -> String {
    let time = position.http_date();
    let time = utf8_percent_encode(&time, QUERY);
    format!("time={time}&tag={}", position.tag())
}

impl fmt::Debug for ConnectRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels: Vec<&str> = self.channels.iter().map(RealtimeChannel::pattern).collect();
        f.debug_struct("ConnectRequest")
            .field("channels", &channels)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
