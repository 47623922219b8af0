//! Replies that take their time.

use carrot_core::Clock;
use tokio::sync::Notify;

use super::*;

fn unsubscribe() -> users::UnsubscribeEmail {
    users::UnsubscribeEmail::new(UserId::new(7))
}

#[test]
fn delay_passes_on_the_clock() {
    let fake = Fake::new();
    fake.on::<users::UnsubscribeEmail>()
        .reply_ok()
        .delay(3 * SECOND)
        .then()
        .reply_ok();
    let (clock, client) = (fake.clock(), fake.client());
    for _ in 0..2 {
        clock.run(client.call(unsubscribe())).unwrap();
        assert_eq!(clock.now(), 3 * SECOND);
    }
    clock.assert_sleeps([3 * SECOND]);
}

#[test]
fn delay_meets_the_deadline() {
    let fake = Fake::new();
    let slow = fake.on::<users::UnsubscribeEmail>();
    slow.reply_ok().delay(6 * SECOND);
    let options = CallOptions::new().call_timeout(5 * SECOND);
    let client = fake.client().with_options(options);
    let error = fake.clock().run(client.call(unsubscribe())).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(fake.clock().now(), 5 * SECOND);
    assert_eq!(fake.calls()[0].outcome(), "no response yet");
}

#[tokio::test]
async fn future_may_wait_for_the_test() {
    let (fake, go) = (Fake::new(), Arc::new(Notify::new()));
    let wait = Arc::clone(&go);
    fake.on::<users::UnsubscribeEmail>()
        .reply_from_async(move |call| {
            let wait = Arc::clone(&wait);
            async move {
                wait.notified().await;
                match call.path_id() {
                    Some("7") => CannedResponse::ok(),
                    _ => ApiError::lookup_error().into(),
                }
            }
        })
        .times(2);
    let client = fake.client();
    let calls = [7, 8].map(|id| {
        let call = client.call(users::UnsubscribeEmail::new(UserId::new(id)));
        let call = async { call.await.is_ok() };
        Box::pin(call)
    });
    let [seven, eight] = calls;
    let (seven, eight, ()) = tokio::join!(seven, eight, async {
        tokio::task::yield_now().await;
        assert_eq!(fake.calls()[0].outcome(), "no response yet");
        go.notify_one();
        go.notify_one();
        tokio::task::yield_now().await;
        go.notify_one();
    });
    assert!(seven && !eight);
    assert_eq!(fake.calls()[1].outcome(), "400 LookupError");
}

#[test]
fn panic_of_a_future_is_a_problem() {
    let fake = Fake::new();
    fake.on::<users::UnsubscribeEmail>()
        .reply_from_async(|_| async { panic!("no luck") });
    fake.clock()
        .run(fake.client().call(unsubscribe()))
        .unwrap_err();
    let text = failure(move || drop(fake));
    assert!(
        text.contains("the closure of its reply panicked: no luck"),
        "{text}"
    );
    assert!(text.contains("1 problem\n"), "{text}");
}

#[test]
fn delay_follows_a_reply() {
    let text = failure(|| drop(Fake::lenient().on::<users::Get>().delay(SECOND)));
    assert!(text.contains("no reply stands before"), "{text}");
}
