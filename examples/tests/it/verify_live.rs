//! The program that checks the sandbox's table: every statement has a check, all hold of the sandbox, and each that
//! is flipped is found.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use carrot_examples::verify::{
    Check, Expectation, Plan, Runner, SCRIPT, Service, Step, TABLE, Verdict, read_script,
    read_table,
};
use carrot_hyper::{
    Body, HttpTransport, TransportError, async_trait::async_trait, bytes::Bytes, http,
};
use carrot_testing::{Sandbox, VirtualClock};

const URL: &str = "http://sandbox.invalid";

/// A proxy in front of the sandbox that changes one response.
#[derive(Clone, Debug)]
struct Proxy {
    sandbox: Sandbox,
    requests: Arc<AtomicUsize>,
    /// The request counted from 1, and what must not hold of its response.
    flip: Option<(usize, Expectation)>,
}

#[async_trait]
impl HttpTransport for Proxy {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let response = self.sandbox.send(request).await?;
        let Some((_, expectation)) = self.flip.as_ref().filter(|(at, _)| *at == number) else {
            return Ok(response);
        };
        let (mut head, body) = response.into_parts();
        let mut status = head.status.as_u16();
        let mut json = serde_json::from_slice(&body).unwrap_or_default();
        expectation.flip(&mut status, &mut json);
        head.status = http::StatusCode::from_u16(status).unwrap();
        Ok(http::Response::from_parts(
            head,
            Bytes::from(json.to_string()),
        ))
    }
}

/// A run of one check.
struct Run {
    verdict: Verdict,
    sandbox: Sandbox,
    asked: Vec<(usize, Expectation)>,
}

fn run(setup: &[Step], check: &Check, flip: Option<(usize, Expectation)>) -> Run {
    let clock = VirtualClock::manual();
    let mut sandbox = Sandbox::builder().clock(clock.clone());
    if check.exceeds_limit {
        sandbox = sandbox.rate_limit(60);
    }
    let sandbox = sandbox.build();
    let proxy = Proxy {
        sandbox: sandbox.clone(),
        requests: Arc::default(),
        flip,
    };
    let service = Service::new(proxy, clock.clone(), URL, sandbox.token());
    let mut runner = Runner::new(service, "verify-test", true, Some(501)).exceed_limit(true);
    let verdict = clock.run(async {
        runner.prepare(setup).await.unwrap();
        runner.check(1, check).await
    });
    let asked = runner.asked().to_vec();
    Run {
        verdict,
        sandbox,
        asked,
    }
}

#[test]
fn every_statement_of_the_table_has_its_check() {
    let (_, checks) = read_script(SCRIPT).unwrap();
    let stated: Vec<_> = read_table(TABLE)
        .into_iter()
        .map(|one| (one.subject, one.text))
        .collect();
    let checked: Vec<_> = checks
        .into_iter()
        .map(|one| (one.subject, one.statement))
        .collect();
    assert_eq!(checked, stated);
    assert!(stated.len() > 100);
}

