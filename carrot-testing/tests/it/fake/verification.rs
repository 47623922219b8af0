//! When a fake checks its expectations, and who hears of it.

use super::*;

#[tokio::test]
async fn the_last_clone_verifies() {
    let fake = Fake::new();
    let client = fake.client();
    let clone = fake.clone();
    fake.on::<users::Get>().reply(fake::user());
    drop(fake);
    let text = failure(|| drop(clone));
    assert!(
        text.contains("users.get") && text.contains("never was"),
        "{text}"
    );
    // A later call still gets the expected response.
    client.call(get()).await.unwrap();
    assert_eq!(
        client.call(get()).await.unwrap_err().kind(),
        ErrorKind::Transport
    );
}

#[test]
fn a_panicking_test_keeps_its_message() {
    let text = failure(|| {
        let fake = Fake::new();
        fake.on::<users::Get>().reply(fake::user());
        panic!("the words of the test");
    });
    assert_eq!(text, "the words of the test");
}

/// A caught panic, or one in a spawned task, fails no test.
#[test]
fn a_fake_verifies_again_after_a_caught_failure() {
    for check in [Fake::verify, Fake::assert_no_calls] {
        let fake = Fake::new();
        fake.on::<users::Get>().reply(fake::user());
        let _ = fake.clock().run(fake.client().call(reply()));
        let text = failure(|| check(&fake));
        assert!(text.contains("conversations.reply"), "{text}");
        let text = failure(|| drop(fake));
        assert!(text.contains("2 problems"), "{text}");
    }
}

#[test]
fn a_panic_of_a_check_is_a_problem() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .matching("has a body", |_| panic!("no such field"))
        .reply(fake::user());
    let error = fake.clock().run(fake.client().call(get())).unwrap_err();
    assert!(error.to_string().contains("no such field"), "{error}");
    let text = failure(|| drop(fake));
    let problem = "its check \"has a body\" panicked: no such field";
    assert!(text.contains(problem) && text.contains("Call 1"), "{text}");
    assert!(text.contains("tests/it/fake/verification.rs:"), "{text}");
}

#[test]
fn a_panic_of_a_reply_is_a_problem() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .reply_from(|_| panic!("no such row"));
    let client = fake.client();
    let task = std::thread::spawn(move || VirtualClock::new().run(client.call(get())));
    task.join().unwrap().unwrap_err();
    let text = failure(|| drop(fake));
    assert!(
        text.contains("the closure of its reply panicked: no such row"),
        "{text}"
    );
}

#[test]
fn test_code_runs_once_per_request() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = |asked: &Arc<AtomicUsize>| {
        let asked = Arc::clone(asked);
        move || asked.fetch_add(1, Ordering::Relaxed)
    };
    let (checked, made) = (count(&asked), count(&asked));
    let fake = Fake::new();
    fake.on::<users::Get>()
        .matching("is never right", move |_| checked() > 100)
        .reply(fake::user());
    fake.on::<conversations::Reply>()
        .reply_with(CannedResponse::failure_with(move || {
            made();
            carrot_core::TransportError::new(TransportErrorKind::Reset, Sent::Maybe)
        }));
    let _ = fake.clock().run(fake.client().call(get()));
    let _ = fake.clock().run(fake.client().call(reply()));
    let _ = format!("{fake:?}");
    failure(|| fake.verify());
    failure(|| drop(fake));
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[test]
fn an_early_return_is_suspected() {
    let fake = Fake::new();
    fake.on::<users::Get>().reply_json(json!([]));
    fake.on::<conversations::Reply>()
        .reply(fake::reply_receipt());
    fake.clock().run(fake.client().call(get())).unwrap_err();
    let text = failure(|| drop(fake));
    let read = "users.get: the client could not read the response";
    assert!(text.contains(read) && text.contains("`?`"), "{text}");
}

#[test]
fn many_unexpected_calls_have_a_short_text() {
    let fake = Fake::new();
    for _ in 0..3000 {
        let _ = fake.clock().run(fake.client().call(get()));
    }
    let text = failure(|| drop(fake));
    assert!(text.contains("users.get: 2990 times"), "{text}");
    assert!(text.len() < 20_000, "{}", text.len());
}

#[test]
fn a_call_after_the_fake_says_so() {
    let fake = Fake::new();
    let client = fake.client();
    drop(fake);
    let error = VirtualClock::new().run(client.call(get())).unwrap_err();
    assert!(
        error.to_string().contains("was dropped before this call"),
        "{error}"
    );
}
