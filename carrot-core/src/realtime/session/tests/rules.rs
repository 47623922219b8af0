//! The rules of a session one by one.

use std::time::Duration;

use carrot_types::realtime::RealtimeMessage;

use super::{
    hand::{Hand, SECOND},
    server::{Server, Stored},
    world::{CHANNELS, RETENTION, World, session},
};
use crate::realtime::{
    Checkpoint, Disconnected, Event, GapReason, Position,
    session::{Action, Input},
};

#[test]
fn hour_of_closed_connections_is_no_storm() {
    let mut hand = Hand::new();
    hand.open();
    while hand.now < SECOND * 3600 {
        // It opens, brings a ping, and ends.
        hand.ping(1_700_000_000 + hand.now.as_secs());
        hand.pass(SECOND * 2);
        hand.close(1006, "");
        hand.reopen();
    }
    let connects = hand.connects.len();
    assert!((60..180).contains(&connects), "{connects}");
}

#[test]
fn a_rejection_ends_it_also_after_the_handshake() {
    let by_code = |code, reason: &'static str| {
        move |hand: &mut Hand| {
            hand.open();
            hand.close(code, reason);
        }
    };
    type Act = Box<dyn Fn(&mut Hand)>;
    let cases: [(&str, Act); 5] = [
        ("3401", Box::new(by_code(3401, ""))),
        ("3403", Box::new(by_code(3403, ""))),
        ("1008", Box::new(by_code(1008, r#"{"http_status": 403}"#))),
        (
            "status",
            Box::new(|hand| {
                hand.input(Input::Closed(Disconnected::new("no").with_status(401)));
            }),
        ),
        (
            "frame",
            Box::new(|hand| {
                hand.open();
                hand.text(r#"{"error": {"status": 403}}"#);
            }),
        ),
    ];
    for (name, reject) in cases {
        let mut hand = Hand::new();
        reject(&mut hand);
        assert!(hand.stopped.is_some(), "{name}");
        hand.pass(SECOND * 3600);
        assert_eq!(hand.connects.len(), 1, "{name}");
    }
}

#[test]
fn other_ends_are_tried_again() {
    for code in [1000, 1001, 1006, 1011, 1013, 3500, 3502, 3503, 4000] {
        let mut hand = Hand::new();
        hand.open();
        hand.close(code, "");
        assert!(hand.stopped.is_none(), "{code}");
        hand.pass(SECOND);
        assert_eq!(hand.connects.len(), 2, "{code}");
    }
    let mut hand = Hand::new();
    hand.open();
    hand.close(1008, r#"{"http_status": 503}"#);
    assert!(hand.stopped.is_none());
    let mut hand = Hand::new();
    let busy = Disconnected::new("busy").with_status(503);
    hand.input(Input::Closed(busy.with_retry_after(SECOND * 100)));
    hand.pass(SECOND * 99);
    assert_eq!(hand.connects.len(), 1);
    hand.pass(SECOND);
    assert_eq!(hand.connects.len(), 2);
    // No service means to say for ever.
    let busy = Disconnected::new("busy").with_status(503);
    hand.input(Input::Closed(busy.with_retry_after(Duration::MAX)));
    hand.pass(SECOND * 24 * 60 * 60);
    assert_eq!(hand.connects.len(), 3);
}

/// A session that was live once, and whose connections end in their replay until it polls.
fn stuck() -> Hand {
    let mut hand = Hand::over(session(5).with_polls(true));
    hand.open();
    hand.message(1, 1_700_000_000, 1);
    hand.ping(1_700_000_000);
    hand.close(1006, "");
    for at in 0..3 {
        assert!(hand.polls.is_empty(), "{at}");
        hand.reopen();
        hand.message(2, 1_700_000_001, 1);
        hand.close(1006, "");
    }
    hand.until_polls(1);
    assert_eq!(hand.connects.len(), 4);
    assert_eq!(hand.polls, [Some(Position::new(1_700_000_000, 9))]);
    hand
}

#[test]
fn replay_that_is_always_cut_is_polled() {
    let mut hand = stuck();
    hand.open();
    let message = |id: i64| {
        RealtimeMessage::parse(&format!(
            r#"{{"id": {id}, "channel": "a", "tag": "{id}", "message": {id},
                "time": "Tue, 14 Nov 2023 22:13:22 GMT"}}"#
        ))
    };
    let end = Position::new(1_700_000_002, 4);
    hand.input(Input::Batch {
        messages: vec![message(3), message(4)],
        position: Some(end),
        now: None,
    });
    assert_eq!(hand.messages(), 4);
    assert_eq!(hand.drops, 1, "one poll is enough");
    assert_eq!(hand.connects.last(), Some(&(hand.now, Some(end))));
    assert!(matches!(hand.events.last(), Some(Event::CaughtUp)));
}

#[test]
fn a_service_without_long_polls_is_no_rejection() {
    let mut hand = stuck();
    hand.open();
    let missing = Disconnected::new("no polls").with_status(404);
    hand.input(Input::Closed(missing));
    assert!(hand.stopped.is_none());
    for _ in 0..3 {
        hand.reopen();
        hand.close(1006, "");
    }
    hand.until_polls(2);
    assert_eq!(hand.connects.len(), 7);
}

#[test]
fn a_reconnect_without_a_position_is_a_gap() {
    let mut hand = Hand::new();
    let ping = r#"{"id": 1, "channel": "ping", "message": {"timestamp": 1700000000}}"#;
    for expected in 0..3 {
        hand.open();
        hand.text(ping);
        assert_eq!(hand.gaps(), vec![GapReason::NoPosition; expected]);
        hand.close(1006, "");
        hand.pass(SECOND * 10);
    }
    // Another process, and one whose session had not caught up.
    for checkpoint in [hand.session.checkpoint(), Hand::new().session.checkpoint()] {
        assert_eq!(checkpoint.position, None);
        let session = session(5).resume(checkpoint, Duration::ZERO, 1_700_000_000);
        let mut hand = Hand::over(session);
        hand.open();
        hand.text(ping);
        assert_eq!(hand.gaps(), [GapReason::NoPosition]);
        assert!(matches!(hand.events.last(), Some(Event::CaughtUp)));
    }
}

#[test]
fn pauses_grow_until_a_minute_went_well() {
    let mut hand = Hand::new();
    hand.open();
    let lives = |hand: &mut Hand, seconds: u64| {
        for _ in 0..=seconds / 10 {
            hand.ping(1_700_000_000 + hand.now.as_secs());
            hand.pass(SECOND * 10);
        }
        hand.close(1006, "");
        let failures = hand.session.failures();
        hand.reopen();
        failures
    };
    assert_eq!(lives(&mut hand, 20), 1);
    assert_eq!(lives(&mut hand, 50), 2);
    assert_eq!(lives(&mut hand, 60), 1);
}

#[test]
fn a_silent_connection_is_probed_and_dropped() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    hand.pass(SECOND * 34);
    assert_eq!(hand.probes, 0);
    hand.pass(SECOND);
    assert_eq!(hand.probes, 1);
    hand.pass(SECOND * 6);
    assert!(matches!(hand.events.last(), Some(Event::Down(_))));

    // A socket that responds, while pings were seen and stopped, is of no use either.
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    hand.pass(SECOND * 36);
    hand.input(Input::Alive);
    hand.pass(SECOND * 33);
    assert!(!matches!(hand.events.last(), Some(Event::Down(_))));
    hand.pass(SECOND * 2);
    assert!(matches!(hand.events.last(), Some(Event::Down(_))));

    // Without pings it may be that nothing happens.
    let mut hand = Hand::new();
    hand.open();
    hand.pass(SECOND * 36);
    hand.input(Input::Alive);
    hand.pass(SECOND * 80);
    assert!(hand.events.is_empty());
    hand.pass(SECOND * 10);
    assert!(matches!(hand.events.last(), Some(Event::Down(_))));
}

#[test]
fn a_slow_handler_is_not_a_dead_connection() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    // The program was busy for an hour, and what came meanwhile is read first.
    hand.now += SECOND * 3600;
    hand.message(1, 1_700_000_010, 1);
    hand.pass(SECOND * 30);
    assert_eq!((hand.probes, hand.messages()), (0, 1));
    // Where nothing is there at first sight, it is asked.
    hand.now += SECOND * 3600;
    hand.session.elapsed(hand.now);
    hand.run();
    assert_eq!((hand.probes, hand.drops), (1, 0));
    hand.pass(SECOND * 4);
    hand.ping(1_700_007_200);
    hand.pass(SECOND * 30);
    assert!(
        !hand
            .events
            .iter()
            .any(|event| matches!(event, Event::Down(_)))
    );
}

