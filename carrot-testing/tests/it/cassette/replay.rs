//! A story over the sandbox, recorded and replayed.

use std::time::Duration;

use carrot_core::{
    Clock, Sent, TransportError, apps,
    client::CallOptions,
    conversations::{Parts, Reply, Sender},
    endpoint::{Paging, UserField},
    jobs::WriteStatus,
    transport::TransportErrorKind,
    types::{AdminId, ConversationId, EventName, PropertyOperation, RandomId, UserId},
    users::{Events, Get, SetProps, StartConversation, TrackEvent},
};
use carrot_testing::{CannedResponse, RecordingTransport, sandbox::Fault};
use proptest::prelude::*;

use super::*;

/// What a test sees of the story.
#[derive(Debug, PartialEq)]
struct Seen {
    name: String,
    parts: Vec<Option<i64>>,
    is_older: bool,
    events: usize,
    not_found: bool,
}

/// The code under test. The random id is another one in each run.
async fn story(client: &Client, random_id: RandomId) -> Result<Seen, Error> {
    let get = Get::new(ada())
        .include(UserField::Notes)
        .include(UserField::Tags);
    let user = client.call(get).await?;
    let name = user.name().unwrap_or_default().to_owned();
    let conversation = client
        .call(StartConversation::new(ada(), "Where is it?"))
        .await?
        .id;
    let hello = format!("Hello {name}, it is on its way");
    let reply = Reply::new(conversation, hello)
        .sender(AdminId::new(7))
        .random_id(random_id);
    let reply = client.call(reply).await?;
    let plan = PropertyOperation::update_or_create("plan", "free").unwrap();
    client.call(SetProps::new(user.id).with(plan)).await?;
    let event = EventName::new("Order placed").unwrap();
    client.call(TrackEvent::new(user.id, event)).await?;
    let events = client.call(Events::new(user.id)).await?.items.len();

    let mut parts = client.items(Parts::new(conversation).page(Paging::new().size(1)));
    let mut ids = Vec::new();
    let mut random_ids = Vec::new();
    while let Some(part) = parts.next().await? {
        ids.push(part.id);
        random_ids.push(part.random_id.map(RandomId::get));
    }
    let not_found = client.call(Get::new(UserId::new(404))).await;
    Ok(Seen {
        name,
        parts: random_ids,
        // The service gives greater ids to newer parts.
        is_older: ids[0] == reply.part.id && ids[0] > ids[1],
        events,
        not_found: not_found.is_err_and(|error| error.is_not_found()),
    })
}

fn run(client: &Client, random_id: i64) -> Result<Seen, Error> {
    let random_id = RandomId::new(random_id).unwrap();
    VirtualClock::new().run(story(client, random_id))
}

fn expected(name: &str, random_id: i64) -> Seen {
    Seen {
        name: name.to_owned(),
        parts: vec![Some(random_id), Some(0)],
        is_older: true,
        events: 1,
        not_found: true,
    }
}

#[test]
fn story_is_replayed_as_recorded() {
    let scratch = Scratch::new();
    let (cassette, client) = recording(&sandbox(), &scratch);
    assert!(cassette.is_live());
    assert_eq!(run(&client, 4711).unwrap(), expected("Ada Lovelace", 4711));
    assert!(scratch.is_empty());
    drop(cassette);
    expect_test::expect_file!["../../cassettes/story.json"].assert_eq(&scratch.text());

    let name = "Name 1";
    // The random id of a run stands in its responses.
    for random_id in [4711, 99] {
        let (cassette, client) = replaying(&scratch);
        assert_eq!(run(&client, random_id).unwrap(), expected(name, random_id));
        cassette.finish();
    }
}

