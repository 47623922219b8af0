//! Dropping a call, a listing or many calls at every point where they wait: nothing leaks, and nothing is
//! applied twice.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    ops::ControlFlow,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use carrot_core::{
    ErrorKind, ExponentialBackoff, HttpTransport, Sent, TransportError, apps,
    client::CallOptions,
    conversations,
    transport::TransportErrorKind,
    types::{ConversationId, RandomId},
};
use carrot_testing::{VirtualClock, stub::SendWith};

use crate::support::{
    ID, TOKEN, Watched,
    canary::{E_MAIL, TEXT, assert_error_hides_all},
    over,
    simulation::{MINUTE, Permits, Service, Task, task},
    throttled, watched,
};

/// What the service saw.
#[derive(Clone, Default)]
struct Seen {
    requests: Arc<AtomicUsize>,
    smooth: Arc<AtomicBool>,
    /// The number of requests of each path.
    paths: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// Returns `Pending` once.
async fn yield_once() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Of every four requests, loses the response of the first and rejects the second with a 429. Responses
/// take time.
fn bumpy(service: Service, seen: Seen) -> SendWith {
    SendWith::new(move |request| {
        let (service, seen) = (service.clone(), seen.clone());
        async move {
            let path = request.uri().to_string();
            *(seen.paths.lock().expect("no panic held it").entry(path)).or_default() += 1;
            let number = seen.requests.fetch_add(1, Ordering::Relaxed);
            yield_once().await;
            let response = service.send(request).await;
            yield_once().await;
            match number % 4 {
                _ if seen.smooth.load(Ordering::Relaxed) => response,
                0 => {
                    let lost = TransportError::new(TransportErrorKind::Reset, Sent::Maybe);
                    Err(lost.with_source(format!("no response to `Token {TOKEN}`")))
                }
                1 => Ok(throttled(format!("{TOKEN} {E_MAIL}"), Some("2"))),
                _ => response,
            }
        }
    })
}

/// A client that waits in every way: for the rate limit, for responses, in pauses.
struct World {
    clock: VirtualClock,
    rate_limit: Arc<Permits<VirtualClock>>,
    service: Service,
    seen: Seen,
    client: Watched,
}

impl World {
    fn new() -> Self {
        let clock = VirtualClock::manual();
        let rate_limit = Arc::new(Permits::new(clock.clone(), 2, MINUTE));
        let service = Service::with_latency(&clock, usize::MAX, 147, |_| {
            (Duration::from_secs(1), Duration::from_secs(1))
        });
        let seen = Seen::default();
        let builder = over(bumpy(service.clone(), seen.clone()), &clock)
            .rate_limiter(Arc::clone(&rate_limit))
            .retry(ExponentialBackoff::new().without_jitter())
            .options(CallOptions::new().call_timeout(10 * MINUTE));
        let client = watched(builder);
        Self {
            clock,
            rate_limit,
            service,
            seen,
            client,
        }
    }

    /// Polls `times` times and advances the clock to the next sleep in between. Returns true if the task
    /// is done.
    fn poll_times<T>(&self, task: &mut Task<'_, T>, times: usize) -> bool {
        for _ in 0..times {
            if self.clock.step(pin!(&mut *task)).is_ready() {
                return true;
            }
        }
        false
    }

