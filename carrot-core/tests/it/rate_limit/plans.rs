//! Any order of arrivals, lengths and cancellations.

use super::*;

/// A request of the property below, in milliseconds.
#[derive(Clone, Debug)]
struct Plan {
    comes: u64,
    /// The latency of the request and of its response.
    travels: (u64, u64),
    /// The request is dropped after this time.
    patience: Option<u64>,
    /// The service returns a 429 with this `Retry-After`.
    rejected: Option<Option<u64>>,
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let patience = prop::option::weighted(0.3, 0..4_000_u64);
    let rejected = prop::option::weighted(0.1, prop::option::of(0..3_000_u64));
    let plan = (0..5_000_u64, (0..1_500_u64, 0..500_u64), patience, rejected);
    let plan = plan.prop_map(|(comes, travels, patience, rejected)| Plan {
        comes,
        travels,
        patience,
        rejected,
    });
    prop::collection::vec(plan, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// For any arrivals, latencies, failures and cancelled requests.
    #[test]
    fn limit_holds_and_no_permit_is_lost(plans in plans(), limit in 1_u32..9) {
        let window = Duration::from_millis(1_000);
        let clock = VirtualClock::manual();
        let rate_limit = LocalRateLimiter::with_limit(clock.clone(), limit, window)
            .start(Start::Full)
            .reserve(0);
        let arrived = RefCell::new(Vec::new());
        let turns = RefCell::new(Vec::new());
        let plan = async |plan: &Plan| {
            clock.sleep(Duration::from_millis(plan.comes)).await;
            let request = async {
                let request = AcquireRequest::new("test");
                let permit = rate_limit.acquire(&request).await.expect("a permit");
                turns.borrow_mut().push((clock.now(), plan.comes));
                clock.sleep(Duration::from_millis(plan.travels.0)).await;
                arrived.borrow_mut().push(clock.now());
                clock.sleep(Duration::from_millis(plan.travels.1)).await;
                permit.complete(match plan.rejected {
                    None => PermitOutcome::Responded,
                    Some(retry_after) => PermitOutcome::Throttled {
                        retry_after: retry_after.map(Duration::from_millis),
                    },
                });
            };
            match plan.patience {
                None => {
                    request.await;
                    Some(())
                }
                Some(patience) => {
                    clock.timeout(Duration::from_millis(patience), request).await
                }
            }
        };
        let tasks: Vec<Task<'_, _>> =
            plans.iter().map(|one| task(plan(one))).collect();
        let ends = clock.run_all(tasks);

        prop_assert!(most_in(&arrived.borrow(), window) <= limit as usize);
        for (end, plan) in ends.iter().zip(&plans) {
            prop_assert!(end.is_some() || plan.patience.is_some());
        }
        // Permits granted at the same moment may be taken in any order.
        let mut turns = turns.take();
        turns.sort_unstable();
        let in_order = turns.is_sorted_by_key(|(_, comes)| *comes);
        prop_assert!(in_order, "first come, first served: {:?}", turns);

        // The limit recovers after the longest pause and one probe.
        clock.advance(2 * MINUTE);
        let request = AcquireRequest::new("probe");
        let probe = clock.run(rate_limit.acquire(&request)).expect("a permit");
        probe.complete(PermitOutcome::Responded);
        clock.advance(MINUTE);
        let status = rate_limit.status().expect("a status");
        prop_assert_eq!((status.limit, status.used, status.waiting), (limit, 0, 0));
    }
}
