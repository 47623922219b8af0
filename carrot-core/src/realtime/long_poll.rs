use std::{
    fmt,
    future::{Future, ready},
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;
use carrot_types::realtime::RealtimeMessage;
use http::{Response, StatusCode, header::DATE};

use super::{
    ConnectRequest, Connecting, Connection, Connector, Disconnected, Position, Received,
    position::seconds_of,
};
use crate::Clock;

/// The service responds after 25 seconds at the latest.
const TIMEOUT: Duration = Duration::from_secs(35);

/// The time between the starts of two polls, where the first brought nothing new: the pause of the vendor's client
/// between polls that do not wait. Something in between, such as a cache, may respond at once and for ever.
const IDLE_PERIOD: Duration = Duration::from_secs(3);

/// Reads messages by long polls over the [`HttpTransport`](crate::HttpTransport) of the client.
///
/// The token is sent in the `Authorization` header. A poll is not a call: it takes no permit of the rate limit
/// and has no deadline of a call. It times out after 35 seconds; the service responds after 25 seconds if there
/// are no messages. A response without anything new delays the next poll to 3 seconds after its start.
///
/// Observed: the service accepts long polls on its documented hosts.
#[derive(Clone, Debug, Default)]
pub struct LongPoll(());

impl LongPoll {
    /// Creates a connector of long polls over the client's transport.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Connector for LongPoll {
    fn connect(&self, request: ConnectRequest) -> Connecting {
        let connection = Polls {
            position: request.position(),
            request,
            poll: None,
            started: Duration::ZERO,
            next_start: Duration::ZERO,
        };
        Box::pin(ready(Ok(Box::new(connection) as Box<dyn Connection>)))
    }
}

type Poller = Pin<Box<dyn Future<Output = Result<Received, Disconnected>> + Send>>;

struct Polls {
    request: ConnectRequest,
    position: Option<Position>,
    poll: Option<Poller>,
    /// The start of the last poll.
    started: Duration,
    /// The earliest start of the next one.
    next_start: Duration,
}

impl Connection for Polls {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Disconnected>> {
        let poll = self.poll.get_or_insert_with(|| {
            let (request, position) = (self.request.clone(), self.position);
            let now = request.client().clock().now();
            self.started = now.max(self.next_start);
            let pause = self.started - now;
            Box::pin(async move {
                if !pause.is_zero() {
                    request.client().clock().sleep(pause).await;
                }
                poll(&request, position).await
            })
        });
        let result = ready!(poll.as_mut().poll(context));
        self.poll = None;
        if let Ok(Received::Batch {
            messages, position, ..
        }) = &result
        {
            if messages.is_empty() || *position <= self.position {
                self.next_start = self.started.saturating_add(IDLE_PERIOD);
            }
            self.position = *position;
        }
        Poll::Ready(result)
    }
}

async fn poll(
    request: &ConnectRequest,
    position: Option<Position>,
) -> Result<Received, Disconnected> {
    let invalid = |error: carrot_types::InvalidValue| Disconnected::new(error.to_string());
    let poll = request.long_poll(position, TIMEOUT).map_err(invalid)?;
    let sent = request.client().send(poll).await;
    let response =
        sent.map_err(|error| Disconnected::new("the long poll failed").with_source(error))?;
    read(request, position, &response)
}

/// `asked` is the position of the request.
fn read(
    request: &ConnectRequest,
    asked: Option<Position>,
    response: &Response<Bytes>,
) -> Result<Received, Disconnected> {
    let messages = match response.status() {
        StatusCode::OK => {
            // A byte that is not UTF-8 costs no message beside its own, nor that one: it is read as U+FFFD.
            RealtimeMessage::parse_all(&String::from_utf8_lossy(response.body()))
        }
        StatusCode::NOT_MODIFIED => Vec::new(),
        _ => return Err(request.rejection(response)),
    };
    if response.status() == StatusCode::OK {
        // A response without a length may be cut, and nothing else tells.
        match messages.last() {
            None => return Err(Disconnected::new("a response has no message")),
            Some(Err(error)) if error.is_incomplete() => {
                return Err(Disconnected::new("a response ends within a message"));
            }
            _ => {}
        }
    }
    let last = messages.iter().flatten().filter_map(Position::of).max();
    // Without it the next poll would return the same messages immediately and forever.
    let position = Position::of_headers(response.headers())
        .map(|of_headers| last.map_or(of_headers, |last| of_headers.min(last)))
        .or(last)
        .or_else(|| asked.filter(|_| response.status() == StatusCode::NOT_MODIFIED));
    if position.is_none() {
        return Err(Disconnected::new("a response has no position"));
    }
    let date = response.headers().get(DATE);
    let date = date.and_then(|date| seconds_of(date.to_str().ok()?));
    Ok(Received::Batch {
        messages,
        position,
        date: date.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
    })
}

impl fmt::Debug for Polls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polls")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
