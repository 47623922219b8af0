//! Errors that no real connection brings about at will: connections that fail as the test says.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::*;
use crate::{
    connect::{ConnectFailure, Connected},
    connection::Connection,
};

/// What a connection does when it is read from, in turn; at the end it says nothing more.
enum Step {
    /// Nothing comes before the request was written.
    Request,
    /// Nothing comes this time.
    Wait,
    Say(&'static str),
    Fail(io::Error),
    End,
}

#[derive(Default)]
struct Scripted {
    steps: VecDeque<Step>,
    /// How writing fails.
    deaf: Option<io::ErrorKind>,
    written: bool,
    reader: Option<Waker>,
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.written && matches!(self.steps.front(), Some(Step::Request)) {
            self.steps.pop_front();
        }
        match self.steps.front() {
            None | Some(Step::Request) => {
                self.reader = Some(context.waker().clone());
                return Poll::Pending;
            }
            Some(_) => {}
        }
        match self.steps.pop_front() {
            Some(Step::Say(words)) => buffer.put_slice(words.as_bytes()),
            Some(Step::Fail(error)) => return Poll::Ready(Err(error)),
            Some(Step::Wait) => {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            _ => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(kind) = self.deaf {
            return Poll::Ready(Err(kind.into()));
        }
        self.written = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn post() -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::from("body"));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = Uri::from_static("http://localhost/");
    request
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// Sends a request over this connection.
fn failure(connection: Scripted, request: Request<Full<Bytes>>) -> (Kind, Sent, TransportError) {
    let error = runtime().block_on(async {
        let stream = Box::new(connection);
        let http2 = false;
        let mut connection = Connection::open(Connected { stream, http2 })
            .await
            .expect("a connection");
        match connection.send(request).await {
            Err(unanswered) => before_response(unanswered.error, unanswered.untouched.is_some()),
            Ok(response) => {
                let mut body = response.into_body();
                loop {
                    match poll_fn(|context| connection.poll_frame(context, &mut body)).await {
                        Some(Ok(_)) => {}
                        Some(Err(error)) => break in_body(error),
                        None => panic!("a failure"),
                    }
                }
            }
        }
    });
    (error.kind(), error.sent(), error)
}

fn scripted(steps: impl IntoIterator<Item = Step>) -> Scripted {
    Scripted {
        steps: steps.into_iter().collect(),
        ..Scripted::default()
    }
}

/// The errors of the operating system, each with its kind before the response and its kind in the body.
fn of_the_system() -> Vec<(io::Error, Kind, Kind)> {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, InvalidInput, NotConnected,
        PermissionDenied, TimedOut, UnexpectedEof,
    };
    let lost = [
        BrokenPipe,
        ConnectionAborted,
        ConnectionReset,
        NotConnected,
        TimedOut,
        UnexpectedEof,
    ]
    .map(|kind| (io::Error::from(kind), Kind::Reset, Kind::Truncated));
    let broken = [InvalidData, InvalidInput]
        .map(|kind| (io::Error::from(kind), Kind::Protocol, Kind::Protocol));
    let beneath = io::Error::other(io::Error::from(ConnectionReset));
    let tls = io::Error::new(InvalidData, rustls::Error::DecryptError);
    let others = [
        (PermissionDenied.into(), Kind::Other, Kind::Other),
        (io::Error::other("whatever"), Kind::Other, Kind::Other),
        // What lies beneath has the last word.
        (beneath, Kind::Reset, Kind::Truncated),
        (tls, Kind::Tls, Kind::Protocol),
    ];
    lost.into_iter().chain(broken).chain(others).collect()
}

#[test]
fn a_connection_that_fails_before_the_response() {
    for (error, kind, _) in of_the_system() {
        let connection = scripted([Step::Request, Step::Fail(error)]);
        let (was, sent, error) = failure(connection, post());
        assert_eq!((was, sent), (kind, Sent::Maybe), "{error:?}");
    }
    for (step, kind) in [
        (Step::End, Kind::Reset),
        (Step::Say("220 SMTP\r\n\r\n"), Kind::Protocol),
    ] {
        let (was, sent, error) = failure(scripted([Step::Request, step]), post());
        assert_eq!((was, sent), (kind, Sent::Maybe), "{error:?}");
    }
}

#[test]
fn a_connection_that_fails_in_the_body() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
    for (error, _, kind) in of_the_system() {
        let steps = [
            Step::Request,
            Step::Say(HEAD),
            Step::Wait,
            Step::Fail(error),
        ];
        let (was, sent, error) = failure(scripted(steps), post());
        assert_eq!((was, sent), (kind, Sent::Yes), "{error:?}");
    }
    let (was, sent, error) = failure(
        scripted([Step::Request, Step::Say(HEAD), Step::End]),
        post(),
    );
    assert_eq!((was, sent), (Kind::Truncated, Sent::Yes), "{error:?}");
}

/// Some of it may have been written before.
#[test]
fn a_request_that_cannot_be_written() {
    let connection = Scripted {
        deaf: Some(io::ErrorKind::BrokenPipe),
        ..Scripted::default()
    };
    let (was, sent, error) = failure(connection, post());
    assert_eq!((was, sent), (Kind::Reset, Sent::Maybe), "{error:?}");
}

/// The connection has received the request and not started it.
#[test]
fn a_request_that_never_started_is_unsent() {
    for (error, kind, _) in of_the_system() {
        let (was, sent, error) = failure(scripted([Step::Fail(error)]), post());
        assert_eq!((was, sent), (kind, Sent::Never), "{error:?}");
    }
}

#[test]
fn a_request_on_a_closed_connection_is_unsent() {
    let (was, sent, error) = failure(scripted([Step::End]), post());
    assert_eq!((was, sent), (Kind::Reset, Sent::Never), "{error:?}");
}

#[test]
fn a_connection_that_does_not_come_about() {
    let error = io::Error::from(io::ErrorKind::ConnectionReset);
    let error = TransportError::from(ConnectFailure::Tcp(error.into()));
    assert_eq!(
        (error.kind(), error.sent()),
        (Kind::Connect, Sent::Never),
        "{error:?}"
    );
}

/// The write fails before anything was read, and the response lies in the socket.
#[test]
fn a_response_is_read_after_a_failed_write() {
    let connection = Scripted {
        deaf: Some(io::ErrorKind::BrokenPipe),
        steps: VecDeque::from([
            Step::Wait,
            Step::Say("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"),
        ]),
        ..Scripted::default()
    };
    let status = runtime().block_on(async {
        let stream = Box::new(connection);
        let http2 = false;
        let mut connection = Connection::open(Connected { stream, http2 })
            .await
            .expect("a connection");
        let sent = connection.send(post()).await;
        sent.map(|response| response.status())
            .map_err(|error| error.error)
    });
    assert_eq!(status.expect("a response"), 413);
}
