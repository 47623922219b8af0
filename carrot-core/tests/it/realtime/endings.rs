//! How listening ends, and what is reported.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use carrot_core::{
    AuthToken, Client,
    client::RealtimeChange,
    realtime::{Event, Position},
};
use carrot_testing::{
    CannedResponse, RecordingTransport, VirtualClock, sandbox::RealtimeFault, stub::RespondWith,
};

use super::{Reports, SECOND, Stage, channels, number};

#[test]
fn a_rejected_token_ends_it() {
    let stage = Stage::new();
    let reports = Arc::new(Reports::default());
    let token = AuthToken::new("app.1.wrong").unwrap();
    let client = Client::builder(stage.sandbox.clone(), stage.clock.clone(), token)
        .observer(Arc::clone(&reports))
        .build()
        .unwrap();
    let mut live = client.listen(channels()).unwrap().start();
    let error = stage.clock.run(live.next()).unwrap_err();
    assert_eq!(error.status(), Some(401));
    let text = format!("{error} {error:?} {live:?}");
    assert!(text.contains("check the token"), "{text}");
    assert!(!text.contains("wrong"), "{text}");
    assert!(stage.clock.run(live.next()).unwrap().is_none());
    assert_eq!(stage.sandbox.requests(), 1);
    let reports = reports.0.lock().unwrap();
    let changes: Vec<_> = reports.iter().map(|report| report.change).collect();
    assert_eq!(
        changes,
        [RealtimeChange::Connected, RealtimeChange::Rejected]
    );
    assert_eq!(reports[1].status, Some(401));
}

#[test]
fn an_error_in_place_of_messages_ends_it() {
    for fault in [
        RealtimeFault::ErrorMessage(403),
        RealtimeFault::Rejected(403),
    ] {
        let stage = Stage::new();
        let mut live = stage.client().listen(channels()).unwrap().start();
        stage.catch_up(&mut live);
        stage.sandbox.realtime().inject(fault);
        let error = stage.clock.run(async {
            loop {
                if let Err(error) = live.next().await {
                    return error;
                }
            }
        });
        assert_eq!(error.status(), Some(403));
        assert!(stage.clock.run(live.next()).unwrap().is_none());
    }
}

#[test]
fn an_hour_of_failures_is_no_storm() {
    let stage = Stage::new();
    let mut live = stage.client().listen(channels()).unwrap().start();
    for _ in 0..10_000 {
        stage
            .sandbox
            .realtime()
            .inject(RealtimeFault::Rejected(503));
    }
    let events = stage.events_for(&mut live, SECOND * 3600);
    assert!(events.iter().all(|event| matches!(event, Event::Down(_))));
    assert!((60..180).contains(&events.len()), "{}", events.len());
}

/// As from a cache, or a service that does not wait.
#[test]
fn responses_without_anything_new_are_no_storm() {
    let position = Position::new(1_700_000_000, 3);
    let message = format!(
        r#"{{"id":1,"channel":"a.1000","tag":"3","time":"{}","message":1}}"#,
        position.http_date()
    );
    // By how many seconds the position moves on each time; without headers where it is `None`.
    for (status, body, step) in [
        (304, "", Some(0)),
        (304, "", Some(1)),
        (200, &*message, Some(0)),
        (200, &*message, None),
        (200, "<html></html>", Some(0)),
    ] {
        let (body, shown) = (body.to_owned(), format!("{status} {body} {step:?}"));
        let clock = VirtualClock::manual();
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        let transport = RespondWith::new(move |_| {
            let count = counted.fetch_add(1, Ordering::Relaxed);
            assert!(count < 10_000, "a storm");
            let mut response = http::Response::builder().status(status);
            if let Some(step) = step {
                let second = position.seconds() + step * count as u64;
                let date = Position::new(second, 0).http_date();
                response = response.header("last-modified", date).header("etag", "W/3");
            }
            CannedResponse::response(response.body(body.clone().into()).unwrap())
        });
        let token = AuthToken::new("app.1.t").unwrap();
        let client = Client::builder(transport, clock.clone(), token);
        let mut live = client.build().unwrap().listen(channels()).unwrap().start();
        let hour = async {
            loop {
                live.next().await.unwrap().unwrap();
            }
        };
        assert!(clock.run(clock.timeout(SECOND * 3600, hour)).is_none());
        let polls = polls.load(Ordering::Relaxed);
        assert!((1000..1300).contains(&polls), "{shown}: {polls}");
    }
}

/// Where something in between drops the headers of a 304.
#[test]
fn poll_without_new_position_keeps_the_old_one() {
    let stored = http::Response::builder()
        .header("last-modified", "Tue, 14 Nov 2023 22:13:20 GMT")
        .header("etag", "W/3")
        .body(r#"{"id":1,"channel":"a.1000","message":1}"#.into())
        .unwrap();
    let bare = http::Response::builder().status(304).body("".into());
    let transport = RecordingTransport::responding([
        CannedResponse::response(stored),
        CannedResponse::response(bare.unwrap()),
    ]);
    let transport = transport.with_default(CannedResponse::never());
    let clock = VirtualClock::manual();
    let token = AuthToken::new("app.1.t").unwrap();
    let client = Client::builder(transport.clone(), clock.clone(), token);
    let mut live = client.build().unwrap().listen(channels()).unwrap().start();
    clock.run(live.next()).unwrap().unwrap();
    let caught_up = clock.run(live.next()).unwrap();
    assert!(matches!(caught_up, Some(Event::CaughtUp)), "{caught_up:?}");
    let rest = clock.run(clock.timeout(SECOND * 10, live.next()));
    assert!(rest.is_none(), "{rest:?}");
    let requests = transport.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[1].uri(), requests[2].uri());
}

