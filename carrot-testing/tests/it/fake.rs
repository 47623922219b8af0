//! The service as a test tells it to be.

mod coverage;
mod listing;
#[cfg(feature = "server")]
mod port;
mod replies;
mod slow;
mod typed;
mod verification;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use carrot_core::{
    ApiVersion, AuthToken, CallPhase, Client, ClientBuilder, Endpoint, Error, ErrorKind,
    HttpTransport, Sent, apps,
    client::CallOptions,
    conversations,
    endpoint::{Page, PageDirection, Paging, Upload},
    transport::{TimeoutPhase, TransportErrorKind},
    types::{
        AdminId, AppId, ConversationId, Cursor, ErrorCode, NextCursor, PropertyOperation, UserId,
        UserRef,
        realtime::RealtimeMessage,
        webhook::{self, Webhook},
    },
    users,
};
use carrot_core::{LocalRateLimiter, rate_limit::Start};
use carrot_testing::{
    ApiError, CannedResponse, Coverage, Fake, RecordingTransport, VirtualClock, client_builder,
    fake,
};
use http::StatusCode;
use serde_json::json;

use crate::support::failure;

const SECOND: Duration = Duration::from_secs(1);

fn ada() -> UserRef {
    UserRef::external("order-42")
}

fn get() -> users::Get {
    users::Get::new(ada())
}

fn reply() -> conversations::Reply {
    conversations::Reply::new(ConversationId::new(716), "On its way")
}

async fn call<E: Endpoint>(fake: &Fake, endpoint: E) -> Result<E::Output, Error> {
    fake.client().call(endpoint).await
}

async fn done<E: Endpoint>(fake: &Fake, endpoint: E) -> E::Output {
    call(fake, endpoint).await.unwrap()
}

async fn fails<E: Endpoint<Output: std::fmt::Debug>>(fake: &Fake, endpoint: E) -> Error {
    call(fake, endpoint).await.unwrap_err()
}

fn client(fake: &Fake, version: ApiVersion) -> Client {
    fake.client_builder().version(version).build().unwrap()
}

#[tokio::test]
async fn every_matcher_matches_what_it_is_for() {
    let fake = Fake::new();
    fake.on::<users::SetProps>()
        .version(ApiVersion::V2)
        .user("заказ/42")
        .param("double_subscribe", true)
        .param_json(
            "operations",
            json!([{"value": "Ada", "key": "$name", "op": "update_or_create"}]),
        )
        .without_param("source")
        .has_header("Authorization")
        .header("Accept", "application/json")
        .matching("carries the token", |request| {
            request.authorization_is("app.1.token-of-a-test")
        })
        .reply(fake::property_report());
    fake.on::<apps::Channels>()
        .path_id("$self_app")
        .reply(fake::channels());
    let rename = PropertyOperation::update_or_create("$name", "Ada").unwrap();
    let props = users::SetProps::new(UserRef::external("заказ/42"))
        .with(rename)
        .double_subscribe(true);
    done(&fake, props).await;
    done(&fake, apps::Channels::new()).await;
}

#[tokio::test]
async fn on_call_matches_itself_everywhere() {
    let tag = || conversations::AddTag::new(ConversationId::new(716), "vip");
    let proxy: carrot_core::BaseUrl = "https://proxy.example/v1/carrot".parse().unwrap();
    for version in ApiVersion::ALL.iter().copied() {
        let fake = Fake::new();
        fake.on_call(get()).reply(fake::user());
        fake.on_call(tag()).reply(fake::action_receipt());
        fake.on_call(apps::Channels::new()).reply(fake::channels());
        let client = fake
            .client_builder()
            .version(version)
            .app(AppId::new(100))
            .base_url(proxy.clone())
            .build()
            .unwrap();
        client.call(get()).await.unwrap();
        client.call(tag()).await.unwrap();
        client.call(apps::Channels::new()).await.unwrap();
        fake.verify();
        let ids: Vec<_> = fake
            .calls()
            .iter()
            .map(|call| call.path_id().unwrap().to_owned())
            .collect();
        assert_eq!(ids, ["order-42", "716", "100"]);
        assert!(fake.calls().iter().all(|call| call.version() == version));
    }
}

