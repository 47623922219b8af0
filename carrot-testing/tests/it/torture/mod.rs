//! Every fault at every request: four wrong programs fail, a right one passes.

mod bot;

use std::{cell::Cell, future::pending, rc::Rc, time::Duration};

use carrot_core::{
    Clock, Error, NoRateLimit,
    types::{EventName, PropertyOperation, UserRef},
    users::{SetProps, TrackEvent},
};
use carrot_testing::torture::{Process, Torture, Trouble, torture};

use self::bot::{Mistake, Outbox, check, run, set_up};
use crate::support::failure;

/// The program over an outbox of this many orders.
fn orders(mistake: Option<Mistake>, orders: u64) -> Torture<Outbox> {
    torture(move |process| run(process, mistake)).set_up(move |sandbox| set_up(sandbox, orders))
}

#[test]
fn right_bot_passes_ten_requests() {
    let report = orders(None, 10).check(check);
    assert_eq!(report.requests, 10);
    // One without faults, ten faults at each request, and one kill at each await.
    assert_eq!(report.stories, 1 + 10 * report.requests + report.awaits);
    assert!(report.awaits >= 2 * report.requests, "{report}");
}

#[test]
fn right_bot_passes_every_pair() {
    let report = orders(None, 2).pairs().check(check);
    assert!(report.stories > 400, "{report}");
}

#[test]
fn retry_without_reconciling_fails() {
    let text = failure(|| orders(Some(Mistake::RetryBlindly), 2).check(check));
    expect_test::expect_file!["../../torture/retry_blindly.txt"].assert_eq(&text);
}

#[test]
fn mark_before_send_fails() {
    let text = failure(|| orders(Some(Mistake::MarkThenSend), 2).check(check));
    expect_test::expect_file!["../../torture/mark_then_send.txt"].assert_eq(&text);
}

#[test]
fn reconcile_at_once_fails() {
    let text = failure(|| orders(Some(Mistake::ReconcileAtOnce), 2).check(check));
    expect_test::expect_file!["../../torture/reconcile_at_once.txt"].assert_eq(&text);
}

/// A pair: the first response is lost, and what the bot then reads does not tell.
#[test]
fn send_when_unknown_fails() {
    let torture = || orders(Some(Mistake::SendWhenUnknown), 1);
    assert!(
        torture().check(check).stories > 10,
        "no single fault finds it"
    );
    let text = failure(|| torture().pairs().check(check));
    expect_test::expect_file!["../../torture/send_when_unknown.txt"].assert_eq(&text);
}

#[test]
fn reported_story_fails_alone() {
    for (mistake, trouble) in [
        (Mistake::RetryBlindly, Trouble::LostResponse(2)),
        (Mistake::RetryBlindly, Trouble::BadGateway(1)),
        (Mistake::MarkThenSend, Trouble::TimedOut(1)),
        (Mistake::MarkThenSend, Trouble::Killed(1)),
        (Mistake::ReconcileAtOnce, Trouble::AppliedLate(2)),
        (Mistake::ReconcileAtOnce, Trouble::KilledInFlight(1)),
    ] {
        let only = |mistake| orders(mistake, 2).only([trouble]);
        let text = failure(|| only(Some(mistake)).check(check));
        assert!(
            text.contains(&format!(".only([Trouble::{trouble:?}])")),
            "{text}"
        );
        assert_eq!(only(None).check(check).stories, 1);
    }
}

#[test]
fn longer_settling_needs_a_longer_wait() {
    let late = Duration::from_secs(6);
    let text = failure(|| orders(None, 1).late(late).check(check));
    assert!(text.contains("applied late"), "{text}");
}

/// A scenario that stores nothing, and may be repeated.
async fn idempotent(process: Process<()>) -> Result<(), Error> {
    let plan = PropertyOperation::update_or_create("plan", "pro").unwrap();
    let call = SetProps::new(UserRef::external("order-42")).with(plan);
    process.client.call(call).await.map(drop)
}

#[test]
fn idempotent_scenario_needs_no_store() {
    let report = torture(idempotent).pairs().check(|sandbox, ()| {
        assert_eq!(sandbox.users().len(), 1);
    });
    assert_eq!(report.requests, 1);
}

