//! What arrives, whatever happens on the way.

use std::{collections::HashSet, pin::pin, task::Poll};

use carrot_core::{
    conversations::Reply,
    realtime::{Checkpoint, Event, GapReason},
    types::{
        Author, UserRef,
        realtime::{RealtimeChannel, RealtimePayload},
    },
    users::StartConversation,
};
use carrot_testing::sandbox::RealtimeFault;

use super::{APP, SECOND, Stage, channels, number, numbers};

#[test]
fn what_happens_arrives_typed() {
    let stage = Stage::new();
    let client = stage.client();
    let channels = [
        RealtimeChannel::ConversationStartedByUser(APP),
        RealtimeChannel::ConversationReply(APP),
    ];
    let mut live = client.listen(channels).unwrap().start();
    stage.catch_up(&mut live);
    let started = stage.clock.run(client.call(StartConversation::new(
        UserRef::external("order-42"),
        "Where is it?",
    )));
    let id = started.unwrap().id;
    stage
        .clock
        .run(client.call(Reply::new(id, "On its way")))
        .unwrap();
    let mut bodies = Vec::new();
    for event in stage.events_for(&mut live, SECOND * 5) {
        let Event::Message(delivery) = event else {
            panic!("a message")
        };
        assert!(!delivery.late && !delivery.replayed);
        match delivery.message.payload {
            RealtimePayload::ConversationStartedByUser(conversation) => {
                assert_eq!(conversation.id, id);
                bodies.push("(started)".to_owned());
            }
            RealtimePayload::ConversationReply(part) => {
                let by_user = matches!(part.from, Some(Author::User(_)));
                bodies.push(format!("{} {by_user}", part.body.unwrap()));
            }
            other => panic!("not asked for: {other:?}"),
        }
    }
    assert_eq!(
        bodies,
        ["(started)", "Where is it? true", "On its way false"]
    );
}

#[test]
fn pings_come_only_where_they_are_asked_for() {
    let stage = Stage::new();
    let [a, ..] = channels();
    let mut quiet = stage.client().listen([a.clone()]).unwrap().start();
    assert!(matches!(
        stage.events_for(&mut quiet, SECOND * 60)[..],
        [Event::CaughtUp]
    ));
    let stage = Stage::new();
    let mut live = stage
        .client()
        .listen([RealtimeChannel::Ping, a])
        .unwrap()
        .start();
    let events = stage.events_for(&mut live, SECOND * 61);
    let is_ping = |event: &&Event| match event {
        Event::Message(delivery) => delivery.message.channel == RealtimeChannel::Ping,
        _ => false,
    };
    assert!((5..=7).contains(&events.iter().filter(is_ping).count()));
}

#[test]
fn random_cuts_lose_nothing() {
    let stage = Stage::new();
    let mut rng = fastrand::Rng::with_seed(5);
    let listen = stage.client().listen(channels()).unwrap();
    // The pauses between connections add up to more than five minutes now and then.
    let mut live = listen.retention(SECOND * 3600).start();
    stage.catch_up(&mut live);
    let (mut sent, mut received) = (0_u64, Vec::new());
    let mut cuts = 0;
    while sent < 3000 {
        let count = rng.u64(0..8);
        for number in sent..sent + count {
            stage.publish(&channels()[rng.usize(0..3)], [number]);
        }
        sent += count;
        match rng.u8(0..8) {
            0 => stage.sandbox.realtime().inject(RealtimeFault::CutAfter(0)),
            1 => stage
                .sandbox
                .realtime()
                .inject(RealtimeFault::DeliveredTwice),
            2 => stage
                .sandbox
                .realtime()
                .inject(RealtimeFault::BrokenMessage),
            3 if sent > 100 => stage.sandbox.realtime().inject(RealtimeFault::LostMessage),
            _ => {}
        }
        let events = stage.events_for(&mut live, SECOND * rng.u32(0..12));
        cuts += events
            .iter()
            .filter(|event| matches!(event, Event::Down(_)))
            .count();
        received.extend(numbers(&events));
        let gap = events.iter().find(|event| matches!(event, Event::Gap(_)));
        assert!(gap.is_none(), "{gap:?} after {sent}");
    }
    // What the service lost at the end shows with the next message of its channel.
    let mut last = sent;
    for channel in &channels() {
        stage.publish(channel, [last]);
        last += 1;
    }
    received.extend(numbers(&stage.events_for(&mut live, SECOND * 200)));
    assert_eq!(received.len() as u64, last, "nothing comes twice");
    let received: HashSet<u64> = received.into_iter().collect();
    assert_eq!(received, (0..last).collect());
    assert!(cuts > 50, "{cuts}");
}

