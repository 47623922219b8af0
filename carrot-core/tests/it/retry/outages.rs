//! Restarts, outages, and what cannot get better.

use super::*;

#[test]
fn outage_of_five_seconds_fails_no_call() {
    let faults = [
        (Sent::Never, Err(TransportErrorKind::Connect)),
        // The packets of the host that starts are lost.
        (
            Sent::Never,
            Err(TransportErrorKind::Timeout(TimeoutPhase::Connect)),
        ),
        // It accepts connections and closes them, some in the middle of a response.
        (Sent::Maybe, Err(TransportErrorKind::Reset)),
        (Sent::Yes, Err(TransportErrorKind::Truncated)),
        (Sent::Yes, Ok(502)),
        (Sent::Yes, Ok(503)),
        (Sent::Yes, Ok(504)),
        (Sent::Yes, Ok(521)),
        (Sent::Yes, Ok(529)),
    ];
    for seed in 0..50 {
        for (sent, fault) in faults {
            let clock = VirtualClock::manual();
            let service = clock.clone();
            let transport = RespondWith::new(move |_| match fault {
                _ if service.now() >= 5 * SECOND => {
                    ok(r#"{"meta":{"status":200},"data":{"id":7}}"#)
                }
                Ok(status) => respond(status, ""),
                Err(kind) => CannedResponse::failure(kind, sent),
            });
            let builder = over(transport, &clock)
                .retry(ExponentialBackoff::new().seed(seed))
                .rate_limiter(NoRateLimit::new());
            let client = watched(builder);
            // All clones share the budget, which must not run out.
            let tasks = (0..60).map(|_| {
                let client = client.clone();
                task(async move {
                    client.call(close()).await.expect("idempotent");
                    if sent == Sent::Never {
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
        for _ in 0..60 {
            bench = bench.fails(kind, Sent::Never);
            let error = bench.call(close()).expect_err("final");
            assert_eq!(error.attempts(), 1);
        }
        // The budget is unused.
        for _ in 0..50 {
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
fn report_truncates_what_errors_keep() {
    let bench = Bench::new();
    let long = "x".repeat(60_000);
    let meta = |meta: String| format!(r#"{{"meta":{{"status":400,{meta}}},"data":{{}}}}"#);
    let fields = r#"{"a":1},"#.repeat(7_000);
    let bodies = [
        long.clone(),
        meta(format!(r#""error":"{long}""#)),
        meta(format!(r#""error_message":"{long}""#)),
        meta(format!(r#""error_message":[{fields}1]"#)),
        meta(format!(r#""error_fields":[{fields}1]"#)),
        meta(r#""error_fields":["short"]"#.to_owned()),
    ];
    let count = bodies.len() as u64;
    let responses = bodies.map(|body| respond(400, body));
    responses
        .into_iter()
        .for_each(|response| bench.transport.respond(response));
    let mut closing = bench
        .client
        .call_all(
            (1..=count).map(carrot_core::types::ConversationId::new),
            |id| conversations::Close::new(*id),
        )
        .concurrency(1);
    let report = bench.run(closing.run(|_| std::ops::ControlFlow::Continue(())));
    assert_eq!(report.failed.len() as u64, count);
    for (_, error) in &report.failed {
        let body = error.body().expect("a body").len();
        assert_eq!(body.min(4_096), body);
        let code = error.code().map(|code| code.as_str().len());
        let message = error.message().map(str::len);
        assert!(
            code.max(message).is_none_or(|text| text == 4_096),
            "{error}"
        );
    }
    let fields = report.failed.iter().filter_map(|(_, error)| error.fields());
    assert_eq!(fields.collect::<Vec<_>>(), [serde_json::json!(["short"])]);
}