#[test]
fn closing_ends_it() {
    let stage = Stage::new();
    let [a, ..] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    stage.publish(&a, [1, 2]);
    assert_eq!(number(&stage.next(&mut live)), Some(1));
    let checkpoint = stage.clock.run(live.close());
    assert!(stage.clock.run(live.next()).unwrap().is_none());
    assert_eq!(stage.sandbox.realtime().listeners(), 0);
    let listen = stage.client().listen(channels()).unwrap();
    let mut again = listen.resume(checkpoint).start();
    let event = stage.skip_to(&mut again, |event| number(event).is_some());
    assert_eq!(number(&event), Some(2));
}

#[test]
fn the_observer_gets_the_numbers() {
    let stage = Stage::new();
    let reports = Arc::new(Reports::default());
    let client = stage
        .builder()
        .observer(Arc::clone(&reports))
        .build()
        .unwrap();
    let [a, ..] = channels();
    let mut live = client.listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    // The next poll is under way.
    stage.events_for(&mut live, SECOND);
    stage
        .sandbox
        .realtime()
        .inject(RealtimeFault::DeliveredTwice);
    stage.publish(&a, 0..10);
    stage.events_for(&mut live, SECOND * 11);
    stage.sandbox.realtime().inject(RealtimeFault::CutAfter(0));
    stage.events_for(&mut live, SECOND * 30);
    stage.clock.run(live.close());
    let reports = reports.0.lock().unwrap();
    let changes: Vec<_> = reports.iter().map(|report| report.change).collect();
    use RealtimeChange::{CaughtUp, Closed, Connected, Down};
    assert_eq!(
        changes,
        [Connected, CaughtUp, Down, Connected, CaughtUp, Closed]
    );
    let last = reports.last().unwrap();
    assert_eq!(
        (last.messages, last.duplicates, last.connections),
        (10, 1, 2)
    );
    assert_eq!((last.gaps, last.holes, last.unreadable), (0, 0, 0));
    assert_eq!(reports[2].failures, 1);
}

#[test]
fn lost_and_repaired_messages_are_counted() {
    let stage = Stage::new();
    let reports = Arc::new(Reports::default());
    let client = stage.builder().observer(Arc::clone(&reports));
    let [a, ..] = channels();
    let mut live = client.build().unwrap().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    stage.publish(&a, 0..10);
    stage.events_for(&mut live, SECOND);
    // One that a second request brings, and one that is gone.
    stage.sandbox.realtime().inject(RealtimeFault::LostMessage);
    stage.publish(&a, 10..12);
    stage.events_for(&mut live, SECOND * 120);
    stage.sandbox.realtime().inject(RealtimeFault::LostMessage);
    stage.publish(&a, [12]);
    stage.sandbox.realtime().forget_messages();
    stage.publish(&a, [13]);
    stage.events_for(&mut live, SECOND * 120);
    stage.clock.run(live.close());
    let reports = reports.0.lock().unwrap();
    let last = reports.last().unwrap();
    assert_eq!((last.holes, last.repaired, last.gaps), (2, 1, 1));
    assert_eq!((last.rewinds, last.late, last.messages), (2, 1, 13));
    let changes: Vec<_> = reports.iter().map(|report| report.change).collect();
    let gaps = changes
        .iter()
        .filter(|change| **change == RealtimeChange::Gap);
    assert_eq!(gaps.count(), 1);
    assert!(last.lag.is_some());
}

#[cfg(feature = "stream")]
#[test]
fn the_listener_is_a_stream() {
    use std::{future::poll_fn, pin::Pin};

    use futures_core::Stream;

    let stage = Stage::new();
    let [a, ..] = channels();
    let mut live = stage.client().listen(channels()).unwrap().start();
    stage.catch_up(&mut live);
    stage.publish(&a, [7]);
    let mut next = || {
        stage
            .clock
            .run(poll_fn(|context| Pin::new(&mut live).poll_next(context)))
    };
    assert_eq!(number(&next().unwrap().unwrap()), Some(7));
}

#[test]
fn the_default_clock_of_the_sandbox_will_do() {
    let sandbox = carrot_testing::Sandbox::new();
    let clock = VirtualClock::manual();
    let token = AuthToken::new(sandbox.token()).unwrap();
    let client = Client::builder(sandbox.clone(), clock.clone(), token)
        .build()
        .unwrap();
    drop(client);
    let client = sandbox.client();
    let mut live = client.listen(channels()).unwrap().start();
    sandbox.realtime().inject(RealtimeFault::Rejected(403));
    // Without a wait: the clock of its clients is its own.
    let error = clock.run(live.next()).unwrap_err();
    assert_eq!(error.status(), Some(403));
}
