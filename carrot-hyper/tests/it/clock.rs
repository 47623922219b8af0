//! The clock of tokio.

use std::{
    task::{Context, Waker},
    time::Duration,
};

use carrot_hyper::{Clock, TokioClock};
use tokio::runtime::Builder;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(start_paused = true)]
async fn it_follows_the_time_of_a_test() {
    let clock = TokioClock::new();
    assert_eq!(clock.now(), Duration::ZERO);
    tokio::time::advance(DAY).await;
    assert_eq!(clock.now(), DAY);
    clock.sleep(DAY).await;
    assert!(clock.now() >= DAY * 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_takes_just_as_long_as_asked() {
    let clock = TokioClock::new();
    let waiting = tokio::spawn(async move { clock.sleep(DAY).await });
    tokio::task::yield_now().await;
    tokio::time::advance(DAY - Duration::from_millis(1)).await;
    assert!(!waiting.is_finished());
    tokio::time::advance(Duration::from_millis(2)).await;
    waiting.await.unwrap();
}

#[test]
fn the_time_is_read_without_a_runtime() {
    let clock = TokioClock::default();
    let first = clock.now();
    assert!(clock.now() >= first);
}

#[test]
fn it_waits_without_a_runtime_or_timer() {
    let clock = TokioClock::new();
    let mut waiting = clock.sleep(DAY);
    let mut context = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    let wait = Duration::from_millis(20);
    let without_timer = Builder::new_current_thread().build().unwrap();
    without_timer.block_on(clock.sleep(wait));
    assert!(clock.now() >= wait);
}