#[test]
fn what_the_service_forgot_is_reported() {
    let stage = Stage::storing(20);
    let [a, ..] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    stage.publish(&a, 0..10);
    assert_eq!(numbers(&stage.events_for(&mut live, SECOND)).len(), 10);
    let checkpoint = stage.clock.run(live.close());
    stage.publish(&a, 10..100);
    let listen = stage.client().listen(channels()).unwrap();
    let mut live = listen.resume(checkpoint).start();
    let events = stage.events_for(&mut live, SECOND * 120);
    assert_eq!(numbers(&events), (80..100).collect::<Vec<_>>());
    let gaps: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Gap(gap) => Some(gap),
            _ => None,
        })
        .collect();
    let [gap] = gaps[..] else {
        panic!("one gap: {gaps:?}")
    };
    assert_eq!(gap.channels, [a]);
    assert_eq!(gap.reason, GapReason::Lost(11..=80));
    assert!(gap.since.is_some());
}

#[test]
fn a_deleted_channel_is_reported() {
    let stage = Stage::new();
    let [a, ..] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    stage.publish(&a, 0..10);
    stage.events_for(&mut live, SECOND);
    stage.sandbox.realtime().forget_channel(&a);
    stage.publish(&a, [10]);
    let events = stage.events_for(&mut live, SECOND);
    let [Event::Gap(gap), message] = &events[..] else {
        panic!("a gap and a message: {events:?}")
    };
    assert_eq!(
        (&gap.reason, number(message)),
        (&GapReason::Reset, Some(10))
    );
}

#[test]
fn a_consumer_that_is_killed_misses_nothing() {
    let stage = Stage::new();
    let mut rng = fastrand::Rng::with_seed(9);
    let (mut saved, mut processed) = (None::<String>, Vec::new());
    let mut sent = 0;
    for life in 0..50 {
        let checkpoint = saved
            .as_ref()
            .map(|json| serde_json::from_str::<Checkpoint>(json).unwrap());
        let listen = stage.client().listen(channels()).unwrap();
        let mut live = listen.resume(checkpoint).start();
        if life == 0 {
            stage.catch_up(&mut live);
            saved = Some(serde_json::to_string(&live.checkpoint()).unwrap());
        }
        for _ in 0..rng.u64(0..40) {
            stage.publish(&channels()[rng.usize(0..3)], [sent]);
            sent += 1;
        }
        // Killed at any event: in its middle, when it is not yet saved, or after.
        for _ in 0..rng.u32(0..80) {
            let limited = stage.clock.timeout(SECOND * 12, live.next());
            let Some(event) = stage.clock.run(limited) else {
                break;
            };
            let event = event.unwrap().unwrap();
            assert!(!matches!(event, Event::Gap(_)), "{event:?}");
            if rng.u8(0..60) == 0 {
                break;
            }
            processed.extend(number(&event));
            saved = Some(serde_json::to_string(&live.checkpoint()).unwrap());
        }
        stage.clock.advance(SECOND * rng.u32(0..10));
    }
    let checkpoint: Checkpoint = serde_json::from_str(&saved.unwrap()).unwrap();
    let mut live = stage
        .client()
        .listen(channels())
        .unwrap()
        .resume(checkpoint)
        .start();
    processed.extend(numbers(&stage.events_for(&mut live, SECOND * 100)));
    processed.sort_unstable();
    assert_eq!(processed, (0..sent).collect::<Vec<_>>());
    assert!(sent > 500, "{sent}");
}