    /// Checks that nothing leaked and the client still works.
    fn assert_clean(&self, what: &str) {
        let in_flight = self.service.in_flight();
        assert_eq!(in_flight, 0, "{what}: a request is left");
        let sleeps = self.clock.waiting();
        assert_eq!(sleeps, [], "{what}: a sleep is left");
        self.seen.smooth.store(true, Ordering::Relaxed);
        let call = self
            .client
            .call(conversations::Close::new(ConversationId::new(7)));
        self.clock.run(call).expect("the next call works");
        // Each 429 lowers the limit, which recovers with time.
        self.clock.advance(20 * MINUTE);
        assert_eq!(self.rate_limit.count(), 2, "{what}: a permit is lost");
    }
}

/// Drops the work after every number of polls. Returns the number of points.
fn drop_at_every_point(start: impl Fn(Watched) -> Task<'static, ()>) -> usize {
    for times in 0.. {
        let world = World::new();
        let mut work = start(world.client.clone());
        let ended = world.poll_times(&mut work, times);
        drop(work);
        world.assert_clean(&format!("dropped after {times} polls"));
        if ended {
            return times;
        }
    }
    unreachable!("the work ends")
}

#[test]
fn call_can_be_dropped_anywhere() {
    let points = drop_at_every_point(|client| {
        task(async move {
            let call = client.call(conversations::Close::new(ID));
            call.await.expect("the third attempt succeeds");
        })
    });
    assert!(points > 12, "{points} points");
}

#[test]
fn concurrent_calls_can_be_dropped_anywhere() {
    let points = drop_at_every_point(|client| {
        task(async move {
            let mut calls: Vec<_> = (1..5)
                .map(|id| Box::pin(client.call(conversations::Close::new(ConversationId::new(id)))))
                .collect();
            poll_fn(|context| {
                calls.retain_mut(|call| call.as_mut().poll(context).is_pending());
                match calls.is_empty() {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            })
            .await;
        })
    });
    assert!(points > 20, "{points} points");
}

#[test]
fn pages_can_be_dropped_anywhere() {
    let points = drop_at_every_point(|client| {
        task(async move {
            let mut pages = client.pages(apps::Leads::new());
            while pages.next().await.expect("a page").is_some() {}
            assert!(pages.is_finished());
        })
    });
    assert!(points > 25, "{points} points");
}

#[test]
fn items_can_be_dropped_anywhere() {
    let points = drop_at_every_point(|client| {
        task(async move {
            let mut leads = client.items(apps::Leads::new());
            while leads.next().await.expect("a lead").is_some() {}
        })
    });
    assert!(points > 25, "{points} points");
}

#[test]
fn reconciliation_can_be_dropped_anywhere() {
    let points = drop_at_every_point(|client| {
        task(async move {
            let number = RandomId::new(77).expect("a sound number");
            let reply = conversations::Reply::new(ID, TEXT).random_id(number);
            // The service has no parts: the response to the third attempt cannot be decoded.
            let status = client.reconcile_reply(&reply, 0).await;
            let error = status.expect_err("no list");
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unreadable, 3));
        })
    });
    assert!(points > 12, "{points} points");
}

#[test]
fn many_calls_can_be_dropped_anywhere() {
    let points = drop_at_every_point(|client| {
        task(async move {
            let items = (1..8).map(ConversationId::new);
            let mut calls = client
                .call_all(items, |id| conversations::Close::new(*id))
                .concurrency(3);
            let report = calls.run(|_| ControlFlow::Continue(())).await;
            let errors = report.failed.iter().map(|(_, error)| error);
            errors.for_each(assert_error_hides_all);
            assert_eq!(report.succeeded.len() + report.failed.len(), 7);
        })
    });
    assert!(points > 40, "{points} points");
}

#[test]
fn listing_survives_dropping_every_next() {
    let world = World::new();
    let mut leads = world.client.items(apps::Leads::new());
    let mut ids = Vec::new();
    loop {
        match world.clock.step(pin!(leads.next())) {
            Poll::Ready(Ok(Some(lead))) => ids.push(lead.id.get()),
            Poll::Ready(Ok(None)) => break,
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => {}
        }
    }
    assert!(ids.iter().copied().eq(1..=147));
    // Three pages, the last one not full, of which the first and the third took three requests; and once more in five.
    assert_eq!(world.seen.requests.load(Ordering::Relaxed), 12);
    drop(leads);
    world.assert_clean("read to its end");
}

#[test]
fn no_message_is_repeated_by_dropping_next() {
    let world = World::new();
    let items = (1..13).map(ConversationId::new);
    let reply = |id: &ConversationId| conversations::Reply::new(*id, TEXT);
    let mut replies = world.client.call_all(items, reply).concurrency(3);
    let mut results = BTreeMap::new();
    loop {
        match world.clock.step(pin!(replies.next())) {
            Poll::Ready(Some(outcome)) => {
                let before = results.insert(outcome.item, outcome.result);
                assert!(before.is_none(), "{} ended twice", outcome.item);
            }
            Poll::Ready(None) => break,
            Poll::Pending => {}
        }
    }
    assert_eq!(results.len(), 12);
    let paths = world.seen.paths.lock().expect("no panic held it");
    assert_eq!(paths.len(), 12);
    let mut lost = 0;
    for (id, result) in &results {
        let path = |path: &str| path.contains(&format!("/{id}/"));
        let seen = paths.iter().find(|(uri, _)| path(uri));
        let (_, seen) = seen.expect("it was sent");
        let Err(error) = result else { continue };
        assert_error_hides_all(error);
        // The response was lost, which the error tells, and the reply was not sent again.
        assert!(error.may_have_been_applied(), "{error}");
        assert_eq!(error.attempts() as usize, *seen);
        lost += 1;
    }
    // Of the requests of 12 replies every fourth lost its response, and every fourth was rejected.
    assert!((3..=6).contains(&lost), "{lost}");
    // One request for each reply, and one more for each 429.
    let requests = world.seen.requests.load(Ordering::Relaxed);
    assert_eq!(requests, 12 + (requests + 2) / 4);
    drop((paths, replies));
    world.assert_clean("sent");
}