#[test]
fn recorded_twice_is_the_same_file() {
    let texts = [1, 2].map(|random_id| {
        let scratch = Scratch::new();
        let (cassette, client) = recording(&sandbox(), &scratch);
        run(&client, random_id).unwrap();
        cassette.finish();
        scratch.text()
    });
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn lost_response_is_reconciled_from_a_file() {
    let scratch = Scratch::new();
    let sandbox = sandbox();
    let start = StartConversation::new(ada(), "Where is it?");
    let conversation = call(&sandbox.client(), start).unwrap().id;
    sandbox.inject(Fault::lost_response().on::<Reply>());
    let (cassette, client) = recording(&sandbox, &scratch);
    let write = |client: &Client, conversation: ConversationId, random_id: i64| {
        let clock = VirtualClock::new();
        let since = clock.system_time();
        let reply =
            Reply::new(conversation, "On its way").random_id(RandomId::new(random_id).unwrap());
        let error = clock.run(client.call(&reply)).unwrap_err();
        assert!(error.may_have_been_applied());
        clock.run(client.reconcile_reply(&reply, since)).unwrap()
    };
    assert!(matches!(
        write(&client, conversation, 4711),
        WriteStatus::Written(_)
    ));
    cassette.finish();
    assert!(
        scratch.text().contains(r#""sent": "maybe""#),
        "{}",
        scratch.text()
    );

    let (_cassette, client) = replaying(&scratch);
    assert!(matches!(
        write(&client, conversation, 99),
        WriteStatus::Written(_)
    ));
}

#[test]
fn requests_of_one_operation_keep_their_order() {
    let scratch = Scratch::new();
    let transport = RecordingTransport::responding(
        [1, 2].map(|count| CannedResponse::data(serde_json::json!({"users": [], "total": count}))),
    );
    let totals = |client: &Client| {
        [(); 2].map(|()| call(client, apps::Leads::new()).unwrap().total.unwrap())
    };
    let cassette = Cassette::record(scratch.path(), transport);
    assert_eq!(totals(&client(cassette.transport())), [1, 2]);
    drop(cassette);
    let (_cassette, client) = replaying(&scratch);
    assert_eq!(totals(&client), [1, 2]);
}

#[test]
fn order_between_operations_is_free() {
    let scratch = Scratch::new();
    let (cassette, client) = recording(&sandbox(), &scratch);
    call(&client, Get::new(ada())).unwrap();
    call(&client, apps::Channels::new()).unwrap();
    drop(cassette);
    let (_cassette, client) = replaying(&scratch);
    call(&client, apps::Channels::new()).unwrap();
    call(&client, Get::new(ada())).unwrap();
}

#[test]
fn failures_and_pages_of_a_proxy_are_replayed() {
    let scratch = Scratch::new();
    let transport = RecordingTransport::new();
    let kinds = [
        (TransportErrorKind::Dns, Sent::Never),
        (TransportErrorKind::Reset, Sent::Maybe),
        (TransportErrorKind::TooLarge { limit: 10 }, Sent::Yes),
    ];
    for (kind, sent) in kinds {
        transport.fail(TransportError::new(kind, sent).with_source("10.0.0.1 is not there"));
    }
    transport.respond(CannedResponse::bytes(
        http::StatusCode::BAD_GATEWAY,
        "<p>Dear Ada Lovelace</p>",
    ));
    transport.respond(carrot_testing::ApiError::rate_limited(Duration::from_secs(
        7,
    )));
    let reply = || Reply::new(ConversationId::new(716), "Hi").sender(Sender::DefaultAdmin);
    let outcomes = |transport: carrot_testing::cassette::CassetteTransport| {
        let client = carrot_testing::client_builder(transport)
            .retry(carrot_core::ExponentialBackoff::none())
            .build()
            .unwrap();
        [(); 5].map(|()| {
            let error = call(&client, reply()).unwrap_err();
            let failure = error.transport().map(|error| (error.kind(), error.sent()));
            (failure, error.status(), error.retry_after())
        })
    };
    let cassette = Cassette::record(scratch.path(), transport);
    let recorded = outcomes(cassette.transport());
    drop(cassette);
    for (at, (kind, sent)) in kinds.into_iter().enumerate() {
        assert_eq!(recorded[at].0, Some((kind, sent)));
    }
    assert_eq!(recorded[4].2, Some(Duration::from_secs(7)));
    assert!(!scratch.text().contains("10.0.0.1") && !scratch.text().contains("Dear"));
    let cassette = Cassette::replay(scratch.path());
    assert_eq!(outcomes(cassette.transport()), recorded);
}

#[test]
fn cancelled_request_hangs_again() {
    let scratch = Scratch::new();
    let transport = RecordingTransport::new().with_default(CannedResponse::never());
    let cassette = Cassette::record(scratch.path(), transport);
    let attempt = |transport: carrot_testing::cassette::CassetteTransport| {
        let clock = VirtualClock::new();
        let token = AuthToken::new("app.1.token").unwrap();
        let client = Client::builder(transport, clock.clone(), token)
            .build()
            .unwrap();
        let client = client.with_options(CallOptions::new().call_timeout(Duration::from_secs(3)));
        let reply = Reply::new(ConversationId::new(716), "Hi");
        assert!(clock.run(client.call(reply)).unwrap_err().is_timeout());
    };
    attempt(cassette.transport());
    drop(cassette);
    let cassette = Cassette::replay(scratch.path());
    attempt(cassette.transport());
}

#[test]
fn foreign_client_is_recorded_alike() {
    let (own, foreign) = (Scratch::new(), Scratch::new());
    let (cassette, client) = recording(&sandbox(), &own);
    run(&client, 4711).unwrap();
    drop(cassette);

    let cassette = Cassette::record(foreign.path(), sandbox()).clock(VirtualClock::new());
    let token = AuthToken::new(sandbox().token()).unwrap();
    // A request as a foreign client sends it: it names no operation.
    let recorder = cassette.transport();
    let transport = SendWith::new(move |mut request| {
        request.extensions_mut().clear();
        let recorder = recorder.clone();
        async move { recorder.send(request).await }
    });
    let client = Client::builder(transport, VirtualClock::new(), token)
        .rate_limiter(NoRateLimit::new())
        .build()
        .unwrap();
    run(&client, 4711).unwrap();
    drop(cassette);
    assert_eq!(own.text(), foreign.text());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What differs before the redaction differs after it.
    #[test]
    fn different_ids_stay_different(ids in prop::collection::btree_set(1_u64..u64::MAX, 2..30)) {
        let scratch = Scratch::new();
        let transport = RecordingTransport::new().with_default(CannedResponse::ok());
        let cassette = Cassette::record(scratch.path(), transport);
        let recorder = client(cassette.transport());
        let unsubscribe = |id: u64| carrot_core::users::UnsubscribeEmail::new(UserId::new(id));
        for id in &ids {
            call(&recorder, unsubscribe(*id)).unwrap();
        }
        drop(cassette);
        let file: serde_json::Value = serde_json::from_str(&scratch.text()).unwrap();
        let paths = file["interactions"].as_array().unwrap().iter();
        let paths: std::collections::BTreeSet<_> = paths.map(|one| one["request"]["path"].as_str().unwrap()).collect();
        prop_assert_eq!(paths.len(), ids.len());

        // And each is found again, in any order.
        let (_cassette, player) = replaying(&scratch);
        for id in ids.iter().rev() {
            call(&player, unsubscribe(*id)).unwrap();
        }
    }
}
