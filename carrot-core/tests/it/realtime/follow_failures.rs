//! Following the open conversations while the API or the messages fail: who waits, how long, and what that costs.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use carrot_core::{
    apps::Conversations,
    conversations::{Close, Get, Reply, Sender},
    realtime::FollowEvent,
    types::{AppId, ConversationId, realtime::RealtimeChannel},
};
use carrot_testing::sandbox::Fault;
use http::{Response, StatusCode};
use serde_json::json;

use super::{SECOND, follow::Scene};

/// Closed, and open again: it must be read.
fn reopen(scene: &Scene, id: ConversationId) {
    scene.call(Close::new(id));
    scene.call(Reply::new(id, "Hello?").sender(Sender::DefaultUser));
}

fn unavailable(retry_after: Option<u64>, status: StatusCode) -> Fault {
    let mut response = Response::builder().status(status);
    if let Some(seconds) = retry_after {
        response = response.header("retry-after", seconds);
    }
    Fault::response(response.body("{}".into()).unwrap()).on::<Get>()
}

fn only(fault: Fault, id: ConversationId) -> Fault {
    let id = id.to_string();
    fault.when(move |get| get.path().ends_with(&id))
}

fn failures(events: &[(Duration, FollowEvent)]) -> Vec<Duration> {
    let failed = events
        .iter()
        .filter(|(_, event)| matches!(event, FollowEvent::Failed(_)));
    failed.map(|(at, _)| *at).collect()
}

/// When an event first shows the conversation open.
fn shown(events: &[(Duration, FollowEvent)], id: ConversationId) -> Option<Duration> {
    let mut events = events.iter();
    let shown = events.find(|(_, event)| match event {
        FollowEvent::Changed(now) => now.id == id && now.closed == Some(false),
        _ => false,
    });
    shown.map(|(at, _)| *at)
}

/// Reopens a conversation every half a minute, for half an hour, while others cannot be read. Returns when those
/// failed.
fn half_an_hour(bad: Range<usize>, retry_after: Option<u64>) -> Vec<Duration> {
    // The jitter.
    fastrand::seed(7);
    let (mut scene, ids) = Scene::live(4);
    for id in &ids[bad] {
        let bad = unavailable(retry_after, StatusCode::BAD_GATEWAY);
        scene.stage.sandbox.inject(only(bad, *id).always());
        reopen(&scene, *id);
    }
    let mut failed = failures(&scene.events_for(SECOND * 30));
    for _ in 0..60 {
        reopen(&scene, ids[3]);
        let start = scene.stage.now();
        let events = scene.events_for(SECOND * 30);
        let shown = shown(&events, ids[3]).expect("shown");
        assert!(shown - start < SECOND, "{:?}", shown - start);
        failed.extend(failures(&events));
    }
    failed
}

#[test]
fn unavailable_conversation_holds_up_no_other() {
    let failed = half_an_hour(0..1, None);
    let pauses: Vec<_> = failed.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (place, pause) in pauses.iter().enumerate() {
        let longest = SECOND * (1 << place.min(6)).min(60);
        let range = SECOND / 4..=longest;
        assert!(range.contains(pause), "{place}: {pauses:?}");
    }
    // They grow though others can be read.
    let mean = pauses[6..].iter().sum::<Duration>() / (pauses.len() - 6) as u32;
    assert!((SECOND * 20..SECOND * 40).contains(&mean), "{mean:?}");
    // Nor where several fail.
    half_an_hour(0..3, None);
}

#[test]
fn retry_after_of_one_holds_up_no_other() {
    assert_eq!(half_an_hour(0..1, Some(86_400)).len(), 1);
    assert_eq!(half_an_hour(0..3, Some(86_400)).len(), 3);
}

#[test]
fn rate_limited_read_pauses_all() {
    let (mut scene, ids) = Scene::live(2);
    let limit = unavailable(Some(20), StatusCode::TOO_MANY_REQUESTS);
    scene.stage.sandbox.inject(limit);
    let start = scene.stage.now();
    for id in &ids {
        reopen(&scene, *id);
    }
    let events = scene.events_for(SECOND * 30);
    assert_eq!(failures(&events).len(), 1);
    for id in ids {
        let shown = shown(&events, id).expect("shown") - start;
        assert!((SECOND * 20..SECOND * 21).contains(&shown), "{shown:?}");
    }
}

/// Nothing can be read. It is tried seldom, and all are shown soon after.
#[test]
fn outage_costs_few_requests() {
    fastrand::seed(7);
    let (mut scene, ids) = Scene::live(40);
    let is_out = Arc::new(AtomicBool::new(true));
    let out = is_out.clone();
    let bad = unavailable(None, StatusCode::BAD_GATEWAY).when(move |_| out.load(Relaxed));
    let bad = scene.stage.sandbox.inject(bad.always());
    for id in &ids {
        reopen(&scene, *id);
    }
    for minute in 0..30 {
        let before = bad.used();
        scene.events_for(SECOND * 60);
        let requests = bad.used() - before;
        assert!(requests <= 45, "{requests} in minute {minute}");
    }
    is_out.store(false, Relaxed);
    let events = scene.events_for(SECOND * 90);
    assert!(ids.iter().all(|id| shown(&events, *id).is_some()));
}

/// Messages that do not say what changed come all the time, also while a list is read.
#[test]
fn stream_of_such_messages_costs_few_lists() {
    let part = json!({"id": 7, "type": "reply_user", "body": "Hello?"});
    for message in [json!("no part"), part] {
        let (mut scene, _) = Scene::live(3);
        let slow = Fault::delay(SECOND * 2).on::<Conversations>();
        let lists = scene.stage.sandbox.inject(slow.always());
        let reply = RealtimeChannel::ConversationReply(AppId::new(1000));
        for minute in 0..5 {
            let before = lists.used();
            for _ in 0..60 {
                scene.stage.sandbox.realtime().publish(&reply, &message);
                scene.events_for(SECOND);
            }
            let lists = lists.used() - before;
            assert!((4..=6).contains(&lists), "{lists} in minute {minute}");
        }
        assert!(!scene.follower.is_up_to_date());
        let events = scene.events_for(SECOND * 30);
        let last = events.last().expect("an event");
        assert!(matches!(last, (_, FollowEvent::UpToDate)), "{events:?}");
    }
}
