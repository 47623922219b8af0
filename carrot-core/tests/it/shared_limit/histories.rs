//! Any history of attempts, outages and cancellations.

use super::*;

/// What happens in a random history.
#[derive(Clone, Debug)]
struct Event {
    process: usize,
    at: u64,
    is_bulk: bool,
    patience: u64,
    before: u64,
    after: u64,
    ending: u8,
}

fn event() -> impl Strategy<Value = Event> {
    (
        0..3_usize,
        0..20_000_u64,
        any::<bool>(),
        0..12_000_u64,
        0..900_u64,
        0..900_u64,
        0..8_u8,
    )
        .prop_map(
            |(process, at, is_bulk, patience, before, after, ending)| Event {
                process,
                at,
                is_bulk,
                patience,
                before,
                after,
                ending,
            },
        )
}

async fn happen(fleet: Fleet, process: Rc<Limiter>, event: Event) {
    let clock = &fleet.clock;
    clock.sleep(Duration::from_millis(event.at)).await;
    let mut request = if event.is_bulk { bulk() } else { interactive() };
    request.lease = Some(3 * SECOND);
    let patience = Duration::from_millis(event.patience);
    let asked = clock.now();
    // Some are cancelled, without the limiter knowing when.
    let permit = if event.ending == 0 {
        clock.timeout(patience, process.acquire(&request)).await
    } else {
        request.patience = Some(patience);
        Some(process.acquire(&request).await)
    };
    let waited = clock.now() - asked;
    assert!(
        waited <= patience + 2 * MILLISECOND,
        "{waited:?} of {patience:?}"
    );
    let Some(Ok(permit)) = permit else {
        return;
    };
    if event.ending == 1 {
        return permit.complete(PermitOutcome::Unsent);
    }
    clock.sleep(Duration::from_millis(event.before)).await;
    fleet.received.borrow_mut().push(clock.now());
    clock.sleep(Duration::from_millis(event.after)).await;
    match event.ending {
        2 => drop(permit),
        3 => permit.complete(PermitOutcome::Unknown),
        // A process that is killed tells nothing.
        4 => std::mem::forget(permit),
        _ => permit.complete(PermitOutcome::Responded),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_history_keeps_limit_and_permits(
        events in prop::collection::vec(event(), 1..160),
        outages in prop::collection::vec((1..5_000_u64, 1..3_000_u64), 0..3),
    ) {
        let fleet = Fleet::new();
        let small = |store: &MemoryStore<VirtualClock>| {
            SharedRateLimiter::with_limit(store.clone(), fleet.clock.clone(), 12, WINDOW)
                .start(Start::Full)
        };
        let processes: Vec<_> = (0..3).map(|_| Rc::new(small(&fleet.store))).collect();
        let mut tasks: Vec<Task<'_, ()>> = Vec::new();
        for event in &events {
            let process = Rc::clone(&processes[event.process]);
            tasks.push(task(happen(fleet.clone(), process, event.clone())));
        }
        let has_outage = !outages.is_empty();
        let (clock, store) = (fleet.clock.clone(), fleet.store.clone());
        tasks.push(task(async move {
            for (up, away) in outages {
                clock.sleep(Duration::from_millis(up)).await;
                store.set_available(false);
                clock.sleep(Duration::from_millis(away)).await;
                store.set_available(true);
            }
        }));
        fleet.clock.run_all(tasks);
        fleet.received.borrow_mut().sort_unstable();
        // In an outage an idle process may use its part of the burst, which is the whole limit here.
        let most = most_in(&fleet.received.borrow(), WINDOW);
        prop_assert!(has_outage || most <= 12, "{most} of 12");
        // Nobody waits any more, and after lease and window all permits are free.
        fleet.clock.advance(3 * WINDOW);
        complete_all(take_all(&processes[0], &interactive()), PermitOutcome::Unsent);
        fleet.clock.advance(3 * SECOND);
        let free = take_all(&processes[0], &interactive());
        prop_assert_eq!(free.len(), 12);
    }
}
