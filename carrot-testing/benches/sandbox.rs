//! How long the listings of a large sandbox take: 100,000 users with a conversation each.
//!
//! ```sh
//! cargo bench -p carrot-testing --bench sandbox
//! ```
//!
//! On two busy cores of an AMD EPYC, Rust 1.95, each for a page of 20 of the 100,000, in milliseconds.
//! The first list that looks at a property reads it from all records, which took 15 to 80 ms; what
//! stands here is every list after it, changes between them or not.
//!
//! | listing | ms |
//! |---|---|
//! | leads, plain | 0.3 |
//! | leads, plain, from the middle | 0.3 |
//! | leads, filtered by a text | 2.1 |
//! | leads, filtered by a number | 1.0 |
//! | leads, filtered by a text and a number | 3.8 |
//! | leads, sorted by a number | 1.9 |
//! | leads, sorted by a number, from the middle | 3.6 |
//! | leads, sorted by a text, from the middle | 3.3 |
//! | leads, filtered by a number, sorted by a text | 2.6 |
//! | conversations, plain, or from a cursor in the middle | 1.0 |
//! | conversations, with a rare tag | 7 to 11 |
//! | conversations, closed ones, of which there are none | 5 to 6 |
//! | conversations of a user | 0.03 |
//! | channels, with their counts | 3.3 |
//!
//! Building it from JSON took 3.4 s and 565 MB at the peak; a snapshot is 150 MB of JSON, which took
//! 0.8 s to write, 1.7 s to read, and 1.4 GB at the peak, both sandboxes and the text included.

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
    let start = Instant::now();
    let sandbox = build();
    println!("{:>9.1} ms  {SIZE} users and conversations", ms(start));

    let text = filters(&[json!(
        {"type": "str_contains", "property_name": "$name", "value": {"value": "99"}}
    )]);
    let number = filters(&[json!(
        {"type": "gt", "property_name": "orders", "value": {"value": 500}}
    )]);
    let both = filters(&[
        json!({"type": "str_contains", "property_name": "$email", "value": {"value": "USER9"}}),
        json!({"type": "lt", "property_name": "orders", "value": {"value": 500}}),
    ]);
    // Each took three changes of a microsecond each, from the start of the sandbox.
    let cursor = encode("[1700000000.15,0]");
    let cursor = format!("include_not_assigned=true&paginate_position={cursor}");
    let own = format!("own-{}", SIZE / 2);
    let leads = "/v2/apps/$self_app/users";
    let conversations = "/v2/apps/$self_app/conversations";
    let of_user = format!("/v2/users/{own}/conversations");
    for (what, path, query) in [
        ("leads, plain", leads, ""),
        ("leads, plain, from the middle", leads, "offset=50000"),
        ("leads, filtered by a text", leads, &text),
        ("leads, filtered by a number", leads, &number),
        ("leads, filtered by a text and a number", leads, &both),
        ("leads, sorted by a number", leads, "sort_prop=orders"),
        (
            "leads, sorted by a number, from the middle",
            leads,
            "sort_prop=orders&offset=50000",
        ),
        (
            "leads, sorted by a text, from the middle",
            leads,
            "sort_prop=$name&offset=50000",
        ),
        (
            "leads, filtered by a number, sorted by a text",
            leads,
            &format!("{number}&sort_prop=$name"),
        ),
        (
            "conversations, plain",
            conversations,
            "include_not_assigned=true",
        ),
        (
            "conversations, from a cursor in the middle",
            conversations,
            &cursor,
        ),
        (
            "conversations, with a rare tag",
            conversations,
            "include_not_assigned=true&tags=rare",
        ),
        (
            "conversations, closed ones, of which there are none",
            conversations,
            "include_not_assigned=true&closed=true",
        ),
        ("conversations, of a user", &of_user, "by_user_id=true"),
        (
            "channels, with their counts",
            "/v2/apps/$self_app/channels",
            "",
        ),
    ] {
        let start = Instant::now();
        let mut bytes = list(&sandbox, path, query);
        let first = ms(start);
        let start = Instant::now();
        for _ in 0..ROUNDS {
            bytes = list(&sandbox, path, query);
        }
        let each = ms(start) / f64::from(ROUNDS);
        println!("{first:>9.3} ms, then {each:>7.3} ms  {what} ({bytes} bytes)");
    }

    say_memory();

    let start = Instant::now();
    let snapshot = serde_json::to_vec(&sandbox.snapshot()).unwrap();
    println!(
        "{:>9.1} ms  a snapshot as JSON ({} bytes)",
        ms(start),
        snapshot.len()
    );
    let start = Instant::now();
    sandbox.restore(&serde_json::from_slice(&snapshot).unwrap());
    println!("{:>9.1} ms  and back", ms(start));
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

fn filters(filters: &[Value]) -> String {
    let json = json!({"type": "and", "filters": filters});
    format!("filters={}", encode(&json.to_string()))
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn list(sandbox: &Sandbox, path: &str, query: &str) -> usize {
    let request = Request::get(format!("{path}?{query}"))
        .header("authorization", format!("Token {}", sandbox.token()))
        .body(Bytes::new());
    let response = sandbox.handle(&request.unwrap());
    assert_eq!(response.status(), 200);
    response.body().len()
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// The most memory that the program held so far, as Linux tells it.
fn say_memory() {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("peak memory: {}", peak.unwrap_or("unknown").trim());
}
