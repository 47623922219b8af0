//! A service that is checked against what was recorded of it.

use std::{fs, sync::Arc};

use carrot_core::{
    conversations,
    types::AdminId,
    users::{self, Get, StartConversation},
};
use carrot_testing::sandbox::SeedUser;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{errors::assert_text, *};

/// A service that changed: what it responds is changed by its path.
fn changed(
    sandbox: Sandbox,
    change: impl Fn(&str, &mut Response<Bytes>) + Send + Sync + 'static,
) -> SendWith {
    let change = Arc::new(change);
    SendWith::new(move |request| {
        let (sandbox, change) = (sandbox.clone(), Arc::clone(&change));
        async move {
            let path = request.uri().path().to_owned();
            let mut response = sandbox.send(request).await?;
            change(&path, &mut response);
            Ok(response)
        }
    })
}

/// Changes the JSON of the responses whose path ends so.
fn json_of(
    end: &'static str,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> impl Fn(&str, &mut Response<Bytes>) + Send + Sync + 'static {
    move |path, response| {
        if path.ends_with(end) {
            let mut json = serde_json::from_slice(response.body()).unwrap();
            change(&mut json);
            *response.body_mut() = Bytes::from(json.to_string());
        }
    }
}

/// The suite: reads two users and the channels, whatever fails.
async fn reads(client: &Client, users: [&str; 2]) -> Result<(), Error> {
    let mut result = Ok(());
    for user in users {
        let read = client.call(Get::new(UserRef::external(user))).await;
        result = result.and(read.map(drop));
    }
    let channels = client.call(carrot_core::apps::Channels::new()).await;
    result.and(channels.map(drop))
}

fn checking(scratch: &Scratch, transport: impl HttpTransport, token: &str) -> (Cassette, Client) {
    let clock = VirtualClock::new();
    let cassette = Cassette::check(scratch.path(), transport).clock(clock.clone());
    let token = AuthToken::new(token).unwrap();
    let client = Client::builder(cassette.transport(), clock, token)
        .rate_limiter(NoRateLimit::new())
        .retry(carrot_core::ExponentialBackoff::none());
    (cassette, client.build().unwrap())
}

fn run(client: &Client, users: [&str; 2]) -> Result<(), Error> {
    let clock = VirtualClock::new();
    clock.run(reads(client, users))
}

fn recorded() -> Scratch {
    let scratch = Scratch::new();
    let (cassette, client) = recording(&sandbox(), &scratch);
    run(&client, ["order-42", "order-42"]).unwrap();
    cassette.finish();
    scratch
}

fn report_file(scratch: &Scratch) -> Option<String> {
    fs::read_to_string(scratch.0.join("scenario.drift.txt")).ok()
}

/// The report on a service that changed; whether the test fails with it.
fn report(change: impl Fn(&str, &mut Response<Bytes>) + Send + Sync + 'static) -> (bool, String) {
    let scratch = recorded();
    let sandbox = sandbox();
    let token = sandbox.token().to_owned();
    let (cassette, client) = checking(&scratch, changed(sandbox, change), &token);
    let _ = run(&client, ["order-42", "order-42"]);
    let text = catch_unwind(AssertUnwindSafe(|| drop(cassette)));
    let file = report_file(&scratch).unwrap_or_default();
    if let Err(panic) = &text {
        assert_eq!(panic.downcast_ref::<String>(), Some(&file));
    }
    (text.is_err(), file)
}

#[test]
fn other_values_are_no_drift() {
    let scratch = recorded();
    let stale = scratch.0.join("scenario.drift.txt");
    fs::write(&stale, "of an earlier run").unwrap();
    // Another app, other people, of which the second has other properties and no tags.
    let other = Sandbox::builder()
        .token("app.7.another")
        .operator(AdminId::new(9), "Joan Clarke")
        .user(
            SeedUser::external("a")
                .prop("$name", "Grace")
                .prop("town", "Riga")
                .tag("x"),
        )
        .user(
            SeedUser::external("b")
                .prop("$email", "b@example.com")
                .prop("visits", 3)
                .tag("y"),
        )
        .build();
    let (cassette, client) = checking(&scratch, other, "app.7.another");
    assert!(cassette.is_live());
    run(&client, ["a", "b"]).unwrap();
    cassette.finish();
    assert!(!stale.exists(), "{}", report_file(&scratch).unwrap());
}

#[test]
fn each_change_is_told_by_its_field() {
    type Change = fn(&mut Value);
    let user = "order-42";
    for (change, breaks, line) in [
        (
            (|body| drop(body["data"].as_object_mut().unwrap().remove("presence"))) as Change,
            true,
            "✗ `data.presence` is gone",
        ),
        (
            |body| body["data"]["id"] = json!({}),
            true,
            "✗ `data.id` was a number and is an object",
        ),
        (
            |body| body["data"]["props"] = json!("none"),
            true,
            "✗ `data.props` was an object and is a text",
        ),
        (
            |body| body["data"]["props"]["$name"] = json!(7),
            true,
            "✗ `data.props.*` was a text and is a number",
        ),
        (
            |body| body["data"] = json!([body["data"]]),
            true,
            "✗ `data` was an object and is a list",
        ),
        (
            |body| body["data"]["new"] = json!(7),
            false,
            "+ `data.new` is new: a number",
        ),
        (
            |body| body["data"]["what is this"] = json!("x"),
            false,
            "+ `data.(hidden)` is new: a text",
        ),
        (
            |body| body["data"]["presence"] = json!("sleeping"),
            false,
            "+ `data.presence` may be `sleeping`",
        ),
        (
            |body| body["data"]["user_id"] = Value::Null,
            false,
            "+ `data.user_id` was a text and is null",
        ),
        (
            |body| body["data"]["id"] = json!(1.5),
            false,
            "+ `data.id` was a number and is a decimal",
        ),
        (
            |body| body["data"] = Value::Null,
            true,
            "✗ `data` was an object and is null",
        ),
        (
            |body| *body = Value::Null,
            true,
            "✗ the body was an object and is null",
        ),
        // No change of a shape.
        (|body| body["data"]["id"] = json!(5), false, ""),
        (|body| body["data"]["props"] = json!([]), false, ""),
        (
            |body| body["data"]["props"]["further"] = json!("x"),
            false,
            "",
        ),
    ] {
        let (fails, text) = report(json_of(user, change));
        assert_eq!(
            (fails, text.is_empty()),
            (breaks, line.is_empty()),
            "{line}: {text}"
        );
        assert!(text.contains(line), "{line}: {text}");
        assert_eq!(
            text.matches("    ✗ ").count(),
            usize::from(breaks),
            "{text}"
        );
    }
}

#[test]
fn status_header_body_changes_are_told() {
    let on = |change: fn(&mut Response<Bytes>)| {
        report(move |path, response| {
            if path.ends_with("channels") {
                change(response);
            }
        })
    };
    let (fails, text) = on(|response| {
        *response.status_mut() = StatusCode::NOT_FOUND;
        *response.body_mut() = r#"{"meta": {"status": 404, "error": "LookupError"}}"#.into();
    });
    assert!(
        fails && text.contains("✗ the status was 200 and is 404 LookupError"),
        "{text}"
    );
    let (fails, text) = on(|response| *response.body_mut() = "<p>It works!</p>".into());
    assert!(
        fails && text.contains("✗ a body is not JSON any more"),
        "{text}"
    );
    let (fails, text) = on(|response| *response.body_mut() = Bytes::new());
    assert!(
        fails && text.contains("✗ a body is empty, and none was"),
        "{text}"
    );
    let (fails, text) = on(|response| {
        let headers = response.headers_mut();
        headers.insert("retry-after", HeaderValue::from_static("7"));
    });
    assert!(
        !fails && text.contains("+ the header `retry-after` is new"),
        "{text}"
    );
    let (fails, text) = on(|response| *response.status_mut() = StatusCode::BAD_GATEWAY);
    assert!(
        fails && text.contains("✗ nothing was compared: no response came but a failure"),
        "{text}"
    );
}

#[test]
fn field_that_some_objects_lack_is_told() {
    let is_first = std::sync::atomic::AtomicBool::new(true);
    let (fails, text) = report(json_of("order-42", move |body| {
        if is_first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            body["data"].as_object_mut().unwrap().remove("presence");
        }
    }));
    let line = "· `data.presence` did not always come; it did before";
    assert!(!fails && text.contains(line), "{text}");
}

