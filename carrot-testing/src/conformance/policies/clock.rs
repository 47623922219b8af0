use std::{
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use carrot_core::Clock;

use super::{Waiting, all, run};
use crate::{
    conformance::{
        failure::{Check, Failure, ensure},
        stack::Work,
    },
    fail,
};

const SHORT: Duration = Duration::from_millis(30);

/// Checks a [`Clock`] of your own; `with` runs a future, such as `|work| runtime.block_on(work)`.
///
/// * CLK-01: `now` never goes back, and is the same for all threads.
/// * CLK-02: `sleep` never returns before its time, by its own `now`.
/// * CLK-03: `sleep` of nothing returns.
/// * CLK-04: a hundred sleeps at once end together. Not of a clock whose `sleep` blocks.
/// * CLK-05: dropping a sleep ends nothing else, and a sleep beyond the end of time does not end or panic.
///
/// # Panics
///
/// The clock breaks one of them.
#[track_caller]
pub fn assert_clock(clock: &dyn Clock, with: impl Fn(Work<'_>)) {
    for (id, check) in [
        (
            "CLK-01",
            forward as fn(&dyn Clock, &dyn Fn(Work<'_>)) -> Check,
        ),
        ("CLK-02", not_early),
        ("CLK-03", nothing),
        ("CLK-04", at_once),
        ("CLK-05", dropped),
    ] {
        if let Err(Failure::Broken(text)) = check(clock, &with) {
            fail(&format!("{id}: {text}"));
        }
    }
}

fn forward(clock: &dyn Clock, _: &dyn Fn(Work<'_>)) -> Check {
    let mut last = clock.now();
    for _ in 0..1000 {
        let here = clock.now();
        let there = thread::scope(|scope| scope.spawn(|| clock.now()).join());
        let there = there.map_err(|_| Failure::new("`now` panicked on another thread"))?;
        ensure!(
            last <= here && here <= there,
            "`now` went back: {last:?}, {here:?}, {there:?}"
        );
        last = there;
    }
    Ok(())
}

fn not_early(clock: &dyn Clock, with: &dyn Fn(Work<'_>)) -> Check {
    for time in [Duration::from_nanos(1), Duration::from_micros(1500), SHORT] {
        let start = clock.now();
        run(with, clock.sleep(time))?;
        let took = clock.now().saturating_sub(start);
        ensure!(took >= time, "a sleep of {time:?} ended after {took:?}");
    }
    Ok(())
}

fn nothing(clock: &dyn Clock, with: &dyn Fn(Work<'_>)) -> Check {
    for _ in 0..100 {
        run(with, clock.sleep(Duration::ZERO))?;
    }
    Ok(())
}

/// Whether a sleep holds its thread until it ends.
fn blocks(clock: &dyn Clock, with: &dyn Fn(Work<'_>)) -> Result<bool, Failure> {
    run(with, async {
        let mut sleep = clock.sleep(SHORT);
        sleep
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    })
}

fn at_once(clock: &dyn Clock, with: &dyn Fn(Work<'_>)) -> Check {
    const MANY: u32 = 100;
    if blocks(clock, with)? {
        return Ok(());
    }
    let start = clock.now();
    let sleeps: Vec<Waiting<'_, ()>> = (0..MANY).map(|_| clock.sleep(SHORT)).collect();
    run(with, all(sleeps))?;
    let took = clock.now().saturating_sub(start);
    ensure!(
        took < SHORT * MANY / 2,
        "{MANY} sleeps of {SHORT:?} at once took {took:?}"
    );
    Ok(())
}

fn dropped(clock: &dyn Clock, with: &dyn Fn(Work<'_>)) -> Check {
    if blocks(clock, with)? {
        return Ok(());
    }
    let ended = run(with, async {
        let mut endless = clock.sleep(Duration::MAX);
        let ended = {
            let mut other = clock.sleep(SHORT);
            let mut context = Context::from_waker(Waker::noop());
            let _ = other.as_mut().poll(&mut context);
            matches!(endless.as_mut().poll(&mut context), Poll::Ready(()))
        };
        clock.sleep(SHORT).await;
        ended
    })?;
    ensure!(!ended, "a sleep beyond the end of time ended at once");
    Ok(())
}
