use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use carrot_core::Clock;

/// How many turns everything else gets before a sleep moves the time of an automatic clock.
const TURNS: u32 = 32;

/// A clock that no real time drives. All clones are the same clock, and it starts at zero.
///
/// **Automatic** ([`new`](Self::new)): waiting costs no real time. Of all the sleeps that are awaited
/// at once, the one that is due first moves the time to its end; nothing else moves it. So a pause of
/// 20 seconds under a deadline of 30 passes at once, and a second one of 20 seconds meets the
/// deadline, as it would with a real clock. A sleep moves the time only after everything else that is
/// ready had its turn, so a deadline never passes before work that can go on at once.
///
/// The clock does not see what comes from outside the program. Work that waits for a socket or a
/// thread is not ready, so a deadline around it passes at once. Use an automatic clock with the
/// transports of this crate, which answer at once, and a real or a manual one with real sockets.
///
/// **Manual** ([`manual`](Self::manual)): time stands still but for [`advance`](Self::advance). This
/// is how a deadline is tested against a transport that never answers.
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
    /// Set once it is polled: only sleeps that somebody awaits can move the time.
    waker: Option<Waker>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl VirtualClock {
    /// An automatic clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_mode(true)
    }

    /// A clock that only [`advance`](Self::advance) moves.
    #[must_use]
    pub fn manual() -> Self {
        Self::with_mode(false)
    }

    fn with_mode(automatic: bool) -> Self {
        Self(Arc::new(Mutex::new(Time {
            automatic,
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

    /// The lengths of the sleeps that came to their end, in that order. One that was dropped before,
    /// such as the deadline of a call that ended in time, is none of them.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        self.time().slept.clone()
    }

    /// How long each sleep that is awaited now still has to go, shortest first. A test with a manual
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
        due.filter_map(|(_, sleeper)| sleeper.waker.clone())
            .collect()
    }

    fn first_awaited(&self) -> Option<(Key, &Waker)> {
        self.sleepers
            .iter()
            .find_map(|(key, sleeper)| Some((*key, sleeper.waker.as_ref()?)))
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
        let key = (time.now.saturating_add(duration), time.created);
        time.sleepers.insert(key, Sleeper::default());
        Box::pin(Sleep {
            clock: self.clone(),
            duration,
            key,
            turns: 0,
        })
    }
}

struct Sleep {
    clock: VirtualClock,
    duration: Duration,
    key: Key,
    turns: u32,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        // Dropped when the lock is open; see `wake`.
        let _old_waker: Option<Waker>;
        let mut time = this.clock.time();
        if time.now < this.key.0 {
            let Some(sleeper) = time.sleepers.get_mut(&this.key) else {
                return Poll::Ready(());
            };
            _old_waker = sleeper.waker.replace(context.waker().clone());
            if !time.automatic {
                return Poll::Pending;
            }
            if this.turns < TURNS {
                this.turns += 1;
                drop(time);
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            if time.first_awaited().map(|(key, _)| key) != Some(this.key) {
                // That one is awaited too, and hands on when it is done.
                return Poll::Pending;
            }
            time.now = this.key.0;
        }
        let ended = time.sleepers.remove(&this.key);
        if ended.is_some() {
            time.slept.push(this.duration);
        }
        let mut wakers = time.due_wakers();
        wakers.extend(time.first_awaited().map(|(_, waker)| waker.clone()));
        drop(time);
        wake(wakers);
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let mut time = self.clock.time();
        let Some(_sleeper) = time.sleepers.remove(&self.key) else {
            return;
        };
        // It may have stood before another one that waits for its turn.
        let next = time.first_awaited().map(|(_, waker)| waker.clone());
        drop(time);
        wake(next.into_iter().collect());
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
