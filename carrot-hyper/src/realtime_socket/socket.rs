use std::{
    collections::VecDeque,
    pin::Pin,
    str,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use carrot_core::{
    realtime::{Connection, Disconnected, Received},
    types::realtime::{CloseCode, RealtimeError, RealtimeMessage},
};
use futures_util::{Sink, Stream as _};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode as Code},
    },
};

use super::failure;
use crate::connect::Stream;

/// An open WebSocket. Pings of the service are responded to while it is read.
pub(super) struct Socket {
    stream: WebSocketStream<Box<dyn Stream>>,
    /// Of the last text.
    more: VecDeque<Result<RealtimeMessage, RealtimeError>>,
    /// A probe may not be written yet.
    flushes: bool,
    closing: bool,
}

impl Socket {
    pub(super) fn new(stream: WebSocketStream<Box<dyn Stream>>) -> Self {
        Self {
            stream,
            more: VecDeque::new(),
            flushes: false,
            closing: false,
        }
    }

    fn pinned(&mut self) -> Pin<&mut WebSocketStream<Box<dyn Stream>>> {
        Pin::new(&mut self.stream)
    }

    /// Writes what waits, as far as the connection takes it.
    fn flush(&mut self, context: &mut Context<'_>) {
        // What fails here fails in reading too.
        self.flushes = self.flushes && self.pinned().poll_flush(context).is_pending();
    }

    /// One message, or several one after the other as in the response to a long poll. A blank text has none.
    fn messages(&mut self, text: &str) -> Received {
        let message = RealtimeMessage::parse(text);
        if message.is_err() {
            self.more = RealtimeMessage::parse_all(text).into();
            return self
                .more
                .pop_front()
                .map_or(Received::Alive, Received::Message);
        }
        Received::Message(message)
    }

    fn closed(&mut self, frame: Option<&CloseFrame>, context: &mut Context<'_>) -> Disconnected {
        // The reply to the close frame, without waiting for it.
        self.flushes = true;
        self.flush(context);
        let code = match frame {
            // 1005: a close frame without a code.
            None => CloseCode::from(1005),
            Some(frame) => CloseCode::with_reason(frame.code.into(), &frame.reason),
        };
        Disconnected::new("the service closes the connection").with_code(code)
    }
}

impl Connection for Socket {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Disconnected>> {
        self.flush(context);
        if let Some(message) = self.more.pop_front() {
            return Poll::Ready(Ok(Received::Message(message)));
        }
        Poll::Ready(match ready!(self.pinned().poll_next(context)) {
            Some(Ok(Message::Text(text))) => Ok(self.messages(&text)),
            // The server software of the vendor sends text alone.
            Some(Ok(Message::Binary(bytes))) => Ok(self.messages(&String::from_utf8_lossy(&bytes))),
            Some(Ok(Message::Close(frame))) => Err(self.closed(frame.as_ref(), context)),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                Ok(Received::Alive)
            }
            Some(Err(error)) => Err(failure::disconnected(error)),
            None => Err(failure::ended()),
        })
    }

    fn probe(&mut self) {
        // One that does not fit is not needed: others wait to be written.
        let _ = self.pinned().start_send(Message::Ping(Bytes::new()));
        self.flushes = true;
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.closing {
            self.closing = true;
            let frame = CloseFrame {
                code: Code::Normal,
                reason: "".into(),
            };
            let _ = self.pinned().start_send(Message::Close(Some(frame)));
            self.flushes = true;
        }
        self.flush(context);
        // Until the close frame of the service, or the end of the connection.
        while let Some(Ok(_)) = ready!(self.pinned().poll_next(context)) {}
        Poll::Ready(())
    }
}
