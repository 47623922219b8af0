//! One test for each question, with the part of the kit that asks it best.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use carrot_core::{
    Error, Sent,
    conversations::{Parts, Reply},
    transport::TransportErrorKind,
    types::{ConversationId, UserRef},
    users::StartConversation,
};
use carrot_testing::{
    ApiError, Fake, Sandbox, VirtualClock, fake,
    sandbox::Fault,
    torture::{Process, torture},
};
use how_we_test::{Parcels, SETTLE, State, announce};

const CONVERSATION: ConversationId = ConversationId::new(716);

fn parcels(conversation: ConversationId) -> Parcels {
    let parcels = Parcels::default();
    parcels.add("parcel-1", conversation);
    parcels
}

fn run(fake: &Fake, parcels: &Parcels) -> Result<(), Error> {
    let (client, clock) = (fake.client(), fake.clock());
    clock.run(announce(&client, clock, parcels))
}

/// A fake: what exactly is sent?
#[test]
fn the_customer_is_told_the_number() {
    let fake = Fake::new();
    fake.on::<Reply>()
        .path_id(CONVERSATION)
        .param("body", "Your parcel parcel-1 is on its way.")
        .has_param("random_id")
        .reply(fake::reply_receipt());
    let parcels = parcels(CONVERSATION);
    run(&fake, &parcels).unwrap();
    assert_eq!(parcels.state("parcel-1"), Some(State::Announced));
}

/// A fake with an error: what becomes of a conversation that is gone?
#[test]
fn a_missing_conversation_stops_nothing() {
    let fake = Fake::new();
    fake.on::<Reply>()
        .path_id(CONVERSATION)
        .reply_error(ApiError::lookup_error());
    let other = ConversationId::new(717);
    fake.on::<Reply>()
        .path_id(other)
        .reply(fake::reply_receipt());
    let parcels = parcels(CONVERSATION);
    parcels.add("parcel-2", other);
    run(&fake, &parcels).unwrap();
    assert_eq!(parcels.state("parcel-1"), Some(State::Rejected));
    assert_eq!(parcels.state("parcel-2"), Some(State::Announced));
}

/// A fake whose connection fails: is the parcel still open afterwards?
#[test]
fn an_outage_leaves_the_parcel_open() {
    let fake = Fake::new();
    fake.on::<Reply>()
        .fail(TransportErrorKind::Connect, Sent::Never)
        .at_least_once();
    let parcels = parcels(CONVERSATION);
    run(&fake, &parcels).unwrap_err();
    assert!(matches!(parcels.state("parcel-1"), Some(State::Sent(_))));
}

async fn ask(sandbox: &Sandbox) -> Result<ConversationId, Error> {
    let ask = StartConversation::new(UserRef::external("order-42"), "Where is it?");
    Ok(sandbox.client().call(ask).await?.id)
}

/// The sandbox: what does the customer see, whatever the code did for it? And virtual time: how long does it
/// wait, without a test that waits?
#[test]
fn a_lost_response_is_looked_for() {
    let clock = VirtualClock::new();
    let sandbox = Sandbox::builder().clock(clock.clone()).build();
    let conversation = clock.run(ask(&sandbox)).unwrap();
    sandbox.inject(Fault::lost_response().on::<Reply>());
    let parcels = parcels(conversation);
    let started = sandbox.now();
    clock
        .run(announce(&sandbox.client(), &clock, &parcels))
        .unwrap();

    assert_eq!(sandbox.parts(conversation).len(), 2);
    let waited = sandbox.now().seconds() - started.seconds();
    let settle = i64::try_from(SETTLE.as_secs()).unwrap();
    assert!((settle..settle + 5).contains(&waited), "{waited} s");
}

/// The sandbox with a fault: does it stop where nobody can know?
#[test]
fn an_unclear_announcement_is_not_repeated() {
    let clock = VirtualClock::new();
    let sandbox = Sandbox::builder().clock(clock.clone()).build();
    let conversation = clock.run(ask(&sandbox)).unwrap();
    sandbox.inject(Fault::lost_response().on::<Reply>());
    sandbox.inject(Fault::hide_random_ids().on::<Parts>());
    let parcels = parcels(conversation);
    for _ in 0..2 {
        clock
            .run(announce(&sandbox.client(), &clock, &parcels))
            .unwrap();
    }
    assert_eq!(parcels.state("parcel-1"), Some(State::Unclear));
    assert_eq!(sandbox.parts(conversation).len(), 2);
}

#[derive(Clone, Default)]
struct Stored {
    conversation: Option<ConversationId>,
    parcels: Parcels,
}

/// Torture: every fault at every request, and a kill wherever it waits. Is there a way to lose or to double it?
#[test]
fn nothing_makes_it_lose_or_double() {
    let scenario = |process: Process<Stored>| async move {
        announce(&process.client, &process.clock, &process.stored.parcels).await
    };
    let set_up = |sandbox: Sandbox| async move {
        let conversation = ask(&sandbox).await.unwrap();
        Stored {
            conversation: Some(conversation),
            parcels: parcels(conversation),
        }
    };
    let report = torture(scenario)
        .set_up(set_up)
        .late(Duration::from_secs(20))
        .check(|sandbox, stored| {
            let parts = sandbox.parts(stored.conversation.unwrap());
            let announcements = parts.len() - 1;
            match stored.parcels.state("parcel-1") {
                Some(State::Announced) => assert_eq!(announcements, 1),
                // Nobody could know; a person looks, and finds one at most.
                Some(State::Unclear) => assert!(announcements <= 1),
                other => assert_eq!(other, None, "it is not done"),
            }
        });
    assert_eq!(report.requests, 1);
}
