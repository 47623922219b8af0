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

static SHARED: std::sync::LazyLock<Fake> = std::sync::LazyLock::new(Fake::new);

/// Run in a process of its own, since what is told comes after the test.
#[test]
#[ignore = "run by fake_in_a_static_is_told"]
fn leave_a_fake_in_a_static() {
    SHARED.on::<users::Get>().reply(fake::user());
    let kept = Fake::new();
    kept.on::<users::Get>().reply(fake::user());
    if std::env::var_os("VERIFIED").is_some() {
        VirtualClock::new()
            .run(SHARED.client().call(get()))
            .unwrap();
        SHARED.verify();
        SHARED.on::<users::Get>().reply(fake::user());
    }
    // Nothing is reported for what is dropped before the thread ends, nor of what has no problem.
    let unused = Fake::new();
    std::mem::forget(unused);
    failure(move || drop(kept));
}

#[test]
fn fake_in_a_static_is_told() {
    let run = |is_verified: bool| {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "fake::verification::leave_a_fake_in_a_static";
        command.args([name, "--exact", "--ignored", "--nocapture"]);
        if is_verified {
            command.env("VERIFIED", "1");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let told = "outlived the thread of its test, as in a `static`";
    let text = run(false);
    assert_eq!(text.matches(told).count(), 1, "{text}");
    assert!(text.contains("verification.rs:"), "{text}");
    let text = run(true);
    assert_eq!(text.matches(told).count(), 0, "{text}");
}

/// An operation of a test whose request panics.
struct Picky;

impl Endpoint for Picky {
    type Output = serde_json::Value;
    const NAME: &'static str = "users.picky";
    const IDEMPOTENT: bool = true;

    fn request(
        &self,
        context: &carrot_core::ApiContext,
    ) -> Result<carrot_core::endpoint::RequestParts, carrot_core::types::InvalidValue> {
        assert_eq!(context.version, ApiVersion::V2, "not in v1");
        let path = carrot_core::endpoint::Path::new().then("picky");
        Ok(carrot_core::endpoint::RequestParts::get(path))
    }

    fn decode(
        &self,
        _: ApiVersion,
        body: &[u8],
    ) -> Result<Self::Output, carrot_core::endpoint::ResponseError> {
        carrot_core::endpoint::response::data(body)
    }
}

#[test]
fn panic_of_a_given_call_is_a_problem() {
    let fake = Fake::new();
    fake.on_call(Picky).reply_ok();
    let mut request = http::Request::get("/v1/picky")
        .body(carrot_core::Body::empty())
        .unwrap();
    let context = carrot_core::transport::CallContext::new(Picky::NAME, "/v1/picky");
    request.extensions_mut().insert(context);
    let sent = VirtualClock::new().run(fake.transport().send(request));
    let text = failure(move || drop(fake));
    assert!(sent.is_err());
    assert!(
        text.contains("it cannot be sent as v1: it panicked: "),
        "{text}"
    );
}