#[test]
fn position_is_frozen_until_the_replay_ends() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    hand.message(1, 1_700_000_005, 1);
    hand.close(1006, "");
    hand.pass(SECOND);
    hand.open();
    // Of the last channel of the path this may be, or of the first: more may follow.
    hand.message(2, 1_700_000_020, 1);
    hand.close(1006, "");
    hand.pass(SECOND * 2);
    let positions: Vec<_> = hand.connects.iter().map(|connect| connect.1).collect();
    let from = Some(Position::new(1_700_000_005, 1));
    assert_eq!(positions, [None, from, from]);
    hand.open();
    hand.message(2, 1_700_000_020, 1);
    assert_eq!(hand.messages(), 2, "it came before");
    hand.ping(1_700_000_030);
    hand.close(1006, "");
    hand.pass(SECOND * 4);
    let position = hand.connects.last().expect("one more").1;
    assert_eq!(position, Some(Position::new(1_700_000_030, 9)));
}

#[test]
fn the_first_message_is_a_position() {
    let mut hand = Hand::new();
    hand.open();
    hand.message(5, 1_700_000_005, 1);
    hand.message(6, 1_700_000_006, 1);
    let from = Some(Position::new(1_700_000_005, 1));
    assert_eq!(hand.session.checkpoint().position, from);
    hand.close(1006, "");
    hand.reopen();
    assert_eq!(hand.connects[1].1, from);
}

