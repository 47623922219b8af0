//! How long the listings of a large sandbox take: 100,000 users with a conversation each.
//!
//! ```sh
//! cargo bench -p carrot-testing --bench sandbox
//! ```
//!
//! On two busy cores of an AMD EPYC, Rust 1.95, each for a page of 20 of the 100,000:
//!
//! | listing | ms |
//! |---|---|
//! | leads, by `$last_seen` | 0.13 |
//! | leads, from the middle | 0.94 |
//! | leads, by a property | 40 |
//! | leads, by a property, from the middle | 74 |
//! | leads, filtered by a text | 68 |
//! | conversations, newest | 1.4 |
//! | conversations, with a rare tag | 39 |
//! | conversations of a user | 0.03 |
//! | channels, with their counts | 5.1 |
//!
//! Building it from JSON took 3.4 s and 541 MB at the peak; a snapshot is 150 MB of JSON, which took
//! 1.6 s to write, 3.9 s to read, and 1.4 GB at the peak, both sandboxes and the text included.

// It measures real time, which is what the rest of the crate never looks at.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::{fs, time::Instant};

use bytes::Bytes;
use carrot_testing::Sandbox;
use http::Request;
use serde_json::{Value, json};

const SIZE: usize = 100_000;
const ROUNDS: u32 = 20;

fn main() {
    let begun = Instant::now();
    let sandbox = build();
    println!("{:>9.1} ms  {SIZE} users and conversations", ms(begun));

    let text = json!({"type": "and", "filters": [
        {"type": "str_contains", "property_name": "$name", "value": {"value": "99"}},
    ]});
    let text = format!("filters={}", encode(&text));
    let own = format!("/v2/users/own-{}/conversations", SIZE / 2);
    for (what, path, query) in [
        (
            "leads, by $last_seen",
            "/v2/apps/$self_app/users",
            String::new(),
        ),
        (
            "leads, from the middle",
            "/v2/apps/$self_app/users",
            "offset=50000".into(),
        ),
        (
            "leads, by a property",
            "/v2/apps/$self_app/users",
            "sort_prop=orders".into(),
        ),
        (
            "leads, by a property, from the middle",
            "/v2/apps/$self_app/users",
            "sort_prop=orders&offset=50000".into(),
        ),
        (
            "leads, filtered by a text",
            "/v2/apps/$self_app/users",
            text,
        ),
        (
            "conversations, newest",
            "/v2/apps/$self_app/conversations",
            "include_not_assigned=true".into(),
        ),
        (
            "conversations, with a rare tag",
            "/v2/apps/$self_app/conversations",
            "include_not_assigned=true&tags=rare".into(),
        ),
        ("conversations of a user", &own, "by_user_id=true".into()),
        (
            "channels, with their counts",
            "/v2/apps/$self_app/channels",
            String::new(),
        ),
    ] {
        let begun = Instant::now();
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            bytes = list(&sandbox, path, &query);
        }
        println!(
            "{:>9.3} ms  {what} ({bytes} bytes)",
            ms(begun) / f64::from(ROUNDS)
        );
    }

    say_memory();

    let begun = Instant::now();
    let snapshot = serde_json::to_vec(&sandbox.snapshot()).unwrap();
    println!(
        "{:>9.1} ms  a snapshot as JSON ({} bytes)",
        ms(begun),
        snapshot.len()
    );
    let begun = Instant::now();
    sandbox.restore(&serde_json::from_slice(&snapshot).unwrap());
    println!("{:>9.1} ms  and back", ms(begun));
    say_memory();
}

fn build() -> Sandbox {
    let mut builder = Sandbox::builder();
    // In pieces: the texts are not what is measured.
    for from in (0..SIZE).step_by(1000) {
        let piece = from..from + 1000;
        let users = piece.clone().map(|at| {
            json!({
                "user_id": format!("own-{at}"),
                "props": {
                    "$name": format!("User {at}"),
                    "$email": format!("user{at}@example.com"),
                    "orders": at * 7919 % 1000,
                },
            })
        });
        let conversations = piece.map(|at| {
            json!({
                "user": format!("own-{at}"),
                "tags": if at % 10_000 == 0 { json!(["rare"]) } else { json!([]) },
                "channel": if at % 2 == 0 { json!(5) } else { Value::Null },
                "parts": [{"body": "Where is my parcel?"}, {"from": 501, "body": "On its way."}],
            })
        });
        let seed = json!({
            "users": users.collect::<Value>(),
            "conversations": conversations.collect::<Value>(),
        });
        builder = builder.seed_json(&seed.to_string()).unwrap();
    }
    builder.build()
}

fn encode(json: &Value) -> String {
    form_urlencoded::byte_serialize(json.to_string().as_bytes()).collect()
}

fn list(sandbox: &Sandbox, path: &str, query: &str) -> usize {
    let request = Request::get(format!("{path}?{query}"))
        .header("authorization", format!("Token {}", sandbox.token()))
        .body(Bytes::new());
    let answer = sandbox.handle(&request.unwrap());
    assert_eq!(answer.status(), 200);
    answer.body().len()
}

fn ms(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1000.0
}

/// The most memory that the program held so far, as Linux tells it.
fn say_memory() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("peak memory: {}", peak.unwrap_or("unknown").trim());
}
