//! The service as a test tells it to be.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
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

/// The text with which a test fails.
fn failure(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("it must fail");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
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
async fn typed_replies_come_back_as_they_were_given() {
    let fake = Fake::new();
    fake.on::<users::Get>().reply(fake::user());
    fake.on::<conversations::Reply>()
        .reply(fake::reply_receipt().with_assign_part(fake::part()));
    fake.on::<users::SetProps>().reply(fake::property_report());
    fake.on::<apps::Channels>().reply(fake::channels());
    fake.on::<users::SetPresence>().reply(fake::nothing());
    fake.on_call(conversations::Get::new(ConversationId::new(716)))
        .reply(fake::conversation());

    assert_eq!(done(&fake, get()).await, fake::user());
    let receipt = done(&fake, reply()).await;
    assert_eq!(receipt.assign_part, Some(fake::part()));
    let rename = PropertyOperation::update_or_create("$name", "Ada").unwrap();
    let report = done(&fake, users::SetProps::new(ada()).with(rename)).await;
    assert_eq!(report, fake::property_report());
    assert_eq!(done(&fake, apps::Channels::new()).await, fake::channels());
    let conversation = done(&fake, conversations::Get::new(ConversationId::new(716))).await;
    assert_eq!(conversation, fake::conversation());
    let online = users::SetPresence::new(UserId::new(7), carrot_core::types::Presence::Online);
    done(&fake, online).await;
}

#[tokio::test]
async fn pages_follow_the_version_and_direction() {
    let older = || Cursor::position("[9]").unwrap();
    let newer = || Cursor::position("[11]").unwrap();
    for direction in [
        PageDirection::Before,
        PageDirection::After,
        PageDirection::Around,
    ] {
        let page = match direction {
            PageDirection::Around => fake::parts_page().next(older()).newer(newer()),
            _ => fake::parts_page().next(older()),
        };
        let fake = Fake::new();
        fake.on::<conversations::Parts>().reply(page.clone());
        let parts = conversations::Parts::new(ConversationId::new(716))
            .page(Paging::new().direction(direction));
        assert_eq!(done(&fake, parts).await, page, "{direction:?}");
    }
    let page = fake::parts_page().next(Cursor::after("9.5").unwrap());
    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .version(ApiVersion::V1)
        .reply(page.clone());
    let parts = client(&fake, ApiVersion::V1)
        .call(conversations::Parts::new(ConversationId::new(716)))
        .await;
    assert_eq!(parts.unwrap(), page);
}

#[tokio::test]
async fn a_listing_is_read_through_to_its_end() {
    let cursor = || Cursor::position("[9]").unwrap();
    let fake = Fake::new();
    fake.on::<conversations::Parts>()
        .without_param("paginate_position")
        .reply(Page::new(vec![fake::reply_part()]).next(cursor()));
    fake.on::<conversations::Parts>()
        .param("paginate_position", "[9]")
        .reply(Page::new(vec![fake::part()]));
    let mut items = fake
        .client()
        .items(conversations::Parts::new(ConversationId::new(716)));
    assert_eq!(items.next().await.unwrap(), Some(fake::reply_part()));
    assert_eq!(items.next().await.unwrap(), Some(fake::part()));
    assert_eq!(items.next().await.unwrap(), None);
    assert_eq!(fake::parts_page().next, NextCursor::End);
}

#[tokio::test]
async fn errors_have_the_name_of_their_version() {
    let cases: [(ApiError, u16, [&str; 2]); 8] = [
        (
            ApiError::not_authenticated(),
            401,
            ["AuthenticationFailed", "NotAuthenticated"],
        ),
        (
            ApiError::permission_denied(),
            403,
            ["PermissionDenied", "PermissionDeniedError"],
        ),
        (ApiError::lookup_error(), 400, ["LookupError"; 2]),
        (ApiError::bad_request(), 400, ["BadRequest"; 2]),
        (ApiError::not_found(), 404, ["Error404"; 2]),
        (ApiError::reply_too_big(), 400, ["ReplyTooBig"; 2]),
        (
            ApiError::tag_already_assigned(),
            400,
            ["ConversationTagAlreadyAssigned"; 2],
        ),
        (
            ApiError::tag_is_not_assigned(),
            400,
            ["ConversationTagIsNotAssigned"; 2],
        ),
    ];
    for (error, status, names) in cases {
        for (version, name) in ApiVersion::ALL.iter().copied().zip(names) {
            let fake = Fake::new();
            fake.on::<conversations::Reply>()
                .reply_error(error.clone().message("no, because"));
            let error = client(&fake, version).call(reply()).await.unwrap_err();
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.code(), Some(&ErrorCode::from(name)));
            assert!(!matches!(error.code(), Some(ErrorCode::Other(_))), "{name}");
            assert_eq!(error.message(), Some("no, because"));
        }
    }
}

