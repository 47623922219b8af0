//! Errors that no real connection brings about at will: connections that fail as the test says.

use std::{
    collections::VecDeque,
    future::{Future, Ready, poll_fn, ready},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::rt::{Executor, Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection, capture_connection},
    rt::TokioExecutor,
};
use tower_service::Service;

use super::*;

type BoxSendFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

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

impl Read for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
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

impl Write for Scripted {
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

impl Connection for Scripted {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// Makes one connection, or fails with an error of no type that is known here.
#[derive(Clone)]
struct Connector(Arc<Mutex<Option<Scripted>>>);

impl Service<Uri> for Connector {
    type Response = Scripted;
    type Error = io::Error;
    type Future = Ready<io::Result<Scripted>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        ready(connection.ok_or_else(|| io::ErrorKind::ConnectionReset.into()))
    }
}

fn post() -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::from("body"));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = Uri::from_static("http://localhost/");
    request
}

/// Sends a request over this connection, in an order that is always the same: the request stands
/// before whatever else the connection finds out.
fn failure(
    connection: Option<Scripted>,
    request: Request<Full<Bytes>>,
) -> (Kind, Sent, TransportError) {
    failure_with(TokioExecutor::new(), connection, request)
}

fn failure_with(
    executor: impl Executor<BoxSendFuture> + Clone + Send + Sync + 'static,
    connection: Option<Scripted>,
    mut request: Request<Full<Bytes>>,
) -> (Kind, Sent, TransportError) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .event_interval(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let error = runtime.block_on(async {
        let connector = Connector(Arc::new(Mutex::new(connection)));
        let client = legacy::Client::builder(executor).build(connector);
        let dispatched = capture_connection(&mut request);
        match client.request(request).await {
            Err(error) => before_answer(error, dispatched.connection_metadata().is_some()),
            Ok(answer) => in_body(answer.collect().await.expect_err("a failure")),
        }
    });
    (error.kind(), error.sent(), error)
}

/// Gives up its tasks after so many polls, as a runtime does that ends.
#[derive(Clone)]
struct Outcome(usize);

impl Executor<BoxSendFuture> for Outcome {
    fn execute(&self, mut task: BoxSendFuture) {
        let polls = self.0;
        tokio::spawn(async move {
            for _ in 0..polls {
                poll_fn(|context| {
                    let _ = task.as_mut().poll(context);
                    Poll::Ready(())
                })
                .await;
                tokio::task::yield_now().await;
            }
        });
    }
}

fn scripted(steps: impl IntoIterator<Item = Step>) -> Option<Scripted> {
    Some(Scripted {
        steps: steps.into_iter().collect(),
        ..Scripted::default()
    })
}

type OfTheSystem = (fn() -> io::Error, Kind, Kind);

/// The error of the system, and what it is before the answer and in its body.
fn of_the_system() -> Vec<OfTheSystem> {
    vec![
        (
            || io::ErrorKind::BrokenPipe.into(),
            Kind::Reset,
            Kind::Truncated,
        ),
        (
            || io::ErrorKind::ConnectionAborted.into(),
            Kind::Reset,
            Kind::Truncated,
        ),
        (
            || io::ErrorKind::ConnectionReset.into(),
            Kind::Reset,
            Kind::Truncated,
        ),
        (
            || io::ErrorKind::NotConnected.into(),
            Kind::Reset,
            Kind::Truncated,
        ),
        (
            || io::ErrorKind::TimedOut.into(),
            Kind::Reset,
            Kind::Truncated,
        ),
        (
            || io::ErrorKind::UnexpectedEof.into(),
            Kind::Reset,
            Kind::Truncated,
        ),
        (
            || io::ErrorKind::InvalidData.into(),
            Kind::Protocol,
            Kind::Protocol,
        ),
        (
            || io::ErrorKind::InvalidInput.into(),
            Kind::Protocol,
            Kind::Protocol,
        ),
        (
            || io::ErrorKind::PermissionDenied.into(),
            Kind::Other,
            Kind::Other,
        ),
        (|| io::Error::other("whatever"), Kind::Other, Kind::Other),
        // What lies beneath has the last word.
        (
            || io::Error::other(io::Error::from(io::ErrorKind::ConnectionReset)),
            Kind::Reset,
            Kind::Truncated,
        ),
        (
            || io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError),
            Kind::Tls,
            Kind::Protocol,
        ),
    ]
}

#[test]
fn a_connection_that_fails_before_the_response() {
    for (error, kind, _) in of_the_system() {
        let connection = scripted([Step::Request, Step::Fail(error())]);
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
            Step::Fail(error()),
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
    let (was, sent, error) = failure(Some(connection), post());
    assert_eq!((was, sent), (Kind::Reset, Sent::Maybe), "{error:?}");
}

/// The connection was given the request, and had not begun it.
#[test]
fn a_request_that_never_started_is_unsent() {
    for (error, kind, _) in of_the_system() {
        let (was, sent, error) = failure(scripted([Step::Wait, Step::Fail(error())]), post());
        assert_eq!((was, sent), (kind, Sent::Never), "{error:?}");
    }
}

#[test]
fn a_request_on_a_closed_connection_is_unsent() {
    let (was, sent, error) = failure(scripted([Step::Wait, Step::End]), post());
    assert_eq!((was, sent), (Kind::Reset, Sent::Never), "{error:?}");
}

/// It was over before it was given a request.
#[test]
fn a_connection_that_is_closed_at_once() {
    let (was, sent, error) = failure(scripted([Step::End]), post());
    assert_eq!((was, sent), (Kind::Reset, Sent::Never), "{error:?}");
}

#[test]
fn a_connection_that_does_not_come_about() {
    let (was, sent, error) = failure(None, post());
    assert_eq!((was, sent), (Kind::Connect, Sent::Never), "{error:?}");
}

/// The task of the connection ends before it was given the request, or had begun it.
#[test]
fn a_connection_whose_task_is_gone_sent_nothing() {
    for polls in [0, 1] {
        let (was, sent, error) = failure_with(Outcome(polls), scripted([Step::Request]), post());
        assert_eq!((was, sent), (Kind::Reset, Sent::Never), "{error:?}");
    }
}
