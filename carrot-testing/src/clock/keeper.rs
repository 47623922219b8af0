//! The thread that moves an automatic clock. A future cannot know that nothing else is ready, however
//! often it lets others go first; a runtime that is parked can.
#![expect(
    clippy::disallowed_methods,
    reason = "the thread watches the runtime in real time; none of it reaches the virtual time"
)]

use std::{
    sync::MutexGuard,
    task::Waker,
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::{Handle, RuntimeFlavor};

use super::{Time, VirtualClock, wake};
use crate::fail;

/// How often all sleeps are asked where the runtime alone does not tell.
const ROUNDS: u32 = 3;
/// How long nothing must happen after all sleeps were asked.
const QUIET: Duration = Duration::from_micros(100);
/// A future that polls nothing for so long after it was woken has no interest in its sleep.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest pause between two observations.
const LONGEST_PAUSE: Duration = Duration::from_micros(500);

pub(super) fn start(clock: &VirtualClock) {
    let keeper = clock.clone();
    let named = thread::Builder::new().name("virtual-clock".into());
    if let Err(error) = named.spawn(move || keep(&keeper)) {
        clock.time().is_watched = false;
        fail(&format!(
            "no thread can be started for the virtual clock: {error}"
        ));
    }
}

/// Moves the time until nothing awaits a sleep.
fn keep(clock: &VirtualClock) {
    let mut pause = Duration::ZERO;
    loop {
        let Some((events, runtimes, is_exact)) = observe(clock) else {
            return;
        };
        let moved = are_idle(&runtimes)
            && (is_exact || (0..ROUNDS).all(|_| still_wait(clock, &runtimes)))
            && advance(clock, is_exact.then_some(events), &runtimes);
        pause = match moved {
            true => Duration::ZERO,
            false => (pause * 2 + Duration::from_micros(5)).min(LONGEST_PAUSE),
        };
        if !pause.is_zero() {
            thread::sleep(pause);
        }
    }
}

/// What happened so far, which runtimes poll the sleeps, and whether those runtimes alone tell that
/// nothing can go on. `None` when no task waits.
fn observe(clock: &VirtualClock) -> Option<(u64, Vec<Handle>, bool)> {
    let mut time = clock.time();
    let awaited = || time.sleepers.values().filter(|one| one.waker.is_some());
    if time.runs > 0 || awaited().next().is_none() {
        time.is_watched = false;
        return None;
    }
    let mut runtimes: Vec<Handle> = Vec::new();
    let mut is_exact = true;
    for sleeper in awaited() {
        let Some(runtime) = &sleeper.runtime else {
            is_exact = false;
            continue;
        };
        is_exact &= runtime.runtime_flavor() == RuntimeFlavor::CurrentThread;
        if runtimes.iter().all(|other| other.id() != runtime.id()) {
            runtimes.push(runtime.clone());
        }
    }
    Some((time.events, runtimes, is_exact))
}

/// True when every worker is parked and nothing waits for one.
fn are_idle(runtimes: &[Handle]) -> bool {
    let before = parks(runtimes);
    if before.iter().any(|parks| parks % 2 == 0) {
        return false;
    }
    thread::yield_now();
    let is_empty = |one: &Handle| one.metrics().global_queue_depth() == 0;
    runtimes.iter().all(is_empty) && parks(runtimes) == before
}

/// How often each worker was parked and unparked: odd for one that is parked.
fn parks(runtimes: &[Handle]) -> Vec<u64> {
    let mut parks = Vec::new();
    for metrics in runtimes.iter().map(Handle::metrics) {
        parks.extend((0..metrics.num_workers()).map(|one| metrics.worker_park_unpark_count(one)));
    }
    parks
}

/// Wakes everything that waits, and sees whether it goes on waiting.
fn still_wait(clock: &VirtualClock, runtimes: &[Handle]) -> bool {
    let mut time = clock.time();
    let awaited = time.sleepers.values_mut().filter(|one| one.waker.is_some());
    let wakers: Vec<Waker> = awaited
        .filter_map(|sleeper| {
            sleeper.is_asked = true;
            sleeper.waker.clone()
        })
        .collect();
    drop(time);
    wake(wakers);
    if !await_polls(clock, || false) {
        return false;
    }
    let events = clock.time().events;
    thread::sleep(QUIET);
    clock.time().events == events && are_idle(runtimes)
}

/// Waits until everything that was woken is polled; false where something else came first.
fn await_polls(clock: &VirtualClock, is_over: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    loop {
        let mut time = clock.time();
        if time.sleepers.values().all(|one| !one.is_asked) {
            return true;
        }
        if time.runs > 0 {
            return false;
        }
        if started.elapsed() > PATIENCE || is_over() {
            let forgotten = forget(&mut time);
            drop(time);
            drop(forgotten);
            return true;
        }
        drop(time);
        thread::sleep(Duration::from_micros(10));
    }
}

/// Nobody polls these sleeps: until they are polled again, they do not count as awaited.
fn forget(time: &mut MutexGuard<'_, Time>) -> Vec<Option<Waker>> {
    let asked = time.sleepers.values_mut().filter(|one| one.is_asked);
    asked
        .map(|sleeper| {
            sleeper.is_asked = false;
            sleeper.waker.take()
        })
        .collect()
}

/// Moves the time to the end of the sleep that is due first, unless something happened since, and waits
/// until the sleeps that are due are polled.
fn advance(clock: &VirtualClock, events: Option<u64>, runtimes: &[Handle]) -> bool {
    let parked = parks(runtimes);
    let mut time = clock.time();
    if time.runs > 0 || events.is_some_and(|events| events != time.events) {
        return false;
    }
    let first = time.sleepers.iter().find(|(_, one)| one.waker.is_some());
    let Some(due) = first.map(|(key, _)| key.0) else {
        return false;
    };
    time.now = time.now.max(due);
    let wakers = time.due_wakers();
    drop(time);
    wake(wakers);
    // A runtime that was unparked and is parked again polled what it was woken for.
    let is_over = || {
        events.is_some() && {
            let mut pairs = parks(runtimes).into_iter().zip(&parked);
            pairs.all(|(now, before)| now > *before) && are_idle(runtimes)
        }
    };
    await_polls(clock, is_over)
}
