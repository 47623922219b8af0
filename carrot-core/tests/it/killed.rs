//! A process that is killed and restarted: what it stored is enough to resume without a loss or a
//! duplicate. A kill drops the work at a random wait.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    future::Future,
    ops::ControlFlow,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use carrot_core::{
    Clock as _, HttpTransport as _, NoRateLimit,
    conversations::{Parts, Reply},
    endpoint::Paging,
    transport::{Sent, TransportErrorKind},
    types::{ConversationId, Cursor},
};
use carrot_testing::{
    CannedResponse, VirtualClock,
    stub::{Latency, RespondWith, SendWith},
};
use serde_json::json;

use crate::support::{
    ID, SECOND, Watched,
    canary::TEXT,
    ok, over,
    simulation::{MINUTE, Permits},
    watched,
};

/// Runs the future for this many polls at most. Returns false if it was killed before its end.
fn survives(clock: &VirtualClock, polls: usize, future: impl Future<Output = ()>) -> bool {
    let mut future = pin!(future);
    (0..polls).any(|_| clock.step(future.as_mut()).is_ready())
}

const RECORDS: u64 = 3_000;

/// A conversation with parts of these ids, the greatest first, 50 a page. Every fifth request is lost.
fn listing(clock: &VirtualClock) -> Watched {
    let requests = Mutex::new(0);
    let respond = RespondWith::new(move |call| {
        let mut number = requests.lock().expect("no panic");
        *number += 1;
        if *number % 5 == 0 {
            return CannedResponse::failure(TransportErrorKind::Reset, Sent::Maybe);
        }
        let before = call.param("paginate_position").map_or(RECORDS, |position| {
            position.trim_matches(['[', ']']).parse().expect("a cursor")
        });
        let last = before.saturating_sub(50);
        let parts: Vec<_> = (last..before)
            .rev()
            .map(|id| json!({"id": id + 1}))
            .collect();
        let next = (last > 0).then(|| json!([last]));
        let meta = json!({"status": 200, "next_before_position": next});
        ok(json!({"meta": meta, "data": parts}).to_string())
    });
    let transport = Latency::new(respond, clock, |_| (SECOND, SECOND));
    watched(over(transport, clock).rate_limiter(NoRateLimit::new()))
}

/// What survives a kill. Each write takes a moment, in which a kill may come too.
#[derive(Default)]
struct Store {
    records: RefCell<BTreeMap<u64, u32>>,
    cursor: RefCell<Option<String>>,
    is_done: Cell<bool>,
}

impl Store {
    async fn records(&self, clock: &VirtualClock, ids: impl IntoIterator<Item = u64>) {
        clock.sleep(Duration::from_millis(1)).await;
        for id in ids {
            *self.records.borrow_mut().entry(id).or_default() += 1;
        }
        clock.sleep(Duration::from_millis(1)).await;
    }

    async fn cursor(&self, clock: &VirtualClock, cursor: Option<&Cursor>) {
        clock.sleep(Duration::from_millis(1)).await;
        let json = cursor.map(|cursor| serde_json::to_string(cursor).expect("JSON"));
        *self.cursor.borrow_mut() = json;
        clock.sleep(Duration::from_millis(1)).await;
    }

    fn paging(&self) -> Paging {
        match &*self.cursor.borrow() {
            Some(json) => Paging::new().starting_at(serde_json::from_str(json).expect("a cursor")),
            None => Paging::new(),
        }
    }
}

async fn export_pages(clock: &VirtualClock, store: &Store) {
    let client = listing(clock);
    let mut pages = client.pages(Parts::new(ID).page(store.paging()));
    while let Some(page) = pages.next().await.expect("a page") {
        let ids = page.items.iter().map(|part| part.id.get());
        store.records(clock, ids).await;
        if !pages.is_finished() {
            store.cursor(clock, pages.cursor()).await;
        }
    }
    store.is_done.set(true);
}

