//! What goes over a WebSocket, whatever carries it.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use carrot_core::Clock;

use super::{
    fault::RealtimeFault,
    hub::{Hub, Stored, Subscription, Waiting},
    opening::Opening,
};

/// What a WebSocket sends next.
pub(in crate::sandbox) enum Frame {
    Text(Arc<str>),
    /// The first bytes of the frame of a text, and then the end of the connection without a close frame.
    #[cfg_attr(
        not(feature = "websocket"),
        allow(dead_code, reason = "only a port has bytes")
    )]
    Cut(Arc<str>, usize),
    Close(u16, String),
}

/// A WebSocket that a request asked for, and the service accepts.
pub(in crate::sandbox) struct Upgrade {
    hub: Hub,
    opening: Opening,
}

impl Upgrade {
    pub(in crate::sandbox) fn new(hub: &Hub, opening: Opening) -> Self {
        Self {
            hub: hub.clone(),
            opening,
        }
    }

    pub(in crate::sandbox) fn start(self, clock: Arc<dyn Clock>, waiting: Waiting) -> Socket {
        Socket::start(&self.hub, self.opening, clock, waiting)
    }
}

/// An open WebSocket.
pub(in crate::sandbox) struct Socket {
    hub: Hub,
    subscription: Subscription,
    clock: Arc<dyn Clock>,
    waiting: Waiting,
    queue: VecDeque<Stored>,
    fault: Option<RealtimeFault>,
    messages: usize,
    bytes: usize,
    sleep: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Socket {
    fn start(hub: &Hub, opening: Opening, clock: Arc<dyn Clock>, waiting: Waiting) -> Self {
        let fault = hub.take_connection_fault();
        let (subscription, replay) = hub.subscribe(opening.channels, opening.from);
        Self {
            hub: hub.clone(),
            subscription,
            clock,
            waiting,
            queue: replay.into(),
            fault,
            messages: 0,
            bytes: 0,
            sleep: None,
        }
    }

    /// Nothing comes, and no ping of the client is responded to.
    pub(in crate::sandbox) fn is_silent(&self) -> bool {
        self.fault == Some(RealtimeFault::Silence)
    }

    /// The next frame. Not polled again behind the last one, a [`Cut`](Frame::Cut) or a [`Close`](Frame::Close).
    pub(in crate::sandbox) fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Frame> {
        loop {
            if self.is_silent() {
                return Poll::Pending;
            }
            if let Some(frame) = self.of_fault() {
                return Poll::Ready(frame);
            }
            if let Some(stored) = self.queue.pop_front() {
                if self.subscription.is_cut() {
                    return Poll::Ready(Frame::Cut(stored.text, 1));
                }
                return Poll::Ready(self.text(stored.text));
            }
            let now = self.clock.now();
            let ping = self.hub.tick(self.waiting, now);
            let Some(queue) = self.subscription.take(context.waker()) else {
                return Poll::Ready(Frame::Cut("".into(), 0));
            };
            self.queue = queue;
            if !self.queue.is_empty() {
                continue;
            }
            let sleep = self.sleep.get_or_insert_with(|| {
                let (clock, pause) = (Arc::clone(&self.clock), ping.saturating_sub(now));
                Box::pin(async move { clock.sleep(pause).await })
            });
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.sleep = None;
        }
    }

    /// What a fault sends in place of messages.
    fn of_fault(&mut self) -> Option<Frame> {
        match self.fault? {
            RealtimeFault::Rejected(status) => {
                let reason = format!(r#"{{"http_status":{status},"explain":"a fault"}}"#);
                Some(Frame::Close(1008, reason))
            }
            RealtimeFault::Closed(code) => Some(Frame::Close(code, String::new())),
            RealtimeFault::ErrorMessage(status) => {
                // The code of the service for a status: 3403 for 403.
                let code = 3000_u16.saturating_add(status);
                self.fault = Some(RealtimeFault::Closed(code));
                let text = format!(r#"{{"error":{{"status":{status}}}}}"#);
                Some(Frame::Text(text.into()))
            }
            RealtimeFault::CutAfter(messages) if self.messages >= messages => {
                Some(Frame::Cut("".into(), 0))
            }
            RealtimeFault::CutAfterByte(bytes) if self.bytes >= bytes => {
                Some(Frame::Cut("".into(), 0))
            }
            _ => None,
        }
    }

    fn text(&mut self, text: Arc<str>) -> Frame {
        let length = frame_length(&text);
        if let Some(RealtimeFault::CutAfterByte(bytes)) = self.fault {
            if bytes - self.bytes < length {
                return Frame::Cut(text, bytes - self.bytes);
            }
        }
        self.messages += 1;
        self.bytes += length;
        Frame::Text(text)
    }
}

/// The bytes of a frame without a mask: RFC 6455, section 5.2.
fn frame_length(text: &str) -> usize {
    let header = match text.len() {
        0..126 => 2,
        126..0x1_0000 => 4,
        _ => 10,
    };
    header + text.len()
}
