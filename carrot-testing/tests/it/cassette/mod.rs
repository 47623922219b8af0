//! Real traffic in a file: what is written, what is never written, and what is replayed.

mod canary;
mod drift;
mod errors;
mod replay;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use carrot_core::{AuthToken, Client, Endpoint, Error, HttpTransport, NoRateLimit, types::UserRef};
use carrot_testing::{Cassette, Sandbox, VirtualClock, client, stub::SendWith};
use http::Response;

use crate::support::failure;

/// A file of its own for a test, and its folder goes with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("carrot-cassette-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> PathBuf {
        self.0.join("scenario.json")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    /// No file is there, nor anything of one.
    fn is_empty(&self) -> bool {
        !self.0.exists() || std::fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn ada() -> UserRef {
    UserRef::external("order-42")
}

fn sandbox() -> Sandbox {
    let seed = r#"{
        "operators": [{"id": 7, "name": "Grace Hopper"}],
        "users": [{"user_id": "order-42", "props": {
            "$name": "Ada Lovelace", "$email": "ada@lovelace.org", "$phone": "79991234567",
            "plan": "professional", "visits": 12, "debtor": true
        }, "tags": ["vip customer"], "notes": ["Call after five"]}]
    }"#;
    Sandbox::builder()
        .token("app.1000.5andb0x-c4nary-9f3e")
        .seed_json(seed)
        .unwrap()
        .build()
}

/// Records the calls of a client over the sandbox.
fn recording(sandbox: &Sandbox, scratch: &Scratch) -> (Cassette, Client) {
    let clock = VirtualClock::new();
    let cassette = Cassette::record(scratch.path(), sandbox.clone()).clock(clock.clone());
    let token = AuthToken::new(sandbox.token()).unwrap();
    let client = Client::builder(cassette.transport(), clock, token)
        .rate_limiter(NoRateLimit::new())
        .build()
        .unwrap();
    (cassette, client)
}

/// Replays the same file.
fn replaying(scratch: &Scratch) -> (Cassette, Client) {
    let cassette = Cassette::replay(scratch.path());
    let client = client(cassette.transport());
    (cassette, client)
}

fn call<E: Endpoint>(client: &Client, endpoint: E) -> Result<E::Output, Error> {
    VirtualClock::new().run(client.call(endpoint))
}