#[tokio::test]
async fn a_given_call_matches_its_files() {
    let with = |content: &'static str| reply().attachment(Upload::new("a.pdf", content));
    let fake = Fake::new();
    fake.on_call(with("1234")).reply(fake::reply_receipt());
    fails(&fake, with("1235")).await;
    done(&fake, with("1234")).await;
    let text = failure(move || fake.verify());
    assert!(
        text.contains("got      \"a.pdf\" of 4 bytes, and others"),
        "{text}"
    );
}

#[tokio::test]
async fn calls_are_recorded_with_what_they_asked() {
    let fake = Fake::lenient();
    let _ = call(
        &fake,
        get().include(carrot_core::endpoint::UserField::Notes),
    )
    .await;
    fake.clock().advance(SECOND);
    done(&fake, users::UnsubscribeEmail::new(UserId::new(7))).await;

    let first = fake.single::<users::Get>();
    assert!(first.is::<users::Get>() && !first.is::<users::UnsubscribeEmail>());
    assert_eq!(first.path_template(), "/v2/users/{id}");
    assert_eq!(first.path_id(), Some("order-42"));
    assert_eq!(first.param("notes"), Some("true"));
    assert_eq!(first.param_json("notes"), Some(json!(true)));
    assert_eq!(first.params().len(), 2);
    assert_eq!(first.request().method(), "GET");
    let second = fake.single::<users::UnsubscribeEmail>();
    assert_eq!((second.at(), second.attempt()), (SECOND, 1));
    fake.assert_order(["users.get", "users.unsubscribe_email"]);
    assert!(!format!("{fake:?}{:?}", fake.calls()).contains("token-of-a-test"));
}

#[tokio::test]
async fn a_lenient_fake_responds_as_told() {
    let fake = Fake::lenient_with(ApiError::permission_denied());
    assert!(fails(&fake, get()).await.is_auth());
    fake.verify();
}

#[tokio::test]
async fn files_match_by_field_name_content() {
    let upload = || Upload::new("a.txt", "1234");
    let reply = || conversations::Reply::new(ConversationId::new(716), "Here");
    for (other, problem) in [
        (Some(Upload::new("b.txt", "1234")), "\"b.txt\" of 4 bytes"),
        (Some(Upload::new("a.txt", "1235")), "4 bytes, and others"),
        (
            None,
            "file `attachment` is \"a.txt\" of 4 bytes — it is missing",
        ),
    ] {
        let fake = Fake::new();
        fake.on::<conversations::Reply>()
            .file("attachment", upload())
            .reply(fake::reply_receipt());
        done(&fake, reply().attachment(upload())).await;
        let call_of_it = fake.single::<conversations::Reply>();
        assert_eq!(call_of_it.request().file("attachment"), Some(upload()));
        assert_eq!(call_of_it.request().file("else"), None);

        let fake = Fake::new();
        fake.on::<conversations::Reply>()
            .file("attachment", upload())
            .reply(fake::reply_receipt());
        let sent = match other {
            Some(other) => reply().attachment(other),
            None => reply(),
        };
        fails(&fake, sent).await;
        let text = failure(move || fake.verify());
        assert!(text.contains(problem), "{text}");
    }
}

#[tokio::test]
async fn a_secret_of_a_header_is_not_told() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .header("x-key", "other")
        .matching("has no key", |_| false)
        .reply(fake::user());
    let mut secret = http::HeaderValue::from_static("canary");
    secret.set_sensitive(true);
    let mut request = http::Request::get("https://api.example/v2/users/7")
        .header("x-key", secret)
        .body(carrot_core::Body::default())
        .unwrap();
    let context = carrot_core::transport::CallContext::new("users.get", "/v2/users/{id}");
    request.extensions_mut().insert(context);
    fake.transport().send(request).await.unwrap_err();
    let text = failure(move || fake.verify());
    assert!(
        text.contains("it came as another, which is secret"),
        "{text}"
    );
    assert!(
        text.contains("x-key: [redacted]") && !text.contains("canary"),
        "{text}"
    );
}

#[test]
fn the_token_is_not_compared_as_a_header() {
    let text = failure(|| {
        drop(
            Fake::lenient()
                .on::<users::Get>()
                .header("Authorization", "Token x"),
        );
    });
    assert!(text.contains("authorization_is(token)"), "{text}");
    let text = failure(|| drop(Fake::lenient().on::<users::Get>().has_header("a b")));
    assert!(text.contains("\"a b\" is not a header name"), "{text}");
}

