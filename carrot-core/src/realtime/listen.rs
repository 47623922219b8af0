use std::{sync::Arc, time::Duration};

use carrot_types::{InvalidValue, realtime::RealtimeChannel};

use super::{
    Checkpoint, ConnectRequest, Connector, Listener, LongPoll, channels::Channels,
    position::seconds, session::Session,
};
use crate::{Client, Clock};

/// The vendor does not document how long messages are stored; this is in the sample of the server software.
const RETENTION: Duration = Duration::from_secs(5 * 60);

impl Client {
    /// Listens to channels of the realtime service. Nothing is sent until the listener is polled.
    ///
    /// The listener adds `ping` as the last channel, and delivers its messages only if `channels` contains it.
    ///
    /// ```
    /// # async fn example(
    /// #     client: &carrot_core::Client,
    /// #     saved: Option<carrot_core::realtime::Checkpoint>,
    /// #     store: impl Fn(carrot_core::realtime::Checkpoint),
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use carrot_core::{
    ///     realtime::Event,
    ///     types::{AppId, realtime::RealtimeChannel},
    /// };
    ///
    /// let channels = [RealtimeChannel::ConversationReply(AppId::new(100))];
    /// let mut live = client.listen(channels)?.resume(saved).start();
    /// while let Some(event) = live.next().await? {
    ///     match event {
    ///         Event::Message(delivery) => println!("{:?}", delivery.message.payload),
    ///         Event::Gap(gap) => println!("read changed objects again: {gap}"),
    ///         other => println!("{other:?}"),
    ///     }
    ///     store(live.checkpoint());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// There is no channel, a duplicate, or more than 50 with `ping`; or a channel cannot be part of a URL, has
    /// an id of zero, or ends with `.b` and digits.
    pub fn listen(
        &self,
        channels: impl IntoIterator<Item = RealtimeChannel>,
    ) -> Result<Listen, InvalidValue> {
        let channels = Channels::new(channels)?;
        Ok(Listen {
            request: ConnectRequest::new(self.clone(), channels.all())?,
            channels,
            connector: Arc::new(LongPoll::new()),
            checkpoint: None,
            retention: RETENTION,
        })
    }
}

/// Builds a [`Listener`]. Created by [`Client::listen`].
#[derive(Debug)]
#[must_use = "call `start` to get the listener"]
pub struct Listen {
    request: ConnectRequest,
    channels: Channels,
    connector: Arc<dyn Connector>,
    checkpoint: Option<Checkpoint>,
    retention: Duration,
}

impl Listen {
    /// Continues from a checkpoint; `None` for a new start. Other channels in the checkpoint are ignored.
    pub fn resume(mut self, checkpoint: impl Into<Option<Checkpoint>>) -> Self {
        self.checkpoint = checkpoint.into();
        self
    }

    /// Sets how the listener connects. [`LongPoll`] by default.
    pub fn connector(mut self, connector: impl Connector) -> Self {
        self.connector = Arc::new(connector);
        self
    }

    /// Sets how long the service is expected to store messages, which the vendor does not document. 5 minutes
    /// by default. A listener that was disconnected for longer reports a [`Gap`](super::Gap) with
    /// [`GapReason::Expired`](super::GapReason::Expired).
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// Creates the listener. Nothing is sent until it is polled.
    pub fn start(self) -> Listener {
        let clock = self.request.client().clock();
        // The jitter must differ between processes and be reproducible in a test.
        let seed = fastrand::u64(..);
        let session = Session::new(self.channels, self.retention, seed);
        let mut session = session.with_polls(self.connector.has_long_polls());
        if let Some(checkpoint) = self.checkpoint {
            let date = seconds(clock.system_time()).unwrap_or_default();
            session = session.resume(checkpoint, clock.now(), date);
        }
        Listener::new(self.request, self.connector, session)
    }
}
