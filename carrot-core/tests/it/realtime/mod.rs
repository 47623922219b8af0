//! Listening to the realtime service: over long polls, against the service in memory.

mod delivery;
mod drivers;
mod endings;
mod follow;
mod follow_failures;
mod follow_schedules;
mod requests;

use std::{sync::Mutex, time::Duration};

use carrot_core::{
    AuthToken, Client, ClientBuilder, ExponentialBackoff, NoRateLimit,
    client::{Observer, RealtimeReport},
    realtime::{Event, Listener},
    types::{
        AppId,
        realtime::{RealtimeChannel, RealtimePayload},
    },
};
use carrot_testing::{Sandbox, VirtualClock};
use serde_json::json;

const SECOND: Duration = Duration::from_secs(1);
const APP: AppId = AppId::new(1000);

/// Keeps what an observer is told.
#[derive(Debug, Default)]
struct Reports(Mutex<Vec<RealtimeReport>>);

impl Observer for Reports {
    fn realtime(&self, report: &RealtimeReport) {
        self.0.lock().unwrap().push(*report);
    }
}

/// The service, its clock, and what a listener was told.
struct Stage {
    clock: VirtualClock,
    sandbox: Sandbox,
}

impl Stage {
    fn new() -> Self {
        Self::storing(100_000)
    }

    fn storing(messages: usize) -> Self {
        let clock = VirtualClock::manual();
        let sandbox = Sandbox::builder()
            .clock(clock.clone())
            .realtime_retention(SECOND * 3600, messages)
            .build();
        Self { clock, sandbox }
    }

    fn builder(&self) -> ClientBuilder {
        let token = AuthToken::new(self.sandbox.token()).unwrap();
        Client::builder(self.sandbox.clone(), self.clock.clone(), token)
            .base_url("http://localhost".parse().unwrap())
            .retry(ExponentialBackoff::none())
            .rate_limiter(NoRateLimit::new())
    }

    fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    fn now(&self) -> Duration {
        carrot_core::Clock::now(&self.clock)
    }

    /// Sends the numbers over a channel.
    fn publish(&self, channel: &RealtimeChannel, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            self.sandbox.realtime().publish(channel, &json!(number));
        }
    }

    fn next(&self, listener: &mut Listener) -> Event {
        let next = self.clock.run(listener.next());
        next.expect("no rejection").expect("not the end")
    }

    /// The next event that fits.
    fn skip_to(&self, listener: &mut Listener, fits: impl Fn(&Event) -> bool) -> Event {
        for _ in 0..1000 {
            let event = self.next(listener);
            if fits(&event) {
                return event;
            }
        }
        panic!("it does not come")
    }

    fn catch_up(&self, listener: &mut Listener) {
        self.skip_to(listener, |event| matches!(event, Event::CaughtUp));
    }

    /// Events for this long.
    fn events_for(&self, listener: &mut Listener, time: Duration) -> Vec<Event> {
        let end = self.now() + time;
        let mut events = Vec::new();
        loop {
            let left = end.saturating_sub(self.now());
            let limited = self.clock.timeout(left, listener.next());
            match self.clock.run(limited) {
                None => return events,
                Some(event) => events.push(event.expect("no rejection").expect("not the end")),
            }
        }
    }
}

/// Channels whose messages are numbers here.
fn channels() -> [RealtimeChannel; 3] {
    ["a.1000", "b.1000", "c.1000"].map(RealtimeChannel::from)
}

/// The number that a message holds.
fn number(event: &Event) -> Option<u64> {
    let Event::Message(delivery) = event else {
        return None;
    };
    match &delivery.message.payload {
        RealtimePayload::Other(value) => value.as_u64(),
        other => panic!("not a number: {other:?}"),
    }
}

fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().filter_map(number).collect()
}