#[test]
fn dropping_next_anywhere_loses_nothing() {
    let stage = Stage::new();
    let [a, b, _] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    let mut received = Vec::new();
    for round in 0..200_u64 {
        if round % 3 == 0 {
            stage.publish(&a, [round * 2]);
            stage.publish(&b, [round * 2 + 1]);
        }
        if round % 20 == 0 {
            stage.sandbox.realtime().inject(RealtimeFault::CutAfter(0));
        }
        // Polled once, and dropped where it waits.
        let polled = stage.clock.step(pin!(live.next()));
        if let Poll::Ready(event) = polled {
            received.extend(number(&event.unwrap().unwrap()));
        }
    }
    received.extend(numbers(&stage.events_for(&mut live, SECOND * 100)));
    let expected: Vec<u64> = (0..200)
        .step_by(3)
        .flat_map(|round| [round * 2, round * 2 + 1])
        .collect();
    received.sort_unstable();
    assert_eq!(received, expected);
}

#[test]
fn a_checkpoint_waits_for_its_event() {
    let stage = Stage::new();
    let [a, ..] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    stage.publish(&a, 0..3);
    // What next() returned is covered, what it did not return is not.
    for expected in 0..3 {
        let mut again = stage
            .client()
            .listen(channels())
            .unwrap()
            .resume(live.checkpoint())
            .start();
        let event = stage.skip_to(&mut again, |event| number(event).is_some());
        assert_eq!(number(&event), Some(expected));
        assert_eq!(number(&stage.next(&mut live)), Some(expected));
    }
}

#[test]
fn a_checkpoint_of_the_first_event_loses_nothing() {
    let stage = Stage::new();
    let [a, b, _] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    // The first poll is under way, and nothing tells of a position yet.
    assert!(stage.events_for(&mut live, SECOND).is_empty());
    stage.publish(&a, [1, 2]);
    stage.publish(&b, [3]);
    assert_eq!(number(&stage.next(&mut live)), Some(1));
    let checkpoint = live.checkpoint();
    drop(live);
    stage.publish(&a, [4]);
    let listen = stage.client().listen(channels()).unwrap();
    let mut live = listen.resume(checkpoint).start();
    assert_eq!(numbers(&stage.events_for(&mut live, SECOND)), [2, 3, 4]);
}

#[test]
fn nothing_is_lost_with_a_silent_service() {
    let stage = Stage::new();
    let [a, ..] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    stage.publish(&a, [1]);
    assert_eq!(number(&stage.next(&mut live)), Some(1));
    stage.sandbox.realtime().inject(RealtimeFault::Silence);
    stage.publish(&a, [2]);
    let before = stage.now();
    stage.skip_to(&mut live, |event| matches!(event, Event::Down(_)));
    let took = stage.now() - before;
    assert!((30..=41).contains(&took.as_secs()), "{took:?}");
    let event = stage.skip_to(&mut live, |event| number(event).is_some());
    assert_eq!(number(&event), Some(2));
}

#[test]
fn a_handler_that_takes_an_hour_loses_nothing() {
    let stage = Stage::new();
    let [a, ..] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    stage.publish(&a, [1]);
    assert_eq!(number(&stage.next(&mut live)), Some(1));
    stage.clock.advance(SECOND * 200);
    stage.publish(&a, [2]);
    stage.clock.advance(SECOND * 90);
    let events = stage.events_for(&mut live, SECOND * 60);
    assert_eq!(numbers(&events), [2]);
    assert!(
        !events.iter().any(|event| matches!(event, Event::Gap(_))),
        "{events:?}"
    );
}
