//! The channels of the realtime service: what is stored, and who listens.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::fault::RealtimeFault;

/// Source: <https://developers.carrotquest.io/rts/channels/ping>
const PING_PAUSE: Duration = Duration::from_secs(10);

/// A second, and a number in it over all channels.
pub(in crate::sandbox) type Position = (u64, u64);

/// All clones are the same service.
#[derive(Clone)]
pub(in crate::sandbox) struct Hub(Arc<Mutex<State>>);

/// How long, and how many of a channel, messages are stored.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Limits {
    pub(in crate::sandbox) retention: Duration,
    pub(in crate::sandbox) capacity: usize,
}

impl Default for Limits {
    /// The time is that of the sample of the vendor's server software.
    fn default() -> Self {
        Self {
            retention: Duration::from_secs(300),
            capacity: 1000,
        }
    }
}

/// Whose time passes while somebody waits.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) enum Waiting {
    InProcess,
    #[cfg(feature = "server")]
    OnPort,
}

pub(super) struct State {
    limits: Limits,
    queues: BTreeMap<String, Queue>,
    last: Position,
    published: u64,
    /// Sent after the next message.
    reordered: Option<(String, Stored)>,
    listeners: BTreeMap<u64, Listener>,
    last_listener: u64,
    pub(super) faults: VecDeque<RealtimeFault>,
    /// Microseconds since 1970, as far as anybody looked.
    now: i64,
    /// The time of the store when it last said it.
    base: i64,
    /// When that was, on each of the clocks of those who wait.
    base_clocks: [Option<Duration>; 2],
    next_pings: [Option<Duration>; 2],
    wakers: Vec<Waker>,
}

#[derive(Default)]
struct Queue {
    last_id: i64,
    stored: VecDeque<Stored>,
}

#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) position: Position,
    at: i64,
    pub(super) text: Arc<str>,
}

struct Listener {
    channels: Vec<String>,
    queue: VecDeque<Stored>,
    waker: Option<Waker>,
    is_cut: bool,
}

/// A listener of the hub, until it is dropped.
pub(super) struct Subscription {
    hub: Hub,
    id: u64,
}

