mod keeper;
mod run;

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use carrot_core::Clock;
use tokio::runtime::Handle;

/// The date at which every clock starts: 2023-11-14T22:13:20 UTC, as in the sandbox.
const START: Duration = Duration::from_secs(1_700_000_000);

/// A clock that no real time drives. All clones are the same clock, and it starts at zero, which is
/// 2023-11-14T22:13:20 UTC.
///
/// **Automatic** ([`new`](Self::new)): waiting costs no real time. When nothing else can go on, the
/// time moves to the end of the sleep that is due first. So a pause of 20 seconds under a deadline of
/// 30 passes at once, and a second one of 20 seconds meets the deadline, as it would with a real clock.
///
/// What "nothing can go on" means depends on who runs the futures:
///
/// * [`run`](Self::run) and [`run_all`](Self::run_all), without a runtime: every future waits for a
///   sleep of this clock. Exact.
/// * A current-thread runtime of tokio: the runtime is parked, so no task can go on. Exact.
/// * A multi-thread runtime of tokio: every worker is parked, and every future that waits for a sleep of
///   this clock was asked several times and still waits. Not seen is the future given to `block_on`, such
///   as the body of a test, while it waits for no sleep of this clock: where a test checks moments in
///   time, let it spawn its body.
/// * Another executor: every future that waits for a sleep of this clock was asked several times and
///   still waits. Other tasks are not seen.
///
/// The clock does not see what comes from outside: a socket, `spawn_blocking`, a thread, a timer of
/// tokio. The runtime is parked while it waits for those, so a deadline around them passes at once. Use an
/// automatic clock with the transports of this crate, and a manual or a real clock with real sockets.
/// With `tokio::time::pause`, take the time of tokio for the client too: see the
/// [cookbook](crate::cookbook#with-the-paused-time-of-tokio).
///
/// **Manual** ([`manual`](Self::manual)): time stands still but for [`advance`](Self::advance). This
/// is how a deadline is tested against a transport that never responds.
///
/// ```
/// use std::time::Duration;
///
/// use carrot_core::Clock;
/// use carrot_testing::VirtualClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = VirtualClock::new();
/// clock.sleep(Duration::from_secs(3600)).await;
/// assert_eq!(clock.now(), Duration::from_secs(3600));
/// clock.assert_sleeps([Duration::from_secs(3600)]);
/// # }
/// ```
#[derive(Clone)]
pub struct VirtualClock(Arc<Mutex<Time>>);

struct Time {
    automatic: bool,
    /// How many runs move the time themselves at the moment.
    runs: usize,
    /// A thread watches for the moment when nothing can go on.
    is_watched: bool,
    /// Counts whatever is done with the sleeps: while it grows, something goes on.
    events: u64,
    now: Duration,
    sleepers: BTreeMap<Key, Sleeper>,
    /// The lengths of the sleeps that came to their end, in that order.
    slept: Vec<Duration>,
    created: u64,
}

/// When a sleep is due, and a number that tells it from others of the same moment.
type Key = (Duration, u64);

#[derive(Default)]
struct Sleeper {
    /// Set once it is polled: only sleeps that somebody awaits can move the time. Taken when it is due.
    waker: Option<Waker>,
    /// The runtime that polls it, where it is one of tokio.
    runtime: Option<Handle>,
    /// It was woken and not polled since.
    is_asked: bool,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl VirtualClock {
    /// Creates an automatic clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_mode(true)
    }

    /// Creates a clock that only [`advance`](Self::advance) moves.
    #[must_use]
    pub fn manual() -> Self {
        Self::with_mode(false)
    }

    fn with_mode(automatic: bool) -> Self {
        Self(Arc::new(Mutex::new(Time {
            automatic,
            runs: 0,
            is_watched: false,
            events: 0,
            now: Duration::ZERO,
            sleepers: BTreeMap::new(),
            slept: Vec::new(),
            created: 0,
        })))
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the time forward, and wakes every sleep that is due then.
    pub fn advance(&self, duration: Duration) {
        let mut time = self.time();
        time.now = time.now.saturating_add(duration);
        let wakers = time.due_wakers();
        drop(time);
        wake(wakers);
    }

    /// Returns the lengths of the completed sleeps, in order of completion. A sleep that is dropped
    /// earlier, such as the deadline of a call that ended in time, is not included.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        self.time().slept.clone()
    }

    /// Returns how long each sleep that is awaited now still has to go, shortest first. A test with a manual
    /// clock sees here what it is about to wake.
    #[must_use]
    pub fn waiting(&self) -> Vec<Duration> {
        let time = self.time();
        let awaited = time
            .sleepers
            .iter()
            .filter(|(_, sleeper)| sleeper.waker.is_some());
        awaited
            .map(|((due, _), _)| due.saturating_sub(time.now))
            .collect()
    }

    /// Checks which sleeps came to their end, in that order.
    ///
    /// # Panics
    ///
    /// They are others.
    #[track_caller]
    pub fn assert_sleeps(&self, expected: impl IntoIterator<Item = Duration>) {
        let expected: Vec<Duration> = expected.into_iter().collect();
        assert_eq!(self.sleeps(), expected, "the sleeps that came to their end");
    }
}

impl Time {
    fn due_wakers(&mut self) -> Vec<Waker> {
        let now = self.now;
        let due = self.sleepers.range_mut(..=(now, u64::MAX));
        due.filter_map(|(_, sleeper)| {
            sleeper.is_asked = sleeper.waker.is_some();
            sleeper.waker.clone()
        })
        .collect()
    }
}

/// Must not be called, and no waker be dropped, while the clock is locked: a waker may run anything,
/// and the last waker of a task may drop it. Both may use the clock.
fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.time().now
    }

    fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + START + self.now()
    }

    // Not an `async fn`: a sleep counts from the moment it is made, not from its first poll. A
    // deadline is made before the work that it limits, and polled after it.
    fn sleep<'clock, 'sleep>(
        &'clock self,
        duration: Duration,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'sleep>>
    where
        'clock: 'sleep,
        Self: 'sleep,
    {
        let mut time = self.time();
        time.created += 1;
        time.events += 1;
        let key = (time.now.saturating_add(duration), time.created);
        time.sleepers.insert(key, Sleeper::default());
        Box::pin(Sleep {
            clock: self.clone(),
            duration,
            key,
        })
    }
}

struct Sleep {
    clock: VirtualClock,
    duration: Duration,
    key: Key,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Dropped when the lock is open; see `wake`.
        let _old: Option<Sleeper>;
        let mut time = self.clock.time();
        time.events += 1;
        if time.now >= self.key.0 {
            _old = time.sleepers.remove(&self.key);
            if _old.is_some() {
                time.slept.push(self.duration);
            }
            return Poll::Ready(());
        }
        let sleeper = Sleeper {
            waker: Some(context.waker().clone()),
            runtime: Handle::try_current().ok(),
            is_asked: false,
        };
        _old = time.sleepers.insert(self.key, sleeper);
        let starts = time.automatic && time.runs == 0 && !time.is_watched;
        time.is_watched |= starts;
        drop(time);
        if starts {
            keeper::start(&self.clock);
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let mut time = self.clock.time();
        time.events += 1;
        let old = time.sleepers.remove(&self.key);
        drop(time);
        drop(old);
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time();
        f.debug_struct("VirtualClock")
            .field("automatic", &time.automatic)
            .field("now", &time.now)
            .field("slept", &time.slept)
            .finish_non_exhaustive()
    }
}