#[tokio::test]
async fn errors_carry_what_belongs_to_them() {
    let fake = Fake::new();
    let odd = ApiError::named(StatusCode::IM_A_TEAPOT, "Teapot");
    fake.on::<conversations::Reply>()
        .reply_error(ApiError::validation_error(json!({"body": "is required"})))
        .then()
        .reply_error(ApiError::internal())
        .then()
        .reply_error(odd);
    let error = fails(&fake, reply()).await;
    assert_eq!(error.fields(), Some(&json!({"body": "is required"})));
    let error = fails(&fake, reply()).await;
    assert_eq!((error.status(), error.code()), (Some(500), None));
    assert!(error.may_have_been_applied());
    let error = fails(&fake, reply()).await;
    assert_eq!((error.status(), error.attempts()), (Some(418), 1));
}

#[tokio::test]
async fn the_pauses_of_retries_are_written_down() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .reply_error(ApiError::rate_limited(Duration::from_millis(6_500)))
        .then()
        .reply_status(502, "<html>")
        .then()
        .reply(fake::user());
    assert_eq!(done(&fake, get()).await, fake::user());
    fake.clock()
        .assert_sleeps([7 * SECOND, Duration::from_secs(1)]);
    let calls = fake.calls_of::<users::Get>();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.attempt(), call.at(), call.outcome()))
        .collect();
    let end = 7 * SECOND + Duration::from_secs(1);
    assert_eq!(
        seen,
        [
            (1, Duration::ZERO, "429 TooManyRequests"),
            (2, 7 * SECOND, "502"),
            (3, end, "200")
        ]
    );
}

#[tokio::test]
async fn without_retry_after_the_policy_decides() {
    let fake = Fake::new();
    fake.on::<conversations::Reply>()
        .reply_error(ApiError::rate_limited(None))
        .then()
        .reply(fake::reply_receipt());
    done(&fake, reply()).await;
    fake.clock().assert_sleeps([SECOND]);
}

#[tokio::test]
async fn a_deadline_passes_without_waiting() {
    let fake = Fake::new();
    fake.on::<conversations::Reply>().never_respond();
    let options = CallOptions::new()
        .call_timeout(5 * SECOND)
        .attempt_timeout(None);
    let client = fake.client().with_options(options);
    let error = client.call(reply()).await.unwrap_err();
    assert_eq!(error.phase(), Some(CallPhase::Attempt));
    assert!(error.may_have_been_applied());
    fake.clock().assert_sleeps([5 * SECOND]);
    assert_eq!(
        fake.single::<conversations::Reply>().outcome(),
        "no response"
    );
}

#[tokio::test]
async fn a_hanging_attempt_is_retried() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .never_respond()
        .then()
        .reply(fake::user());
    done(&fake, get()).await;
    let second = fake.calls_of::<users::Get>().pop().unwrap();
    assert_eq!(
        (second.attempt(), second.at()),
        (2, Duration::from_millis(10_550))
    );
}

#[tokio::test]
async fn every_failure_of_a_transport_reaches_the_caller() {
    let kinds = [
        TransportErrorKind::Dns,
        TransportErrorKind::Connect,
        TransportErrorKind::Tls,
        TransportErrorKind::Timeout(TimeoutPhase::Connect),
        TransportErrorKind::Timeout(TimeoutPhase::Response),
        TransportErrorKind::Timeout(TimeoutPhase::Body),
        TransportErrorKind::Reset,
        TransportErrorKind::Protocol,
        TransportErrorKind::Truncated,
        TransportErrorKind::TooLarge { limit: 7 },
        TransportErrorKind::Rejected,
        TransportErrorKind::Other,
    ];
    for kind in kinds {
        for sent in [Sent::Never, Sent::Maybe, Sent::Yes] {
            // A write is repeated only when it was surely not sent.
            let attempts = match kind {
                _ if sent != Sent::Never => 1,
                TransportErrorKind::Rejected
                | TransportErrorKind::Tls
                | TransportErrorKind::Protocol => 1,
                TransportErrorKind::Dns | TransportErrorKind::Connect => 6,
                _ => 3,
            };
            let fake = Fake::new();
            fake.on::<conversations::Reply>()
                .fail(kind, sent)
                .times(attempts);
            let error = fails(&fake, reply()).await;
            let failure = error.transport().unwrap();
            assert_eq!((failure.kind(), failure.sent()), (kind, sent));
        }
    }
}

