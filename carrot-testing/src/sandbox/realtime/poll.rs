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
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, DATE, ETAG, LAST_MODIFIED},
};

use super::{
    fault::RealtimeFault,
    hub::{Hub, Stored, Subscription, Waiting, http_date},
    opening::{Opening, rejected},
};

/// How long a poll waits for a message.
///
/// Source: <https://developers.carrotquest.io/rts/>
const PATIENCE: Duration = Duration::from_secs(25);

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
        let fault = hub.take_connection_fault();
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
            Some(RealtimeFault::Rejected(status) | RealtimeFault::Closed(status)) => {
                return Some(rejected(status, "a fault"));
            }
            Some(RealtimeFault::ErrorMessage(status)) => {
                let text = format!(r#"{{"error":{{"status":{status}}}}}"#);
                let mut response = respond(&[], self.hub.now());
                *response.status_mut() = StatusCode::OK;
                *response.body_mut() = text.into();
                return Some(response);
            }
            Some(RealtimeFault::CutAfter(_) | RealtimeFault::CutAfterByte(_)) => return None,
            Some(RealtimeFault::Silence) => pending().await,
            _ => {}
        }
        if !self.replay.is_empty() {
            return Some(self.now());
        }
        let messages = self.messages(clock, waiting).await?;
        Some(respond(messages.as_slices().0, self.hub.now()))
    }

    /// `None` where the connection is cut.
    async fn messages(&self, clock: Arc<dyn Clock>, waiting: Waiting) -> Option<VecDeque<Stored>> {
        let deadline = clock.now() + PATIENCE;
        let mut sleep: Option<Pin<Box<dyn Future<Output = ()> + Send>>> = None;
        poll_fn(move |context| {
            loop {
                let now = clock.now();
                let ping = self.hub.tick(waiting, now);
                let Some(mut messages) = self.subscription.take(context.waker()) else {
                    return Ready::Ready(None);
                };
                if !messages.is_empty() || now >= deadline {
                    messages.make_contiguous();
                    return Ready::Ready(Some(messages));
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