#[test]
fn failure_without_faults_is_told() {
    let text = failure(|| torture(idempotent).check(|_, ()| panic!("never")));
    assert!(
        text.contains("fails this story: without any fault"),
        "{text}"
    );
    assert!(text.contains("the check failed: never"), "{text}");
}

#[test]
fn scenario_that_always_fails_is_told() {
    let scenario = |_: Process<()>| async { Err::<(), _>("no luck") };
    let text = failure(|| torture(scenario).check(|_, ()| {}));
    assert!(
        text.contains("failed 6 times, the last time with: no luck"),
        "{text}"
    );
}

#[test]
fn panic_of_the_scenario_is_told() {
    let scenario = |process: Process<()>| async move {
        process.clock.sleep(Duration::from_secs(1)).await;
        assert!(process.clock.now().is_zero(), "time moved");
        Ok::<(), Error>(())
    };
    let text = failure(|| torture(scenario).check(|_, ()| {}));
    assert!(text.contains("the scenario panicked: time moved"), "{text}");
}

/// What a process holds, and cannot be dropped while it waits.
struct Held(Cell<bool>);

impl Drop for Held {
    fn drop(&mut self) {
        assert!(self.0.get(), "dropped too early");
    }
}

#[test]
fn panic_of_a_killed_process_is_told() {
    let scenario = |process: Process<()>| async move {
        let held = Held(Cell::new(false));
        process.clock.sleep(Duration::from_secs(1)).await;
        held.0.set(true);
        Ok::<(), Error>(())
    };
    let text = failure(|| torture(scenario).check(|_, ()| {}));
    let told = "the scenario panicked: dropped too early, in a drop";
    assert!(text.contains(told), "{text}");
    assert!(text.contains("Trouble::Killed(1)"), "{text}");
}

#[test]
fn scenario_that_waits_for_nothing_known_is_told() {
    let scenario = |_: Process<()>| pending::<Result<(), Error>>();
    let text = failure(|| torture(scenario).check(|_, ()| {}));
    assert!(
        text.contains("waits for something other than a sleep"),
        "{text}"
    );
}

#[test]
fn endless_scenario_is_stopped() {
    let scenario = |process: Process<()>| async move {
        loop {
            process.clock.sleep(Duration::from_secs(1)).await;
            if process.clock.now().is_zero() {
                return Ok::<(), Error>(());
            }
        }
    };
    let text = failure(|| torture(scenario).check(|_, ()| {}));
    assert!(text.contains("the scenario does not end"), "{text}");
}

#[test]
fn trouble_that_does_not_happen_is_told() {
    let only = torture(idempotent).only([Trouble::LostResponse(9), Trouble::Killed(99)]);
    let text = failure(|| only.check(|_, ()| {}));
    assert!(
        text.contains("`LostResponse(9)` and `Killed(99)` did not happen"),
        "{text}"
    );
}

#[test]
fn every_await_is_a_point_to_kill_at() {
    // Two pauses of the program itself, between which it stores something.
    let scenario = |process: Process<Rc<Cell<u32>>>| async move {
        process.clock.sleep(Duration::from_secs(1)).await;
        process.stored.set(process.stored.get() + 1);
        process.clock.sleep(Duration::from_secs(1)).await;
        Ok::<(), Error>(())
    };
    let seen = Cell::new(0);
    let report = torture(scenario).check(|_, stored| {
        seen.set(seen.get() + stored.get());
    });
    assert_eq!((report.requests, report.awaits, report.stories), (0, 2, 3));
    // Without a kill, killed before the change, and killed after it, which does it twice.
    assert_eq!(seen.get(), 1 + 1 + 2);
}

#[test]
fn client_and_sandbox_can_be_chosen() {
    let scenario = |process: Process<()>| async move {
        let event = TrackEvent::new(
            UserRef::external("order-42"),
            EventName::new("Paid").unwrap(),
        );
        process.client.call(event).await.map(drop)
    };
    let sandbox = carrot_testing::Sandbox::builder().token("app.7.other");
    let torture = torture(scenario)
        .sandbox(sandbox)
        .client(move |builder| builder.rate_limiter(NoRateLimit::new()));
    torture.only([Trouble::NotSent(1)]).check(|sandbox, ()| {
        assert_eq!(sandbox.token(), "app.7.other");
        assert_eq!(sandbox.users().len(), 1);
    });
}