#[tokio::test]
async fn replies_are_counted() {
    let fake = Fake::new();
    fake.on::<users::UnsubscribeEmail>()
        .path_id(7)
        .reply_ok()
        .times(2);
    fake.on::<users::UnsubscribeEmail>()
        .path_id(8)
        .reply_ok()
        .at_least_once();
    fake.on::<users::UnsubscribeEmail>()
        .path_id(9)
        .reply_ok()
        .repeatedly();
    for id in [7, 8, 7, 8, 8] {
        done(&fake, users::UnsubscribeEmail::new(UserId::new(id))).await;
    }
    fake.verify();
    let error = fails(&fake, users::UnsubscribeEmail::new(UserId::new(7))).await;
    let failed = error.transport().unwrap();
    assert_eq!(
        (failed.kind(), failed.sent()),
        (TransportErrorKind::Rejected, Sent::Never)
    );
    // Nobody waits for what will not come, and the list of the calls is that of the code under test.
    assert_eq!((error.attempts(), fake.calls().len()), (1, 6));
    fake.clock().assert_sleeps([]);
    let text = failure(move || fake.verify());
    assert!(text.contains("all went to the calls 1, 3"), "{text}");
}

#[tokio::test]
async fn zero_times_means_never() {
    let fake = Fake::lenient();
    fake.on::<conversations::Reply>().reply_ok().times(0);
    done(&fake, users::UnsubscribeEmail::new(UserId::new(7))).await;
    fake.verify();
}

#[tokio::test]
async fn a_failure_may_come_before_the_response() {
    let fake = Fake::new();
    fake.on::<conversations::AddTag>()
        .param("tag", "vip")
        .fail(TransportErrorKind::Reset, Sent::Maybe)
        .then()
        .reply_error(ApiError::tag_already_assigned());
    // The first attempt had its effect, so the error of the second is a success.
    done(
        &fake,
        conversations::AddTag::new(ConversationId::new(716), "vip"),
    )
    .await;
    fake.assert_order(["conversations.add_tag"]);
}

#[tokio::test]
async fn computed_replies_may_use_the_fake() {
    let fake = Fake::new();
    let other = fake.clone();
    let seen = fake.clone();
    fake.on::<users::Get>()
        .matching("is not the first call", move |_| !seen.calls().is_empty())
        .reply_json(json!({"id": 8}));
    fake.on::<users::Get>().reply_from(move |call| {
        assert_eq!(other.calls().len(), 1);
        let id: u64 = call.path_id().unwrap().parse().unwrap();
        CannedResponse::data(json!({"id": id, "user_id": call.operation()}))
    });
    let user = done(&fake, users::Get::new(UserId::new(7))).await;
    assert_eq!(
        (user.id.get(), user.user_id.as_deref()),
        (7, Some("users.get"))
    );
    assert_eq!(
        done(&fake, users::Get::new(UserId::new(7))).await.id.get(),
        8
    );
    fake.verify();
}

/// A failure text runs the checks once more, to tick and cross them.
#[tokio::test]
async fn matchers_may_use_the_fake() {
    let fake = Fake::new();
    let seen = fake.clone();
    fake.on::<users::Get>()
        .matching("is the hundredth call", move |_| seen.calls().len() == 100)
        .reply_json(json!({"id": 8}));
    let error = call(&fake, users::Get::new(UserId::new(7))).await;
    assert!(error.is_err());
    let verified = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fake.verify()));
    assert!(verified.is_err());
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
    assert!(text.contains("tests/it/fake.rs:"), "{text}");
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

#[tokio::test]
async fn coverage_is_collected_over_clients() {
    let coverage = Coverage::new();
    let observed = |builder: ClientBuilder| builder.observer(coverage.clone()).build().unwrap();
    for endpoint in [
        get(),
        get().include(carrot_core::endpoint::UserField::Notes),
    ] {
        let _ = observed(Fake::lenient().client_builder())
            .call(endpoint)
            .await;
    }
    let failing = RecordingTransport::new().with_default(CannedResponse::failure(
        TransportErrorKind::Connect,
        Sent::Never,
    ));
    let _ = observed(client_builder(failing)).call(reply()).await;
    // Nothing was sent.
    let invalid = conversations::Reply::new(ConversationId::new(716), "");
    let _ = observed(client_builder(RecordingTransport::new()))
        .call(invalid)
        .await;
    coverage.add("users.salute");
    assert_eq!(
        coverage.exercised(),
        ["conversations.reply", "users.get", "users.salute"]
    );
    assert_eq!(
        coverage.not_exercised().len(),
        Coverage::operations().len() - 2
    );
    assert!(!coverage.not_exercised().contains(&"users.get"));
    let text = coverage.to_string();
    assert!(text.starts_with("2 of 24 operations exercised\n"), "{text}");
    assert!(
        text.contains("  ✓ users.get\n") && text.contains("  ✗ users.import\n"),
        "{text}"
    );
}

