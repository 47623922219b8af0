//! Restarts, outages, and what cannot get better.

use super::*;

#[test]
fn outage_of_five_seconds_fails_no_call() {
    for seed in 0..50 {
        for status in [None, Some(0), Some(502), Some(503), Some(504)] {
            let clock = VirtualClock::manual();
            let service = clock.clone();
            let transport = RespondWith::new(move |_| match status {
                _ if service.now() >= 5 * SECOND => {
                    ok(r#"{"meta":{"status":200},"data":{"id":7}}"#)
                }
                None => CannedResponse::failure(TransportErrorKind::Connect, Sent::Never),
                // It accepts connections and closes them.
                Some(0) => CannedResponse::failure(TransportErrorKind::Reset, Sent::Maybe),
                Some(status) => respond(status, ""),
            });
            let builder = over(transport, &clock)
                .retry(ExponentialBackoff::new().seed(seed))
                .rate_limiter(NoRateLimit::new());
            let client = watched(builder);
            // All clones share the budget, which must not run out.
            let tasks = (0..30).map(|_| {
                let client = client.clone();
                task(async move {
                    client.call(close()).await.expect("idempotent");
                    if status.is_none() {
                        client.call(reply()).await.expect("never sent");
                    }
                })
            });
            clock.run_all(tasks);
            assert!(clock.now() < 30 * SECOND);
        }
    }
}

/// What failed in one way leaves the attempts for another: a restart shows several in turn.
#[test]
fn mixed_failures_end_no_call_early() {
    let unreachable = |bench: Bench| bench.no_connection();
    let slow = |bench: Bench| bench.lost();
    let busy = |bench: Bench| bench.status(429, &[]);
    type Fails = fn(Bench) -> Bench;
    let fails: [(Fails, usize); 3] = [(unreachable, 5), (slow, 2), (busy, 2)];
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]] {
        let mut bench = Bench::new();
        for (fail, times) in order.map(|index| fails[index]) {
            for _ in 0..times {
                bench = fail(bench);
            }
        }
        let bench = bench.succeeds();
        let patient = CallOptions::new().call_timeout(60 * SECOND);
        bench
            .call_with(patient, close())
            .expect("the tenth attempt");
        bench.assert_seen(10);
    }
    // One more of a kind is the end.
    let bench = Bench::new().lost().no_connection().lost().lost();
    let error = bench.call(close()).expect_err("three of a kind");
    assert_eq!(error.attempts(), 4);
}

#[test]
fn permanent_errors_are_not_retried() {
    for kind in [
        TransportErrorKind::Tls,
        TransportErrorKind::Protocol,
        TransportErrorKind::Rejected,
    ] {
        let mut bench = Bench::new();
        for _ in 0..20 {
            bench = bench.fails(kind, Sent::Never);
            let error = bench.call(close()).expect_err("final");
            assert_eq!(error.attempts(), 1);
        }
        // The budget is unused.
        for _ in 0..10 {
            bench = bench.not_sent().succeeds();
            bench.call(close()).expect("the second attempt succeeds");
        }
    }
}

#[test]
fn jobs_wait_hours_for_retry_after() {
    let bench = Bench::new()
        .status(429, &[("retry-after", "7200")])
        .succeeds();
    let mut closing = bench
        .client
        .call_all([ID], |id| conversations::Close::new(*id));
    let report = bench.run(closing.run(|_| std::ops::ControlFlow::Continue(())));
    assert_eq!(
        (report.succeeded.len(), bench.clock.now()),
        (1, 7_200 * SECOND)
    );
    bench.assert_seen(2);
}

#[test]
fn report_truncates_error_bodies() {
    let bench = Bench::new();
    let page = vec![b'x'; 64 * 1024];
    bench.transport.respond(respond(400, page));
    let ids = [ID];
    let mut closing = bench
        .client
        .call_all(ids, |id| conversations::Close::new(*id));
    let report = bench.run(closing.run(|_| std::ops::ControlFlow::Continue(())));
    let (_, error) = report.failed.first().expect("an error");
    assert_eq!(error.body().map(Bytes::len), Some(4 * 1024));
}
