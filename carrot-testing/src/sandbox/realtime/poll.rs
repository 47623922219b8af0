//! Long polls.

use std::{
    collections::VecDeque,
    future::{Future, pending, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Poll as Ready,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use carrot_core::Clock;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_TYPE, DATE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    },
};

use super::{
    fault::RealtimeFault,
    hub::{Hub, Position, Stored, Subscription, Waiting, http_date},
};
use crate::sandbox::rules::call::Call;

/// How long a poll waits for a message.
///
/// Source: <https://developers.carrotquest.io/rts/>
const PATIENCE: Duration = Duration::from_secs(25);

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

/// A poll under way.
pub(in crate::sandbox) struct Poll {
    hub: Hub,
    subscription: Subscription,
    replay: Vec<Stored>,
    fault: Option<RealtimeFault>,
}

impl Poll {
    /// Looks for stored messages, and subscribes where there are none.
    pub(in crate::sandbox) fn start(hub: &Hub, opening: Opening) -> Self {
        let fault = hub.state().take_connection_fault();
        let (subscription, replay) = hub.subscribe(opening.channels, opening.from);
        Self {
            hub: hub.clone(),
            subscription,
            replay,
            fault,
        }
    }

    /// The response at once, also where a client would wait.
    pub(in crate::sandbox) fn now(&self) -> Response<Bytes> {
        respond(&self.replay, self.hub.now())
    }

    /// The response when it is due; `None` where the connection is cut.
    pub(in crate::sandbox) async fn wait(
        self,
        clock: Arc<dyn Clock>,
        waiting: Waiting,
    ) -> Option<Response<Bytes>> {
        match self.fault {
            Some(RealtimeFault::Rejected(status)) => return Some(rejected(status, "a fault")),
            Some(RealtimeFault::ErrorMessage(status)) => {
                let text = format!(r#"{{"error":{{"status":{status}}}}}"#);
                let mut response = respond(&[], self.hub.now());
                *response.status_mut() = StatusCode::OK;
                *response.body_mut() = text.into();
                return Some(response);
            }
            Some(RealtimeFault::CutAfter(_)) => return None,
            Some(RealtimeFault::Silence) => pending().await,
            _ => {}
        }
        if !self.replay.is_empty() {
            return Some(self.now());
        }
        let messages = self.messages(clock, waiting).await;
        Some(respond(messages.as_slices().0, self.hub.now()))
    }

    async fn messages(&self, clock: Arc<dyn Clock>, waiting: Waiting) -> VecDeque<Stored> {
        let deadline = clock.now() + PATIENCE;
        let mut sleep: Option<Pin<Box<dyn Future<Output = ()> + Send>>> = None;
        poll_fn(move |context| {
            loop {
                let now = clock.now();
                let ping = self.hub.tick(waiting, now);
                let mut messages = self.subscription.take(context.waker());
                if !messages.is_empty() || now >= deadline {
                    messages.make_contiguous();
                    return Ready::Ready(messages);
                }
                let waits = sleep.get_or_insert_with(|| {
                    let (clock, pause) = (Arc::clone(&clock), ping.min(deadline) - now);
                    Box::pin(async move { clock.sleep(pause).await })
                });
                if waits.as_mut().poll(context).is_pending() {
                    return Ready::Pending;
                }
                sleep = None;
            }
        })
        .await
    }
}

/// The response to a poll; 304 without messages.
fn respond(messages: &[Stored], now: SystemTime) -> Response<Bytes> {
    let now = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let last = messages.iter().map(|one| one.position).max();
    let (second, tag) = last.unwrap_or((now.as_secs(), 0));
    // Without anything between them, as the vendor's template has it.
    let body: String = messages.iter().map(|one| &*one.text).collect();
    let mut response = Response::new(Bytes::from(body));
    if messages.is_empty() {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    for (name, value) in [
        (LAST_MODIFIED, http_date(second)),
        (ETAG, format!("W/{tag}")),
        (DATE, http_date(now.as_secs())),
    ] {
        headers.extend(HeaderValue::from_str(&value).map(|value| (name, value)));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let never = HeaderValue::from_static("no-cache, no-store, must-revalidate");
    headers.insert(CACHE_CONTROL, never);
    response
}

impl Rejection {
    pub(in crate::sandbox) fn response(&self) -> Response<Bytes> {
        rejected(self.status, self.reason)
    }
}

fn rejected(status: u16, reason: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let reason = HeaderValue::from_static(reason);
    response
        .headers_mut()
        .insert("x-nginx-pushstream-explain", reason);
    response
}
