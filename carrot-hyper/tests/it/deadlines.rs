//! What is read when one of the four deadlines passed: which one, in which phase, after how many
//! attempts, and which setting allows more. No test asserts how long anything takes: a limit that is
//! too short for this machine is made longer.

use std::time::Duration;

use carrot_hyper::{
    AuthToken, BaseUrl, Client, Error, ErrorKind, ExponentialBackoff, HyperTransport,
    LocalRateLimiter, NoRateLimit, RateLimiter, TokioClock, apps,
    client::CallOptions,
    transport::{TimeoutPhase, TransportErrorKind::Timeout},
    types::Filter,
};
use carrot_hyper::{CallPhase, rate_limit::Start};

use crate::support::{
    PLENTY, SHORT, Server, Step, builder,
    canary::{EMAIL, Reports, TOKEN, tells_no_secret},
    hold, limited, post, read_request, reset, transport,
};

/// The error of a call that is idempotent and fails three times.
async fn failure(
    transport: HyperTransport,
    url: String,
    rate_limit: impl RateLimiter,
    options: CallOptions,
) -> Error {
    let token = AuthToken::new(TOKEN).unwrap();
    let client = Client::builder(transport, TokioClock::new(), token)
        .base_url(url.parse::<BaseUrl>().unwrap())
        .retry(
            ExponentialBackoff::new()
                .transient_base(Duration::from_millis(1))
                .unavailable_base(Duration::from_millis(1)),
        )
        .rate_limiter(rate_limit)
        .observer(Reports)
        .options(options)
        .build()
        .unwrap();
    let leads = apps::Leads::new().filter(Filter::text_contains("$email", EMAIL));
    let error = client.call(leads).await.expect_err("a deadline");
    tells_no_secret(&error);
    assert!(error.is_timeout(), "{error}");
    error
}

fn patient() -> CallOptions {
    CallOptions::new()
        .call_timeout(None)
        .attempt_timeout(PLENTY)
}

/// Resets as many connections, and says nothing on those that follow.
async fn resetting(first: usize) -> Server {
    Server::start(move |number, mut stream| async move {
        read_request(&mut stream).await;
        match number < first {
            true => reset(stream),
            false => hold(stream).await,
        }
    })
    .await
}

#[tokio::test]
async fn the_whole_call() {
    let mut limit = SHORT;
    let error = loop {
        let server = resetting(2).await;
        let clock = TokioClock::new();
        let two = LocalRateLimiter::with_limit(clock, 2, PLENTY).start(Start::Full);
        let options = patient().call_timeout(limit);
        let error = failure(transport(), server.url(""), two, options).await;
        // On a busy machine the time is over before the third attempt asks for a permit, or before the second one
        // starts.
        if (error.attempts(), error.phase()) == (2, Some(CallPhase::RateLimit)) || limit > PLENTY {
            break error;
        }
        limit *= 2;
    };
    // It does not wait for a permit that comes too late.
    let text = error.to_string();
    for part in [
        "apps.leads: no permit in time: the next one is at least ",
        "; the request may have reached the server (after 2 attempts, of which an earlier one may have \
         reached the server); `call_timeout` allows more",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(error.phase(), Some(CallPhase::RateLimit));
}

/// The attempt has what is left of the call, so both end in the same moment. Whoever is the first, it
/// was the time of the call.
#[tokio::test]
async fn the_whole_call_in_an_attempt() {
    let mut limit = SHORT;
    let error = loop {
        let server = resetting(2).await;
        let options = CallOptions::new().attempt_timeout(None).call_timeout(limit);
        let rate_limit = NoRateLimit::new();
        let error = failure(transport(), server.url(""), rate_limit, options).await;
        if (error.attempts(), error.phase()) == (3, Some(CallPhase::Attempt)) || limit > PLENTY {
            break error;
        }
        limit *= 2;
    };
    assert_eq!(
        error.to_string(),
        format!(
            "apps.leads: the deadline of {limit:?} for the call passed while waiting for the response; \
             the request may have reached the server (after 3 attempts, of which an earlier one may \
             have reached the server); `call_timeout` allows more"
        )
    );
    assert_eq!(error.kind(), ErrorKind::Deadline);
}

#[tokio::test]
async fn the_attempt() {
    let server = Server::script([Step::Hold]).await;
    let mut limit = SHORT;
    let error = loop {
        let options = patient().attempt_timeout(limit);
        let error = failure(transport(), server.url(""), NoRateLimit::new(), options).await;
        let kind = error.transport().map(|cause| cause.kind());
        if kind == Some(Timeout(TimeoutPhase::Response)) || limit > PLENTY {
            break error;
        }
        limit *= 2;
    };
    let peer = server.authority();
    let text = error.to_string();
    // It depends on the moment how far the earlier ones came.
    let text = text.replace(", of which an earlier one may have reached the server", "");
    assert_eq!(
        text,
        format!(
            "apps.leads: the time ran out while waiting for the response ({peer}): the attempt had {limit:?} \
             (`attempt_timeout` allows more); the request may have reached the server (after 3 \
             attempts)"
        )
    );
}

#[tokio::test]
async fn connecting() {
    let server = Server::script([Step::Hold]).await;
    let transport = builder().connect_timeout(SHORT).build().unwrap();
    let url = server.https("localhost", "");
    let once = patient().retry(ExponentialBackoff::none());
    let error = failure(transport, url, NoRateLimit::new(), once).await;
    let peer = server.authority().replace("127.0.0.1", "localhost");
    assert_eq!(
        error.to_string(),
        format!(
            "apps.leads: the time ran out while connecting ({peer}): not connected within 50ms \
             (`connect_timeout` allows more); the request was not sent (after 1 attempt)"
        )
    );
}

#[tokio::test]
async fn a_body_that_stands_still() {
    let server = Server::script([
        Step::Read,
        Step::write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"),
        Step::Hold,
    ])
    .await;
    // The limit of the call decides, shorter or longer than the transport's.
    for limit in [Duration::ZERO, PLENTY] {
        let transport = builder().body_idle_timeout(limit).build().unwrap();
        let options = patient().body_idle_timeout(SHORT);
        let error = failure(transport, server.url(""), NoRateLimit::new(), options).await;
        let peer = server.authority();
        assert_eq!(
            error.to_string(),
            format!(
                "apps.leads: the time ran out while reading the response ({peer}): no more of it came \
                 for 50ms (`body_idle_timeout` allows more); the request reached the server (after 3 \
                 attempts, of which an earlier one may have reached the server)"
            )
        );
    }
}

/// The limit holds also where bytes are always there, of a body or of heads before the response, and nothing
/// limits their number.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_never_end() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (head, endless, phase) in [
        (chunked, "1\r\nx\r\n", TimeoutPhase::Body),
        (
            "",
            "HTTP/1.1 103 Early Hints\r\n\r\n",
            TimeoutPhase::Response,
        ),
    ] {
        let endless = endless.repeat(1000);
        let server =
            Server::script([Step::Read, Step::write(head), Step::Flood(endless.into())]).await;
        let (transport, mut limit) = (transport(), SHORT);
        loop {
            let request = limited(post(server.url("/")), Some(limit), None);
            let error = tokio::time::timeout(PLENTY, crate::support::failure(&transport, request))
                .await
                .expect("an end");
            if error.kind() == Timeout(phase) || limit > PLENTY {
                break;
            }
            limit *= 2;
        }
        assert!(limit <= PLENTY, "{head}");
    }
}