#[test]
fn notices_and_unreadable_messages_move_nothing() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    let before = hand.session.checkpoint();
    hand.text(
        r#"{"id": -2, "channel": "a", "tag": "0", "time": "Fri, 31 Dec 2100 00:00:00 GMT", "message": "x"}"#,
    );
    assert_eq!(hand.messages(), 0);
    hand.text(r#"{"id": -2, "channel": "a", "message": Channel deleted, "tag": "0"}"#);
    assert!(matches!(hand.events.last(), Some(Event::Unreadable(_))));
    assert_eq!(hand.session.checkpoint(), before);
}

#[test]
fn hole_is_requested_once_then_reported() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    for id in 1..=9 {
        hand.message(id, 1_700_000_001, id as u64);
    }
    hand.message(11, 1_700_000_002, 1);
    hand.pass(SECOND * 5);
    assert_eq!(hand.drops, 0, "it may come late");
    hand.ping(1_700_000_010);
    hand.pass(SECOND);
    assert_eq!(hand.drops, 1);
    let from = hand.connects.last().expect("a rewind").1;
    assert_eq!(from, Some(Position::new(1_700_000_001, 9)));
    hand.open();
    hand.message(11, 1_700_000_002, 1);
    hand.ping(1_700_000_020);
    assert_eq!(hand.gaps(), [GapReason::Lost(10..=10)]);
    hand.pass(SECOND * 5);
    assert_eq!((hand.drops, hand.messages()), (1, 10));
    assert!(
        !hand
            .events
            .iter()
            .any(|event| matches!(event, Event::Down(_)))
    );

    // The next one not earlier than a minute later.
    hand.message(13, 1_700_000_021, 1);
    for second in 1..=5 {
        hand.ping(1_700_000_020 + second * 10);
        hand.pass(SECOND * 10);
    }
    assert_eq!(hand.drops, 1);
    hand.ping(1_700_000_080);
    hand.pass(SECOND * 10);
    assert_eq!(hand.drops, 2);
    // What comes after all is delivered, and is late.
    hand.open();
    hand.message(12, 1_700_000_020, 8);
    let Some(Event::Message(delivery)) = hand.events.last() else {
        panic!("a message")
    };
    assert!(delivery.late);
    hand.ping(1_700_000_090);
    assert_eq!(hand.gaps().len(), 1);
}