async fn export_items(clock: &VirtualClock, store: &Store) {
    let client = listing(clock);
    let mut items = client.items(Parts::new(ID).page(store.paging()));
    while let Some(part) = items.next().await.expect("a part") {
        // Safe before the record is stored: all before its page are.
        store.cursor(clock, items.page_cursor()).await;
        store.records(clock, [part.id.get()]).await;
    }
    store.is_done.set(true);
}

#[test]
fn killed_export_misses_no_record() {
    for seed in 0..4 {
        for by_items in [false, true] {
            let mut random = fastrand::Rng::with_seed(seed);
            let store = Store::default();
            let mut kills = 0;
            while !store.is_done.get() {
                let clock = VirtualClock::manual();
                // Longer lives at last, or an export of single records would never end.
                let polls = match (by_items, kills < 30) {
                    (false, true) => random.usize(1..14),
                    (true, true) => random.usize(1..300),
                    (_, false) => usize::MAX,
                };
                let ended = match by_items {
                    false => survives(&clock, polls, export_pages(&clock, &store)),
                    true => survives(&clock, polls, export_items(&clock, &store)),
                };
                kills += usize::from(!ended);
            }
            assert!(kills >= 30, "seed {seed}: {kills} kills");
            let records = store.records.take();
            assert!(records.keys().copied().eq(1..=RECORDS), "seed {seed}");
            // At most the page in hand is repeated with each kill.
            let repeated: usize = records.values().map(|count| *count as usize - 1).sum();
            assert!(repeated <= kills * 50, "{repeated} after {kills} kills");
        }
    }
}

/// The applied and the received requests of the service, by conversation.
#[derive(Default)]
struct Served {
    applied: BTreeMap<u64, u32>,
    requested: BTreeSet<u64>,
}

/// A service for replies with a latency of a second each way and a limit of seven requests in a minute,
/// which sends some 429s and loses some responses.
fn replies(clock: &VirtualClock, served: &Arc<Mutex<Served>>, seed: u64) -> Watched {
    let state = Arc::clone(served);
    let random = Mutex::new(fastrand::Rng::with_seed(seed));
    let respond = RespondWith::new(move |call| {
        let id = call.path_id().expect("an id").parse().expect("an id");
        match random.lock().expect("no panic").u8(0..10) {
            0 => return CannedResponse::bytes(http::StatusCode::TOO_MANY_REQUESTS, ""),
            1 => return CannedResponse::failure(TransportErrorKind::Connect, Sent::Never),
            _ => {}
        }
        let mut state = state.lock().expect("no panic");
        *state.applied.entry(id).or_default() += 1;
        match random.lock().expect("no panic").u8(0..10) {
            0 => CannedResponse::failure(TransportErrorKind::Reset, Sent::Maybe),
            _ => CannedResponse::data(json!({"id": 7})),
        }
    });
    let slow = Latency::new(respond, clock, |_| (SECOND, SECOND));
    let served = Arc::clone(served);
    // Notes each request as it is handed over.
    let noting = SendWith::new(move |request| {
        let (served, slow) = (Arc::clone(&served), slow.clone());
        async move {
            let id = request.uri().path().split('/').nth(3);
            let id = id.expect("an id").parse().expect("an id");
            served.lock().expect("no panic").requested.insert(id);
            slow.send(request).await
        }
    });
    watched(over(noting, clock).rate_limiter(Permits::new(clock.clone(), 7, MINUTE)))
}

/// The log of the recipe in the docs of `CallAll`.
#[derive(Default)]
struct Log {
    started: RefCell<BTreeSet<u64>>,
    ended: RefCell<BTreeSet<u64>>,
}

impl Log {
    /// The items that were certainly not sent.
    fn todo(&self) -> Vec<ConversationId> {
        let started = self.started.borrow();
        let ids = (1..=250).filter(|id| !started.contains(id));
        ids.map(ConversationId::new).collect()
    }

    /// The items that may have been applied.
    fn in_doubt(&self) -> Vec<u64> {
        let (started, ended) = (self.started.borrow(), self.ended.borrow());
        started.difference(&ended).copied().collect()
    }
}