#[test]
fn webhook_and_realtime_models_round_trip() {
    for webhook in [
        Webhook::Event(Box::new(
            fake::event_webhook().with_event_name("Order \"42\""),
        )),
        Webhook::Message(Box::new(fake::message_webhook())),
        Webhook::Conversation(Box::new(fake::conversation_webhook())),
    ] {
        let form = webhook.to_form("s3cret");
        assert_eq!(webhook::parse(form.as_bytes(), "s3cret"), Ok(webhook));
    }
    let message = fake::realtime_message();
    let json = serde_json::to_string(&message).unwrap();
    assert_eq!(RealtimeMessage::parse(&json), Ok(message));
    assert!(fake::order().completed().is_ok() && fake::cart().operations().is_ok());
    assert!(fake::product().viewed().is_ok());
}

#[test]
fn coverage_files_can_be_shared() {
    let path = std::env::temp_dir().join(format!("carrot-coverage-{}.txt", std::process::id()));
    let (one, other) = (
        Coverage::in_file(&path).unwrap(),
        Coverage::in_file(&path).unwrap(),
    );
    one.add("users.get");
    one.add("users.get");
    other.add("users.salute");
    assert_eq!(one.exercised(), ["users.get"]);
    let lines = std::fs::read_to_string(&path).unwrap();
    assert_eq!(lines, "users.get\nusers.salute\n");
    let all = Coverage::in_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(all.exercised(), ["users.get", "users.salute"]);
    assert!(Coverage::in_file(std::env::temp_dir()).is_err());
}

/// Calls an operation as it was expected, and gets the sample back.
async fn round<E>(coverage: &Coverage, version: ApiVersion, endpoint: E, sample: E::Output)
where
    E: carrot_core::endpoint::EncodeResponse + Clone + 'static,
    E::Output: Clone + PartialEq + std::fmt::Debug,
{
    let fake = Fake::new();
    fake.on_call(endpoint.clone()).reply(sample.clone());
    let builder = fake.client_builder().version(version);
    let client = builder.observer(coverage.clone()).build().unwrap();
    assert_eq!(client.call(endpoint).await.unwrap(), sample);
}

#[tokio::test]
async fn every_operation_is_faked_in_each_version() {
    const USER: UserId = UserId::new(7);
    let name = || carrot_core::types::EventName::new("Order paid").unwrap();
    let rename = || PropertyOperation::update_or_create("$name", "Ada").unwrap();
    for version in ApiVersion::ALL.iter().copied() {
        let coverage = Coverage::new();
        macro_rules! round {
            ($( $endpoint:expr => $sample:ident, )+) => {
                $( round(&coverage, version, $endpoint, fake::$sample()).await; )+
            };
        }
        round! {
            apps::ActiveUsers::new() => users_page,
            apps::Channels::new() => channels,
            apps::Conversations::new() => conversations_page,
            apps::Leads::new() => leads_page,
            conversations::AddTag::new(ConversationId::new(716), "vip") => action_receipt,
            conversations::Assign::new(ConversationId::new(716), AdminId::new(12)) => action_receipt,
            conversations::Close::new(ConversationId::new(716)) => action_receipt,
            conversations::Get::new(ConversationId::new(716)) => conversation,
            conversations::MarkRead::new(ConversationId::new(716)) => nothing,
            conversations::Parts::new(ConversationId::new(716)) => parts_page,
            conversations::RemoveTag::new(ConversationId::new(716), "vip") => action_receipt,
            reply() => reply_receipt,
            conversations::SetTyping::new(ConversationId::new(716), "On its") => nothing,
            conversations::Unassign::new(ConversationId::new(716)) => action_receipt,
            users::Conversations::new(USER) => conversations_page,
            users::Events::new(USER) => events_page,
            users::Get::new(USER) => user,
            users::SendMessage::new(USER, "On its way") => sent_message,
            users::SetPresence::new(USER, carrot_core::types::Presence::Online).session("a".repeat(32)) => nothing,
            users::SetProps::new(USER).with(rename()) => property_report,
            users::StartConversation::new(USER, "Where is it?") => started_conversation,
            users::TrackEvent::new(USER, name()) => event,
            users::UnsubscribeEmail::new(USER) => nothing,
        }
        if version == ApiVersion::V1 {
            assert_eq!(coverage.not_exercised(), ["users.import"]);
            continue;
        }
        round! { users::Import::new("$user_id\t$name\norder-42\tAda\n") => import_report, }
        assert!(coverage.not_exercised().is_empty(), "{coverage}");
    }
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
        .param_contains("operations", "free");
    wrong
        .param_json_like("operations", part("free"))
        .reply_json(report());
    assert!(!sent(&fake));
    let text = failure(move || drop(fake));
    assert!(
        text.contains("✗ param `operations` contains \"free\""),
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