#[tokio::test]
async fn a_custom_client_sees_the_fake() {
    let clock = VirtualClock::new();
    let fake = Fake::with_clock(clock.clone());
    fake.on::<users::Get>().reply(fake::user()).times(60);
    let token = AuthToken::new("app.1.secret").unwrap();
    let whole = LocalRateLimiter::new(clock.clone()).start(Start::Full);
    let client = Client::builder(fake.transport(), clock, token)
        .rate_limiter(whole)
        .build()
        .unwrap();
    for _ in 0..60 {
        client.call(get()).await.unwrap();
    }
    // The default rate limit: 60 requests a minute, which is longer than a call may take.
    let error = client.call(get()).await.unwrap_err();
    assert_eq!(error.phase(), Some(CallPhase::RateLimit));
}

#[tokio::test]
async fn raw_requests_are_named_by_their_address() {
    let fake = Fake::new();
    let request = http::Request::delete("https://api.example/v1/thing?x=%FF")
        .body(carrot_core::Body::from("\u{0}"))
        .unwrap();
    fake.transport().send(request).await.unwrap_err();
    let text = failure(move || fake.verify());
    assert!(
        text.contains("Call 1 was not expected: DELETE /v1/thing"),
        "{text}"
    );
}

#[test]
fn one_fake_serves_many_threads() {
    let fake = Fake::new();
    fake.on::<users::Get>().reply(fake::user()).times(400);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let client = fake.client();
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    for _ in 0..100 {
                        client.call(get()).await.unwrap();
                    }
                });
            });
        }
    });
    assert_eq!(fake.calls().len(), 400);
}

#[test]
fn partial_matchers_look_at_a_part() {
    let sent = |fake: &Fake| {
        let changes = users::SetProps::new(ada())
            .with(PropertyOperation::update_or_create("plan", "pro").unwrap());
        fake.clock().run(fake.client().call(changes)).is_ok()
    };
    let report = || json!({});
    let part = |value| json!([{"key": "plan", "value": value}]);
    for (is_met, expect) in [(true, "operations"), (false, "missing")] {
        let fake = Fake::new();
        fake.on::<users::SetProps>()
            .has_param(expect)
            .param_contains("operations", "\"pro\"")
            .param_matches("operations", "^\\[.*\"(pro|max)\".*\\]$")
            .param_json_like("operations", part("pro"))
            .reply_json(report());
        assert_eq!(sent(&fake), is_met);
        if !is_met {
            let text = failure(move || drop(fake));
            assert!(
                text.contains("✗ param `missing` is there — it is missing"),
                "{text}"
            );
        }
    }
    let fake = Fake::new();
    let wrong = fake
        .on::<users::SetProps>()
        .param_contains("operations", "free")
        .param_matches("operations", "\"(free|basic)\"");
    wrong
        .param_json_like("operations", part("free"))
        .reply_json(report());
    assert!(!sent(&fake));
    let text = failure(move || drop(fake));
    assert!(
        text.contains("✗ param `operations` contains \"free\""),
        "{text}"
    );
    assert!(
        text.contains("✗ param `operations` matches \"\\\"(free|basic)"),
        "{text}"
    );
    assert!(text.contains("operations[0].value"), "{text}");
    assert!(!text.contains("operations[0].op\n"), "{text}");
}

#[test]
fn a_like_call_has_the_given_parts() {
    let fake = Fake::new();
    fake.on_like(reply()).reply(fake::reply_receipt());
    let other = conversations::Reply::new(ConversationId::new(716), "Another");
    fake.clock().run(fake.client().call(other)).unwrap_err();
    let more = reply().attachment(Upload::new("a.pdf", "1234"));
    fake.clock().run(fake.client().call(more)).unwrap();
    let text = failure(move || drop(fake));
    assert!(
        text.contains("1 problem") && text.contains("expected \"On its way\""),
        "{text}"
    );
}

#[test]
fn a_priority_overrides_the_set_up() {
    let fake = Fake::new();
    fake.on::<users::Get>().reply(fake::user()).repeatedly();
    fake.on::<users::Get>()
        .priority(1)
        .reply_error(ApiError::permission_denied());
    let results = [(); 2].map(|()| fake.clock().run(fake.client().call(get())).is_ok());
    assert_eq!(results, [false, true]);
}

#[test]
fn an_invalid_expression_is_told() {
    let text = failure(|| {
        drop(
            Fake::lenient()
                .on::<users::Get>()
                .param_matches("notes", "("),
        );
    });
    assert!(text.contains("\"(\" is not a regular expression"), "{text}");
}
