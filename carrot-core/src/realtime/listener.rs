use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    Checkpoint, ConnectRequest, Connecting, Connection, Connector, Disconnected, Event,
    ListenError, LongPoll, Position, Received,
    position::seconds,
    session::{Action, Input, Session},
    trace::Span,
};
use crate::{
    Client, Clock,
    client::{RealtimeChange, RealtimeReport},
    policy::timeout,
};

/// The time for a graceful close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Listens to the realtime service. Created by [`Client::listen`].
///
/// It connects, reads messages, requests missing ones again, and reconnects with growing pauses. It spawns no
/// task: it works only while [`next`](Self::next) is polled. So a slow program is not flooded: messages wait in
/// the connection, and none is dropped. There is one connection at a time.
///
/// See the [module](super) for its guarantees.
#[must_use = "nothing is read until `next` is called"]
pub struct Listener {
    request: ConnectRequest,
    connector: Arc<dyn Connector>,
    session: Session,
    link: Link,
    alarm: Option<Alarm>,
    /// Of the connection.
    span: Option<Span>,
}

enum Link {
    None,
    Connecting(Connecting),
    Up(Box<dyn Connection>),
}

/// A wait and the time at which it ends.
struct Alarm {
    at: Duration,
    sleep: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Listener {
    pub(super) fn new(
        request: ConnectRequest,
        connector: Arc<dyn Connector>,
        session: Session,
    ) -> Self {
        Self {
            request,
            connector,
            session,
            link: Link::None,
            alarm: None,
            span: None,
        }
    }

    /// Returns the next event, or `None` after [`close`](Self::close) and after an error.
    ///
    /// Cancel-safe: dropping the future loses no event.
    ///
    /// # Errors
    ///
    /// The service rejects the token or the channels. Any other failure is an event, and the listener
    /// continues.
    pub async fn next(&mut self) -> Result<Option<Event>, ListenError> {
        poll_fn(|context| self.poll_event(context))
            .await
            .transpose()
    }

    /// Returns a checkpoint that covers every event returned by [`next`](Self::next).
    ///
    /// Store it after the last event is processed. A listener that [resumes](super::Listen::resume) from it,
    /// also in another process, receives all later messages.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.session.checkpoint()
    }

    /// Closes the connection gracefully, within a second, and returns the last checkpoint. Dropping the
    /// listener closes the connection at once.
    pub async fn close(&mut self) -> Checkpoint {
        let checkpoint = self.session.checkpoint();
        let link = std::mem::replace(&mut self.link, Link::None);
        self.stop();
        if let Link::Up(mut connection) = link {
            let close = poll_fn(move |context| connection.poll_close(context));
            let clock = self.request.client().clock();
            timeout(&**clock, Some(CLOSE_TIMEOUT), close).await;
        }
        checkpoint
    }

    /// Ends the listener without a graceful close.
    pub(super) fn stop(&mut self) {
        if !self.session.is_stopped() {
            self.report(RealtimeChange::Closed, None);
        }
        self.session.stop();
        self.alarm = None;
        self.link = Link::None;
    }

    /// Everything up to here was returned.
    pub(super) fn position(&self) -> Option<Position> {
        self.session.position()
    }

    pub(super) fn client(&self) -> &Client {
        self.request.client()
    }

    fn now(&self) -> Duration {
        self.client().clock().now()
    }