#[test]
fn retried_trouble_is_left_out() {
    let scratch = recorded();
    let sandbox = sandbox();
    sandbox.inject(
        carrot_testing::sandbox::Fault::status(StatusCode::SERVICE_UNAVAILABLE)
            .on::<Get>()
            .nth(2),
    );
    let token = sandbox.token().to_owned();
    let (cassette, client) = checking(&scratch, sandbox, &token);
    run(&client, ["order-42", "order-42"]).unwrap_err();
    call(&client, Get::new(ada())).unwrap();
    cassette.finish();
    let text = report_file(&scratch).unwrap();
    assert!(
        text.contains("· requests left out, which failed or got a 429 or a 5xx: 1"),
        "{text}"
    );
}

#[test]
fn operation_that_is_not_called_is_told() {
    let scratch = recorded();
    let (cassette, client) = checking(&scratch, sandbox(), sandbox().token());
    call(&client, Get::new(ada())).unwrap();
    let text = failure(move || drop(cassette));
    assert!(
        text.contains("apps.channels\n\n    ✗ nothing was compared: it was not called"),
        "{text}"
    );
    assert!(
        text.contains("users.get\n\n    · recorded responses without a request: 1"),
        "{text}"
    );
    let (cassette, client) = checking(&scratch, sandbox(), sandbox().token());
    call(&client, Get::new(ada())).unwrap();
    drop(cassette.allow_unused());
}

