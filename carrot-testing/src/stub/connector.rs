use std::{
    collections::{HashMap, VecDeque},
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use carrot_core::{
    realtime::{
        ConnectRequest, Connecting, Connection, Connector, Disconnected, Position, Received,
    },
    types::{
        InvalidValue,
        realtime::{Ping, RealtimeChannel, RealtimeError, RealtimeMessage, RealtimePayload},
    },
};

/// The second of the first message.
const START: u64 = 1_700_000_000;

/// Longer than any service stores messages.
const MONTH: u64 = 30 * 24 * 60 * 60;

/// Gives a [`Listener`](carrot_core::realtime::Listener) a list of messages and failures, without a service: for the
/// unit test of a handler.
///
/// After the list the listener ends with an error, so that the loop of a handler ends. Each message gets the id, the
/// time and the tag that the service would give it, except those that it has. Clones share the list.
///
/// ```
/// use carrot_core::{
///     realtime::{Event, ListenError, Listener},
///     types::{
///         AppId, ConversationId,
///         realtime::{ConversationClosing, RealtimeChannel, RealtimePayload},
///     },
/// };
/// use carrot_testing::{RecordingTransport, client, stub::StubConnector};
///
/// /// The code under test.
/// async fn handle(live: &mut Listener, log: &mut Vec<String>) -> Result<(), ListenError> {
///     while let Some(event) = live.next().await? {
///         match event {
///             Event::Message(delivery) => log.push(delivery.message.channel.pattern().to_owned()),
///             Event::Gap(_) => log.push("read everything again".to_owned()),
///             _ => {}
///         }
///     }
///     Ok(())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let closed = RealtimeChannel::ConversationClosed(AppId::new(100));
/// let closing = ConversationClosing::new(ConversationId::new(7));
/// let stub = StubConnector::new()
///     .message(closed.clone(), RealtimePayload::ConversationClosed(closing))?
///     .gap();
/// let mut live = client(RecordingTransport::new()).listen([closed])?.connector(stub.clone()).start();
/// let mut log = Vec::new();
/// handle(&mut live, &mut log).await.expect_err("the end of the list");
/// assert_eq!(log, ["conversation_closed.{app_id}", "read everything again"]);
/// assert_eq!(stub.remaining(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct StubConnector(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    steps: VecDeque<Step>,
    ids: HashMap<RealtimeChannel, i64>,
    seconds: u64,
}

#[derive(Debug)]
enum Step {
    Message(Box<RealtimeMessage>),
    Unreadable(RealtimeError),
    Down(Disconnected),
    Gap,
}

impl StubConnector {
    /// Creates a stub without messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message of a channel.
    ///
    /// # Errors
    ///
    /// The channel has no such payload.
    pub fn message(
        self,
        channel: RealtimeChannel,
        payload: RealtimePayload,
    ) -> Result<Self, InvalidValue> {
        let message = RealtimeMessage::new(channel, payload)?;
        Ok(self.add(Step::Message(Box::new(message))))
    }

    /// Adds a message as the service sends it, such as a sample of its documentation. One that cannot be decoded
    /// becomes [`Event::Unreadable`](carrot_core::realtime::Event::Unreadable).
    #[must_use]
    pub fn text(self, json: &str) -> Self {
        self.add(match RealtimeMessage::parse(json) {
            Ok(message) => Step::Message(Box::new(message)),
            Err(error) => Step::Unreadable(error),
        })
    }

    /// Ends the connection: [`Event::Down`](carrot_core::realtime::Event::Down), and
    /// [`Event::CaughtUp`](carrot_core::realtime::Event::CaughtUp) after the pause of the listener.
    #[must_use]
    pub fn down(self, reason: Disconnected) -> Self {
        self.add(Step::Down(reason))
    }

    /// Ends the connection for a month, longer than messages are stored:
    /// [`Event::Down`](carrot_core::realtime::Event::Down), then
    /// [`Event::Gap`](carrot_core::realtime::Event::Gap) for all channels.
    #[must_use]
    pub fn gap(self) -> Self {
        self.add(Step::Gap)
    }

    /// Returns how many steps the listener has not received.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.script().steps.len()
    }

    fn add(self, step: Step) -> Self {
        self.script().steps.push_back(step);
        self
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    /// Gives a message its place in the stream.
    fn numbered(&mut self, mut message: RealtimeMessage) -> Received {
        self.seconds += 1;
        let id = self.ids.entry(message.channel.clone()).or_default();
        *id = message.id.unwrap_or(*id + 1);
        message.id = Some(*id);
        let at = Position::new(START + self.seconds, 1);
        message.time.get_or_insert_with(|| at.http_date());
        message.tag.get_or_insert_with(|| at.tag().to_string());
        Received::Message(Ok(message))
    }

    fn next(&mut self) -> Result<Received, Disconnected> {
        match self.steps.pop_front() {
            Some(Step::Message(message)) => Ok(self.numbered(*message)),
            Some(Step::Unreadable(error)) => Ok(Received::Message(Err(error))),
            Some(Step::Down(reason)) => Err(reason),
            Some(Step::Gap) => {
                self.seconds += MONTH;
                Err(Disconnected::new("a month without a connection"))
            }
            // A rejection is what ends a listener.
            None => Err(Disconnected::new("the stub has no more messages").with_status(404)),
        }
    }

    /// The end of the replay, which comes first in each connection.
    fn caught_up(&mut self) -> Result<Received, Disconnected> {
        let ping = RealtimePayload::Ping(Ping::new());
        RealtimeMessage::new(RealtimeChannel::Ping, ping)
            .map(|message| self.numbered(message))
            .map_err(|error| Disconnected::new(error.to_string()))
    }
}

impl Connector for StubConnector {
    fn connect(&self, _: ConnectRequest) -> Connecting {
        let connection = StubConnection {
            stub: self.clone(),
            is_caught_up: false,
        };
        Box::pin(ready(Ok(Box::new(connection) as Box<dyn Connection>)))
    }
}

struct StubConnection {
    stub: StubConnector,
    is_caught_up: bool,
}

impl Connection for StubConnection {
    fn poll_receive(&mut self, _: &mut Context<'_>) -> Poll<Result<Received, Disconnected>> {
        let mut script = self.stub.script();
        Poll::Ready(match std::mem::replace(&mut self.is_caught_up, true) {
            true => script.next(),
            false => script.caught_up(),
        })
    }
}