#[test]
fn hole_in_a_replay_is_requested_again() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    for id in 1..=9 {
        hand.message(id, 1_700_000_001, id as u64);
    }
    hand.close(1006, "");
    hand.reopen();
    // Published while the server looked, and sent to nobody.
    hand.message(11, 1_700_000_002, 2);
    hand.ping(1_700_000_010);
    assert!(hand.gaps().is_empty());
    hand.pass(SECOND * 10);
    hand.open();
    hand.message(10, 1_700_000_002, 1);
    hand.message(11, 1_700_000_002, 2);
    hand.ping(1_700_000_030);
    assert!(hand.gaps().is_empty());
    assert_eq!(hand.messages(), 11);
}

#[test]
fn ids_that_are_not_consecutive_are_not_trusted() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    for number in 1..60 {
        hand.message(number * 7, 1_700_000_000 + number as u64, 1);
        hand.ping(1_700_000_000 + number as u64);
        let connects = hand.connects.len();
        hand.pass(SECOND * 10);
        if hand.connects.len() > connects {
            hand.open();
            hand.ping(1_700_000_000 + number as u64);
        }
    }
    assert_eq!(hand.messages(), 59);
    assert!(hand.drops <= 3, "{}", hand.drops);
    let gaps = hand.gaps();
    assert_eq!(gaps.len(), 3);
    assert!(gaps.iter().all(|gap| matches!(gap, GapReason::Unknown(_))));
}