#[test]
fn writes_are_sent_only_on_demand() {
    let scratch = Scratch::new();
    let story = |client: &Client| {
        let started = call(client, StartConversation::new(ada(), "Where is it?"))?;
        call(client, conversations::Get::new(started.id)).map(drop)
    };
    let (cassette, client) = recording(&sandbox(), &scratch);
    story(&client).unwrap();
    cassette.finish();

    let sandbox = sandbox();
    let (cassette, client) = checking(&scratch, sandbox.clone(), sandbox.token());
    let error = story(&client).unwrap_err();
    assert!(
        !error.may_have_been_applied() && error.to_string().contains("check-writes"),
        "{error}"
    );
    let text = failure(move || drop(cassette));
    assert!(
        text.contains("users.start_conversation\n\n    ✗ it writes, and was not sent"),
        "{text}"
    );
    assert_eq!(sandbox.conversations().len(), 0);

    let (cassette, client) = checking(&scratch, sandbox.clone(), sandbox.token());
    let cassette = cassette.allow_writes();
    story(&client).unwrap();
    // Its ids are not those of the file.
    story(&client).unwrap();
    cassette.finish();
    assert_eq!(sandbox.conversations().len(), 2);
    let text = report_file(&scratch).unwrap();
    assert!(!text.contains('✗') || text.contains("0 breaking"), "{text}");
}

#[test]
fn drift_report_is_kept_whole() {
    let scratch = recorded();
    let sandbox = sandbox();
    let token = sandbox.token().to_owned();
    let changed = changed(
        sandbox,
        json_of("order-42", |body| {
            let data = body["data"].as_object_mut().unwrap();
            data.remove("notes");
            data.remove("presence");
            data["id"] = json!("7");
            data.insert("since".to_owned(), json!(1_700_000_000));
        }),
    );
    let (cassette, client) = checking(&scratch, changed, &token);
    run(&client, ["order-42", "order-42"]).unwrap();
    let text = failure(move || drop(cassette));
    assert_text("cassette_drift", &scratch, &text);
}

#[test]
fn drift_report_holds_no_secret() {
    let scratch = recorded();
    let change = |body: &mut Value| {
        let data = &mut body["data"];
        // A name where a word of the service stands, and as the name of a field.
        data["name"] = json!("Lovelace");
        data["presence"] = json!("Lovelace");
    };
    let sandbox = sandbox();
    let token = sandbox.token().to_owned();
    let (cassette, client) = checking(
        &scratch,
        changed(sandbox, json_of("order-42", change)),
        &token,
    );
    run(&client, ["order-42", "order-42"]).unwrap();
    let text = failure(move || drop(cassette));
    assert!(
        text.contains("would hold what must not be written"),
        "{text}"
    );
    assert!(!text.contains("Lovelace"), "{text}");
    assert_eq!(report_file(&scratch), None);

    let (_, text) = report(json_of("order-42", |body| {
        body["data"]["ada@lovelace.org"] = json!("ada@lovelace.org");
        body["data"]["props"]["79991234567"] = json!("app.1000.5andb0x-c4nary-9f3e");
        body["meta"]["next"] = json!("app.1000.5andb0x-c4nary-9f3e");
    }));
    for secret in ["ada", "7999", "c4nary"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("+ `data.(hidden)` is new"), "{text}");
}

#[test]
fn sandbox_is_held_against_what_was_recorded() {
    let scratch = Scratch::new();
    let transport = carrot_testing::RecordingTransport::new().with_default(
        carrot_testing::CannedResponse::data(json!({"id": 7, "surprise": true})),
    );
    let cassette = Cassette::record(scratch.path(), transport);
    call(&client(cassette.transport()), users::Get::new(ada())).unwrap();
    cassette.finish();
    let (cassette, client) = checking(&scratch, sandbox(), sandbox().token());
    call(&client, users::Get::new(ada())).unwrap();
    let text = failure(move || drop(cassette));
    assert!(text.contains("✗ `data.surprise` is gone"), "{text}");
}