impl Hub {
    pub(in crate::sandbox) fn new(limits: Limits, now: i64) -> Self {
        Self(Arc::new(Mutex::new(State {
            limits,
            queues: BTreeMap::new(),
            last: (0, 0),
            published: 0,
            reordered: None,
            listeners: BTreeMap::new(),
            last_listener: 0,
            faults: VecDeque::new(),
            now,
            base: now,
            base_clocks: [None; 2],
            next_pings: [None; 2],
            wakers: Vec::new(),
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes those who wait for that when it is open again: a waker may run anything.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state);
        let wakers = mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    /// The store says its time, and what happened.
    pub(in crate::sandbox) fn publish(&self, now: i64, messages: Vec<(String, Value)>) {
        self.change(|state| {
            state.now = state.now.max(now);
            state.base = state.now;
            state.base_clocks = [None; 2];
            for (channel, message) in messages {
                state.publish(&channel, &message);
            }
        });
    }

    /// Time passes for somebody who waits. Returns when the next ping is due.
    pub(super) fn tick(&self, waiting: Waiting, clock: Duration) -> Duration {
        self.change(|state| state.tick(waiting, clock))
    }

    /// Listens to channels, and returns what is stored of them behind a position, in their order.
    pub(super) fn subscribe(
        &self,
        channels: Vec<String>,
        from: Option<Position>,
    ) -> (Subscription, Vec<Stored>) {
        let mut state = self.state();
        state.expire();
        let stored = channels.iter().filter_map(|name| state.queues.get(name));
        let stored = stored.flat_map(|queue| &queue.stored);
        let replay = stored
            .filter(|one| from.is_some_and(|from| one.position > from))
            .cloned()
            .collect();
        state.last_listener += 1;
        let id = state.last_listener;
        let listener = Listener {
            channels,
            queue: VecDeque::new(),
            waker: None,
            is_cut: false,
        };
        state.listeners.insert(id, listener);
        drop(state);
        let hub = self.clone();
        (Subscription { hub, id }, replay)
    }

    /// What goes wrong with a connection that opens now.
    pub(super) fn take_connection_fault(&self) -> Option<RealtimeFault> {
        self.state().take_connection_fault()
    }

    pub(super) fn now(&self) -> SystemTime {
        let micros = self.state().now;
        UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or_default())
    }
}

impl Subscription {
    pub(super) fn is_cut(&self) -> bool {
        let state = self.hub.state();
        let listener = state.listeners.get(&self.id);
        listener.is_none_or(|listener| listener.is_cut)
    }

    /// What came since the last look; `None` where the connection is cut. Where nothing came, the waker is woken
    /// when something does.
    pub(super) fn take(&self, waker: &Waker) -> Option<VecDeque<Stored>> {
        let mut state = self.hub.state();
        let listener = state.listeners.get_mut(&self.id)?;
        if listener.is_cut {
            return None;
        }
        if listener.queue.is_empty() {
            listener.waker = Some(waker.clone());
        }
        Some(mem::take(&mut listener.queue))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        let listener = state.listeners.remove(&self.id);
        drop(state);
        drop(listener);
    }
}

impl State {
    pub(super) fn publish(&mut self, channel: &str, message: &Value) {
        let lost = self.take_fault(|fault| matches!(fault, RealtimeFault::LostMessage));
        let twice = self.take_fault(|fault| matches!(fault, RealtimeFault::DeliveredTwice));
        let broken = self.take_fault(|fault| matches!(fault, RealtimeFault::BrokenMessage));
        let late = self.take_fault(|fault| matches!(fault, RealtimeFault::Reordered));
        let second = u64::try_from(self.now.div_euclid(1_000_000)).unwrap_or_default();
        let second = second.max(self.last.0);
        self.last = match self.last.0 == second {
            true => (second, self.last.1 + 1),
            false => (second, 1),
        };
        self.published += 1;
        if self.published % 1024 == 0 {
            self.expire();
        }
        let queue = self.queues.entry(channel.to_owned()).or_default();
        queue.last_id += 1;
        let (date, tag) = (http_date(second), self.last.1.to_string());
        let text = json!({
            "id": queue.last_id,
            "channel": channel,
            "message": message,
            "tag": tag,
            "time": date,
        });
        let stored = Stored {
            position: self.last,
            at: self.now,
            text: text.to_string().into(),
        };
        queue.stored.push_back(stored.clone());
        if queue.stored.len() > self.limits.capacity {
            queue.stored.pop_front();
        }
        if broken {
            // As that server software writes its own notices with the vendor's template.
            let notice = format!(
                r#"{{"id":-2,"channel":"{channel}","message":Channel deleted,"tag":"0","time":"{}"}}"#,
                http_date(0)
            );
            let notice = Stored {
                text: notice.into(),
                ..stored.clone()
            };
            self.send(channel, &notice);
        }
        let before = self.reordered.take();
        if late {
            self.reordered = Some((channel.to_owned(), stored));
        } else {
            if !lost {
                self.send(channel, &stored);
            }
            if twice {
                self.send(channel, &stored);
            }
        }
        if let Some((channel, stored)) = before {
            self.send(&channel, &stored);
        }
    }

    fn send(&mut self, channel: &str, stored: &Stored) {
        for listener in self.listeners.values_mut() {
            if listener.channels.iter().any(|name| name == channel) {
                listener.queue.push_back(stored.clone());
                self.wakers.extend(listener.waker.take());
            }
        }
    }

    fn tick(&mut self, waiting: Waiting, clock: Duration) -> Duration {
        let which = waiting as usize;
        let start = *self.base_clocks[which].get_or_insert(clock);
        let passed = clock.saturating_sub(start).as_micros();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        self.now = self.now.max(self.base.saturating_add(passed));
        let next = *self.next_pings[which].get_or_insert(clock + PING_PAUSE);
        if next > clock {
            return next;
        }
        let timestamp = self.now.div_euclid(1000);
        self.publish("ping", &json!({"timestamp": timestamp as f64 / 1000.0}));
        // Where nobody waited for long, nobody was there to send the others to.
        let next = (next + PING_PAUSE).max(clock);
        *self.next_pings[which].insert(next)
    }

    /// Forgets what is older than the retention.
    fn expire(&mut self) {
        let retention = i64::try_from(self.limits.retention.as_micros()).unwrap_or(i64::MAX);
        let oldest = self.now.saturating_sub(retention);
        for queue in self.queues.values_mut() {
            while queue.stored.front().is_some_and(|one| one.at < oldest) {
                queue.stored.pop_front();
            }
        }
    }

    pub(super) fn forget_channel(&mut self, channel: &str) {
        self.queues.remove(channel);
    }

    pub(super) fn forget_messages(&mut self) {
        self.queues
            .values_mut()
            .for_each(|queue| queue.stored.clear());
    }

    pub(super) fn cut(&mut self) {
        for listener in self.listeners.values_mut() {
            listener.is_cut = true;
            self.wakers.extend(listener.waker.take());
        }
    }

    /// Each channel with its last id and the number of stored messages.
    #[cfg(feature = "server")]
    pub(super) fn channels(&self) -> Vec<(String, i64, usize)> {
        let queues = self.queues.iter();
        queues
            .map(|(name, queue)| (name.clone(), queue.last_id, queue.stored.len()))
            .collect()
    }

    pub(super) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    pub(super) fn take_fault(&mut self, fits: impl Fn(&RealtimeFault) -> bool) -> bool {
        let at = self.faults.iter().position(fits);
        at.and_then(|at| self.faults.remove(at)).is_some()
    }

    /// The first fault of a connection.
    fn take_connection_fault(&mut self) -> Option<RealtimeFault> {
        let at = self
            .faults
            .iter()
            .position(RealtimeFault::is_of_connection)?;
        let fault = self.faults.remove(at)?;
        if fault == RealtimeFault::OtherHost {
            self.queues.clear();
            return None;
        }
        Some(fault)
    }
}

pub(super) fn http_date(seconds: u64) -> String {
    carrot_core::realtime::Position::new(seconds, 0).http_date()
}