async fn send_all(client: &Watched, log: &Log) {
    let mut replies = client
        .call_all(log.todo(), |id| Reply::new(*id, TEXT))
        .on_start(|id| {
            log.started.borrow_mut().insert(id.get());
            ControlFlow::Continue(())
        });
    while let Some(reply) = replies.next().await {
        match reply.result {
            Ok(_) => drop(log.ended.borrow_mut().insert(reply.item.get())),
            Err(error) if error.may_have_been_applied() => {}
            // Certainly not applied: it is sent again later.
            Err(_) => drop(log.started.borrow_mut().remove(&reply.item.get())),
        }
    }
}

#[test]
fn killed_job_writes_every_reply_once() {
    for seed in 0..8 {
        let mut random = fastrand::Rng::with_seed(seed);
        let served = Arc::<Mutex<Served>>::default();
        let log = Log::default();
        let mut kills = 0;
        while log.ended.borrow().len() < 250 {
            let clock = VirtualClock::manual();
            let client = replies(&clock, &served, random.u64(..));
            let polls = random.usize(1..if kills < 30 { 9 } else { 100_000 });
            kills += usize::from(!survives(&clock, polls, send_all(&client, &log)));
            // The restart reconciles what may have been applied.
            let served = served.lock().expect("no panic");
            assert!(
                log.in_doubt()
                    .iter()
                    .all(|id| served.requested.contains(id))
            );
            for id in log.in_doubt() {
                match served.applied.get(&id) {
                    Some(_) => drop(log.ended.borrow_mut().insert(id)),
                    None => drop(log.started.borrow_mut().remove(&id)),
                }
            }
        }
        assert!(kills >= 30, "seed {seed}: {kills} kills");
        let served = served.lock().expect("no panic");
        let once = (1..=250).map(|id| (id, 1)).collect::<BTreeMap<_, _>>();
        assert_eq!(served.applied, once, "seed {seed}");
    }
}

/// Eight calls at a time under a limit of seven: the log contains only those that were sent.
#[test]
fn item_waiting_for_permit_has_not_started() {
    for polls in 0..60 {
        let clock = VirtualClock::manual();
        let served = Arc::<Mutex<Served>>::default();
        let client = replies(&clock, &served, 3);
        let log = Log::default();
        let ended = survives(&clock, polls, send_all(&client, &log));
        assert!(!ended);
        let served = served.lock().expect("no panic");
        // A call that ended without effect was taken out of the log again.
        let started = log.started.borrow();
        assert!(started.is_subset(&served.requested), "after {polls} polls");
        assert!(
            served.applied.keys().all(|id| started.contains(id)),
            "after {polls} polls"
        );
    }
}

#[test]
fn start_that_cannot_be_logged_sends_nothing() {
    for fails_at in 1..12 {
        let clock = VirtualClock::manual();
        let respond = RespondWith::new(|_| CannedResponse::data(json!({"id": 7})));
        let transport = Latency::new(respond, &clock, |_| (SECOND, SECOND));
        let requests = transport.clone();
        let client =
            watched(over(transport, &clock).rate_limiter(Permits::new(clock.clone(), 60, MINUTE)));
        let mut logged = 0;
        let mut calls = client
            .call_all(1..=20, |id| Reply::new(ConversationId::new(*id), TEXT))
            .concurrency(4)
            .on_start(|_| {
                logged += 1;
                match logged == fails_at {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
        let report = clock.run(calls.run(|_| ControlFlow::Continue(())));
        let sent = report.succeeded.len();
        assert_eq!(sent, fails_at - 1);
        assert!(report.failed.is_empty() && report.cancelled.is_empty());
        assert_eq!(calls.progress().started, sent);
        assert!(report.unsent.len() <= 4 && !report.unsent.is_empty());
        let mut rest: Vec<u64> = report.into_rest().collect();
        rest.sort_unstable();
        assert!(rest.into_iter().eq(fails_at as u64..=20));
        // The permit of the call that was not made is free again.
        let status = client.rate_limit().expect("it can tell");
        assert_eq!((status.used as usize, requests.in_flight()), (sent, 0));
        drop(calls);
        assert_eq!(logged, fails_at);
    }
}