    pub(super) fn poll_event(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Event, ListenError>>> {
        loop {
            match self.session.poll(self.now()) {
                Action::Emit(event) => {
                    self.emitted(&event);
                    return Poll::Ready(Some(Ok(event)));
                }
                Action::Stop(reason) => {
                    self.link = Link::None;
                    self.alarm = None;
                    self.report(RealtimeChange::Rejected, Some(&reason));
                    return Poll::Ready(Some(Err(ListenError::new(reason))));
                }
                Action::Stopped => return Poll::Ready(None),
                Action::Connect(position) => {
                    let connector = Arc::clone(&self.connector);
                    self.connect(&*connector, position);
                }
                Action::Poll(position) => self.connect(&LongPoll::new(), position),
                // Missing messages are requested again.
                Action::Drop => {
                    self.link = Link::None;
                    if let Some(span) = self.span.take() {
                        span.end(&self.report_of(RealtimeChange::Closed, None), None);
                    }
                }
                Action::Probe => {
                    if let Link::Up(connection) = &mut self.link {
                        connection.probe();
                    }
                }
                Action::Wait(due) => {
                    if !self.poll_link(context) && self.poll_alarm(context, due).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    fn connect(&mut self, connector: &dyn Connector, position: Option<Position>) {
        // The one before ends first.
        self.link = Link::None;
        self.span = Some(Span::of_connection(self.request.channels()));
        let connecting = connector.connect(self.request.at(position));
        self.link = Link::Connecting(connecting);
    }

    /// Passes an input of the connection to the session. Returns false if no input is ready.
    fn poll_link(&mut self, context: &mut Context<'_>) -> bool {
        let input = match &mut self.link {
            Link::None => return false,
            Link::Connecting(connecting) => match connecting.as_mut().poll(context) {
                Poll::Pending => return false,
                Poll::Ready(Ok(connection)) => {
                    self.link = Link::Up(connection);
                    self.report(RealtimeChange::Connected, None);
                    Input::Open
                }
                Poll::Ready(Err(reason)) => Input::Closed(reason),
            },
            Link::Up(connection) => match connection.poll_receive(context) {
                Poll::Pending => return false,
                Poll::Ready(Ok(received)) => received.into(),
                Poll::Ready(Err(reason)) => Input::Closed(reason),
            },
        };
        if let Input::Closed(_) = input {
            self.link = Link::None;
        }
        self.session.input(self.now(), input);
        true
    }

    /// Waits for a time. Reads the input that came meanwhile first, so that a busy program does not mistake
    /// unread messages for silence.
    fn poll_alarm(&mut self, context: &mut Context<'_>, due: Option<Duration>) -> Poll<()> {
        let Some(due) = due else {
            self.alarm = None;
            return Poll::Pending;
        };
        loop {
            // Keeps a sleep that ends earlier: the time changes with every message, and a sleep costs work.
            let alarm = match self.alarm.take() {
                Some(alarm) if alarm.at <= due => self.alarm.insert(alarm),
                _ => {
                    let alarm = self.new_alarm(due);
                    self.alarm.insert(alarm)
                }
            };
            if alarm.sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.alarm = None;
            let now = self.now();
            if now < due {
                continue;
            }
            if !self.poll_link(context) {
                self.session.elapsed(now);
            }
            return Poll::Ready(());
        }
    }

    fn new_alarm(&self, at: Duration) -> Alarm {
        let clock = Arc::clone(self.client().clock());
        let pause = at.saturating_sub(clock.now());
        let sleep = Box::pin(async move { clock.sleep(pause).await });
        Alarm { at, sleep }
    }

    fn emitted(&mut self, event: &Event) {
        match event {
            Event::CaughtUp => self.report(RealtimeChange::CaughtUp, None),
            Event::Gap(_) => self.report(RealtimeChange::Gap, None),
            Event::Down(down) => {
                self.link = Link::None;
                self.report(RealtimeChange::Down, Some(&down.reason));
            }
            Event::Message(_) | Event::Unreadable(_) => {}
        }
    }

    fn report(&mut self, change: RealtimeChange, reason: Option<&Disconnected>) {
        let report = self.report_of(change, reason);
        match (change, &self.span) {
            (RealtimeChange::Gap, Some(span)) => span.gap(&report),
            (RealtimeChange::Down | RealtimeChange::Rejected | RealtimeChange::Closed, _) => {
                if let Some(span) = self.span.take() {
                    span.end(&report, Some(change));
                }
            }
            _ => {}
        }
        if let Some(observer) = self.client().observer() {
            observer.realtime(&report);
        }
    }

    fn report_of(&self, change: RealtimeChange, reason: Option<&Disconnected>) -> RealtimeReport {
        let counts = &self.session.counts;
        let mut report = RealtimeReport::new(change);
        report.failures = self.session.failures();
        report.status = reason.and_then(Disconnected::status);
        report.close_code = reason.and_then(Disconnected::code);
        report.connections = counts.connections;
        report.messages = counts.messages;
        report.replayed = counts.replayed;
        report.duplicates = counts.duplicates;
        report.late = counts.late;
        report.holes = counts.holes;
        report.repaired = counts.repaired;
        report.rewinds = counts.rewinds;
        report.gaps = counts.gaps;
        report.unreadable = counts.unreadable;
        report.lag = counts.lag;
        report
    }
}

impl From<Received> for Input {
    fn from(received: Received) -> Self {
        match received {
            Received::Message(message) => Self::Message(message),
            Received::Batch {
                messages,
                position,
                date,
            } => Self::Batch {
                messages,
                position,
                now: date.and_then(seconds),
            },
            Received::Alive => Self::Alive,
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("request", &self.request)
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}
