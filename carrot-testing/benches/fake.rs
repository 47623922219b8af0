//! One call through a fake, against the same call over a bare transport in memory, the least that any
//! test of a client costs.
//!
//! `cargo bench -p carrot-testing --bench fake`
//!
//! Counted with callgrind, without the start of the process. Both have the same client and respond with
//! the same bytes; `typed` writes them anew from the model for each call. Each has an expectation with
//! an id and a parameter, and nine others before it that are about another operation. What the fake
//! does beside the client is to match the request and to keep it.
//!
//! 2026-11-22, x86-64, Rust 1.95, ratio in one run:
//!
//! ```text
//!            | instructions         bare  ratio | allocations        bare  ratio
//! raw        |        54370        29294  1.856 |          96          45  2.133
//! typed      |        74412        29294  2.540 |         123          45  2.733
//! ```
//!
//! In time, over 20,000 calls of one fake, on a busy core of an AMD EPYC: 7 µs bare, 16 µs raw, 19 µs
//! typed.
#![allow(clippy::expect_used)]

#[path = "../../carrot-types/benches/support/callgrind.rs"]
mod callgrind;

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    process::ExitCode,
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use bytes::Bytes;
use carrot_core::{
    Body, Client, HttpTransport, TransportError, conversations::Close, types::UserRef, users::Get,
};
use carrot_testing::{CannedResponse, Fake, client, fake};
use http::{Request, Response};
use serde_json::{Value, json};

const FEW: u32 = 500;

fn main() -> ExitCode {
    let modes = || ["bare", "raw", "typed"].map(str::to_owned).into();
    callgrind::main(modes, FEW, work, |costs| {
        println!("A call through the fake, and over a transport that only responds\n");
        println!("{}", callgrind::HEAD);
        for (name, cost) in ["raw", "typed"].into_iter().zip(&costs[1..]) {
            println!("{}", callgrind::row(name, *cost, costs[0]));
        }
    })
}

fn work(mode: &str, times: u32) {
    if mode == "bare" {
        let body = Bytes::from(response().to_string());
        return call(&client(Bare(body)), times);
    }
    let fake = Fake::new();
    for id in 1..10_u64 {
        let close = fake.on::<Close>().path_id(id);
        close.reply(fake::action_receipt()).repeatedly();
    }
    let expected = fake.on::<Get>().user("order-42").param("notes", true);
    match mode {
        "raw" => expected
            .reply_with(CannedResponse::json(&response()))
            .repeatedly(),
        _ => expected.reply(fake::user()).repeatedly(),
    };
    call(&fake.client(), times);
}

fn response() -> Value {
    json!({"data": fake::user(), "meta": {"status": 200}})
}

fn call(client: &Client, times: u32) {
    for _ in 0..times {
        let get = Get::new(UserRef::external("order-42"))
            .include(carrot_core::endpoint::UserField::Notes);
        // Nothing waits, so one poll will do.
        let mut calling = pin!(client.call(get));
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(user) = calling.as_mut().poll(&mut context) else {
            unreachable!("the response is there at once");
        };
        black_box(user.expect("a response"));
    }
}

/// Responds to every request with the same bytes.
#[derive(Debug)]
struct Bare(Bytes);

#[async_trait]
impl HttpTransport for Bare {
    async fn send(&self, _request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        Ok(Response::new(self.0.clone()))
    }
}