#[test]
fn messages_without_ids_are_told_apart_by_position() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    for tag in [1, 2, 2, 1, 3] {
        hand.message(0, 1_700_000_001, tag);
    }
    assert_eq!(hand.messages(), 3);
    hand.text(r#"{"channel": "a", "message": 1}"#);
    hand.text(r#"{"channel": "a", "message": 1}"#);
    assert_eq!(hand.messages(), 5, "nothing tells them apart");
}

#[test]
fn a_long_absence_is_a_gap() {
    for (away, expected) in [(SECOND * 200, 0), (RETENTION + SECOND, 1)] {
        let mut hand = Hand::new();
        hand.open();
        hand.ping(1_700_000_000);
        hand.close(1006, "");
        hand.pass(away);
        hand.reopen();
        // The first ping may be a stored one.
        hand.ping(1_700_000_010);
        let expired = hand
            .gaps()
            .iter()
            .filter(|gap| **gap == GapReason::Expired)
            .count();
        assert_eq!(expired, expected);
    }
    // As a machine that was suspended, whose clock stood still.
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    hand.close(1006, "");
    hand.pass(SECOND);
    hand.open();
    hand.ping(1_700_000_400);
    assert_eq!(hand.gaps(), [GapReason::Expired]);
    // And in another process.
    let checkpoint = {
        let mut hand = Hand::new();
        hand.open();
        hand.ping(1_700_000_000);
        hand.session.checkpoint()
    };
    for (date, expected) in [(1_700_000_200, 0), (1_700_000_301, 1)] {
        let session = session(1).resume(checkpoint.clone(), Duration::ZERO, date);
        let mut hand = Hand::over(session);
        hand.open();
        hand.ping(1_700_000_005);
        assert_eq!(hand.gaps().len(), expected);
    }
}

#[test]
fn a_response_counts_as_a_whole() {
    let message = |id: i64, second: u64| {
        let time = Position::new(second, 1).http_date();
        RealtimeMessage::parse(&format!(
            r#"{{"id": {id}, "channel": "a", "tag": "1", "time": "{time}", "message": {id}}}"#
        ))
    };
    let mut hand = Hand::new();
    hand.open();
    let batch = |messages, second| Input::Batch {
        messages,
        position: Some(Position::new(second, 0)),
        now: None,
    };
    hand.input(batch(vec![], 1_700_000_000));
    assert!(matches!(hand.events[..], [Event::CaughtUp]));
    // In their order, whatever the order of the response.
    let messages = vec![message(2, 1_700_000_002), message(1, 1_700_000_001)];
    hand.session.input(hand.now, batch(messages, 1_700_000_002));
    let Action::Emit(Event::Message(first)) = hand.session.poll(hand.now) else {
        panic!("a message")
    };
    assert_eq!(first.message.id, Some(1));
    assert_eq!(
        hand.session.checkpoint().position,
        Some(Position::new(1_700_000_000, 0)),
        "half a response moves nothing"
    );
    hand.run();
    assert_eq!(
        hand.session.checkpoint().position,
        Some(Position::new(1_700_000_002, 0))
    );
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut hand = Hand::new();
    hand.open();
    hand.ping(1_700_000_000);
    for id in 1..=9 {
        hand.message(id, 1_700_000_001, id as u64);
    }
    for number in 0..20_i64 {
        hand.message(10 + number, 1_700_000_002, number as u64 + 1);
    }
    // Steps of one prove the ids, and then every second one is missing.
    for number in 0..3000_i64 {
        hand.message(1000 + number * 2, 1_700_000_003, number as u64 + 1);
    }
    let json = serde_json::to_string(&hand.session.checkpoint()).expect("JSON");
    assert!(json.len() < 200_000, "{}", json.len());
    // Without ids, before a replay is complete.
    let mut hand = Hand::new();
    hand.open();
    for tag in 1..20_000 {
        hand.message(0, 1_700_000_001, tag);
    }
    assert!(hand.session.recent.len() <= 4096);
}

#[test]
fn a_checkpoint_of_another_format_is_rejected() {
    for json in [
        r#"{"format": 2, "channels": {}}"#,
        r#"{"format": 1, "channels": {}, "more": 1}"#,
        r#"{"format": 1, "channels": {"a": {"steps": 0, "seen": [{"first": 5, "last": 4, "position": {"time": 1, "tag": 1}}]}}}"#,
    ] {
        serde_json::from_str::<Checkpoint>(json).expect_err(json);
    }
    let checkpoint = r#"{"format":1,"channels":{}}"#;
    let read: Checkpoint = serde_json::from_str(checkpoint).expect("sound");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), checkpoint);
}

#[test]
fn a_thousand_random_cuts_lose_nothing() {
    let mut rng = fastrand::Rng::with_seed(11);
    let mut world = World::new(Server::new(CHANNELS, 100_000), session(3));
    world.pass(11_000);
    let published = |world: &World| -> Vec<Stored> { world.server.published.clone() };
    while published(&world).len() < 3000 {
        for _ in 0..rng.usize(0..6) {
            world.publish(rng.usize(0..CHANNELS));
        }
        if rng.u8(0..3) == 0 {
            world.cut(rng.usize(0..40));
        }
        world.run(rng.usize(0..10));
        if rng.u8(0..3) == 0 {
            world.pass(rng.u64(1..20_000));
        }
    }
    let connects = world.connects.len();
    world.settle();
    assert_eq!(world.delivered.len(), published(&world).len());
    world.assert_nothing_comes_twice();
    assert!(world.gaps.is_empty());
    assert!(connects > 50, "{connects}");
}
