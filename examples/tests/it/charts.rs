//! The charts of the guide, each from what happened. `UPDATE_EXPECT=1` draws them anew.

use std::{fs, ops::ControlFlow};

use carrot_examples::{
    bars::{Bar, bars},
    status_line::counted,
};
use carrot_hyper::{
    AuthToken, Client, Clock, LocalRateLimiter,
    apps::Leads,
    client::CallOptions,
    endpoint::Paging,
    types::{PropertyOperation, UserRef},
    users::{Get, Import, PropertyChange},
};
use carrot_testing::{Sandbox, VirtualClock, sandbox::SeedUser};
use expect_test::expect_file;

use crate::support::root;

const USERS: usize = 1000;

fn user(number: usize) -> String {
    format!("order-{number}")
}

/// Does the work for a thousand users under the limit of the service, in virtual time. Returns the requests that the
/// service got, and the minutes until the work was done.
fn measure(work: impl AsyncFnOnce(Client, &Sandbox)) -> (u64, u64) {
    let clock = VirtualClock::new();
    let mut builder = Sandbox::builder().rate_limit(60).clock(clock.clone());
    for number in 0..USERS {
        let email = format!("{number}@example.com");
        builder = builder.user(SeedUser::external(user(number)).prop("$email", email));
    }
    let sandbox = builder.build();
    let token = AuthToken::new(sandbox.token()).unwrap();
    let client = Client::builder(sandbox.clone(), clock.clone(), token)
        .rate_limiter(LocalRateLimiter::new(clock.clone()).jitter_seed(7))
        .options(CallOptions::new().call_timeout(None))
        .build()
        .unwrap();
    clock.run(work(client, &sandbox));
    (sandbox.requests(), clock.now().as_secs().div_ceil(60))
}

fn changes() -> Vec<PropertyChange> {
    let plan = PropertyOperation::update_or_create("plan", "pro").unwrap();
    let change = |number| PropertyChange::new(UserRef::external(user(number))).with(plan.clone());
    (0..USERS).map(change).collect()
}

fn assert_changed(sandbox: &Sandbox) {
    let users = sandbox.users();
    let changed = users
        .iter()
        .filter(|user| user.props_custom.contains_key("plan"));
    assert_eq!(changed.count(), USERS);
}

async fn read_leads(client: Client, paging: Paging) {
    let mut leads = client.items(Leads::new().page(paging));
    let mut count = 0;
    while leads.next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, USERS);
}

#[test]
fn requests_by_way_of_doing_it() {
    let changed = measure(async |client, sandbox| {
        let report = client
            .call_all(changes(), PropertyChange::set_props)
            .run(|_| ControlFlow::Continue(()))
            .await;
        assert!(report.failed.is_empty());
        assert_changed(sandbox);
    });
    let imported = measure(async |client, sandbox| {
        let import = Import::from_changes(&changes()).unwrap();
        client.call(import).await.unwrap();
        assert_changed(sandbox);
    });
    let got = measure(async |client, _| {
        let users: Vec<_> = (0..USERS)
            .map(|number| UserRef::external(user(number)))
            .collect();
        let report = client
            .call_all(users, |user| Get::new(user.clone()))
            .run(|_| ControlFlow::Continue(()))
            .await;
        assert!(report.failed.is_empty());
    });
    let listed = measure(async |client, _| read_leads(client, Paging::new()).await);
    let once = measure(async |client, _| read_leads(client, Paging::new().single_pass()).await);

    let rows = [
        ("change: SetProps each", changed),
        ("change: one Import", imported),
        ("read: Get each", got),
        ("read: items of Leads", listed),
        ("read: single_pass", once),
    ];
    let rows = rows.map(|(label, (requests, minutes))| {
        let time = match minutes {
            0 => "at once".to_owned(),
            minutes => format!("within {minutes} min"),
        };
        let count = usize::try_from(requests).unwrap();
        Bar::new(
            label,
            &[requests],
            format!("{}, {time}", counted(count, "request")),
        )
    });
    let title = "1,000 users at 60 requests a minute, counted in the sandbox";
    expect_file!["../../../docs/pictures/requests.svg"].assert_eq(&bars(title, &[], &rows));
}

/// The number before this word in a summary of a report: `110 passed, 2 failed (2 as known), 13 skipped`.
fn number_of(summary: &str, word: &str) -> u64 {
    let mut words = summary.split([' ', ',']).filter(|word| !word.is_empty());
    let mut last = "";
    words
        .find_map(|next| {
            let number = (next == word).then_some(last);
            last = next;
            number
        })
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("no {word} in {summary}"))
}

/// From the reports that the tests of each stack compare with what they find.
#[test]
fn rules_passed_per_stack() {
    let folder = fs::read_dir(root().join("docs/conformance")).unwrap();
    let mut reports: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    reports.sort();
    let rows = reports.iter().map(|path| {
        let report = fs::read_to_string(path).unwrap();
        let summary = report.lines().nth(2).unwrap();
        let parts = ["passed", "failed", "skipped"].map(|word| number_of(summary, word));
        let text = format!("{} of {}", parts[0], parts.iter().sum::<u64>());
        Bar::new(path.file_stem().unwrap().to_string_lossy(), &parts, text)
    });
    let rows: Vec<_> = rows.collect();
    assert!(!rows.is_empty());
    let title = "Rules of a transport that each stack passes";
    let names = ["passed", "failed, as known and explained below", "skipped"];
    expect_file!["../../../docs/pictures/conformance.svg"].assert_eq(&bars(title, &names, &rows));
}