#[test]
fn all_hold_of_the_sandbox() {
    let (setup, checks) = read_script(SCRIPT).unwrap();
    let mut wrong = Vec::new();
    for check in &checks {
        let Run {
            verdict, sandbox, ..
        } = run(&setup, check, None);
        let is_right = match &check.plan {
            Plan::NotChecked(reason) => verdict == Verdict::NotChecked(reason.clone()),
            _ => matches!(verdict, Verdict::Fact(_)),
        };
        if !is_right {
            wrong.push(format!("{}: {}: {verdict}", check.subject, check.statement));
        }
        for user in sandbox.users() {
            let external = user.user_id.unwrap_or_default();
            assert!(
                external.starts_with("verify-test-"),
                "{check:?}: {external}"
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_flipped_statement_is_found() {
    let (setup, checks) = read_script(SCRIPT).unwrap();
    let mut flipped = 0;
    let mut missed = Vec::new();
    for check in &checks {
        let Plan::Steps(_) = &check.plan else {
            continue;
        };
        let asked = run(&setup, check, None).asked;
        assert!(!asked.is_empty(), "{} expects nothing", check.statement);
        for (at, expectation) in asked {
            flipped += 1;
            let flip = Some((at, expectation.clone()));
            let verdict = run(&setup, check, flip).verdict;
            if !matches!(verdict, Verdict::Wrong(_)) {
                missed.push(format!("{}: {expectation:?}: {verdict}", check.statement));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(flipped > 250, "{flipped}");
}

fn program_over(
    server: Option<&carrot_testing::sandbox::SandboxServer>,
    arguments: &[&str],
) -> (String, String) {
    let name = format!("verify-live-{}-{}.md", std::process::id(), arguments.len());
    let report = std::env::temp_dir().join(name);
    let mut command = crate::support::program("verify-live");
    if let Some(server) = server {
        command
            .env("CARROT_TOKEN", server.sandbox().token())
            .env("CARROT_BASE_URL", server.url());
    }
    let output = command
        .args(arguments)
        .arg("--report")
        .arg(&report)
        .output()
        .unwrap();
    let page = std::fs::read_to_string(&report).unwrap();
    std::fs::remove_file(&report).unwrap();
    (String::from_utf8(output.stdout).unwrap(), page)
}

#[test]
fn program_saves_what_was_found() {
    let (printed, page) = program_over(None, &[]);
    assert!(printed.starts_with("The sandbox: "), "{printed}");
    assert!(printed.contains(" facts, 0 wrong, "), "{printed}");
    let row = "| errors | assumed | an invalid id in the path is a `ValidationError` | GET /v2/users/x: 400 ValidationError";
    assert!(page.contains(row), "{page}");
}

#[test]
fn limit_is_exceeded_only_on_demand() {
    let only = ["--only", "rate limit"];
    let (printed, page) = program_over(None, &only);
    let reason = "keys that exceed the limit get blocked: add --exceed-limit";
    assert_eq!(printed.matches(reason).count(), 3, "{printed}");
    assert_eq!(page.matches(reason).count(), 3, "{page}");
    let (printed, _) = program_over(None, &["--only", "rate limit", "--exceed-limit"]);
    assert!(
        printed.contains("3 facts, 0 wrong, 1 not checked"),
        "{printed}"
    );
}

#[test]
fn slow_service_says_nothing_of_its_limit() {
    let (setup, checks) = read_script(SCRIPT).unwrap();
    let check = checks.iter().find(|one| one.exceeds_limit).unwrap();
    let clock = VirtualClock::manual();
    let sandbox = Sandbox::builder().clock(clock.clone()).build();
    let token = sandbox.token().to_owned();
    let slow = carrot_testing::stub::Latency::new(sandbox, &clock, |_| {
        [std::time::Duration::from_millis(600); 2].into()
    });
    let service = Service::new(slow, clock.clone(), URL, &token);
    let mut runner = Runner::new(service, "verify-test", true, None).exceed_limit(true);
    let verdict = clock.run(async {
        runner.prepare(&setup).await.unwrap();
        runner.check(1, check).await
    });
    let text = "the service responds too slowly for a check of its rate limit";
    assert_eq!(verdict, Verdict::NotChecked(text.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn real_service_is_only_read_without_write() {
    let sandbox = Sandbox::builder().token("app.1000.canary-token").build();
    let server = sandbox.serve().await.unwrap();
    let arguments = ["--only", "addresses"];
    let (printed, page) = tokio::task::block_in_place(|| program_over(Some(&server), &arguments));
    assert!(sandbox.users().is_empty(), "{printed}");
    assert!(
        printed.contains("an empty segment is an unknown address: fact"),
        "{printed}"
    );
    assert!(printed.contains("it reads what --write makes"), "{printed}");
    assert!(!page.contains("canary-token") && !printed.contains("canary-token"));
}
