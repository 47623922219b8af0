//! The rows without a connection: decoding alone, and calls through the test kit.

mod listing;

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use carrot_hyper::{
    ApiVersion, Body, Client, HttpTransport, TransportError,
    async_trait::async_trait,
    conversations::Close,
    endpoint::{Page, Paging, UserField},
    types::{Conversation, UserRef},
    users::Get,
};
use carrot_testing::{CannedResponse, Fake, Sandbox, client, fake};
use http::{Request, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    mark::{counted, warm_up},
    payload::Payload,
    plain,
};

/// Does the work of a row this many times: as the client or the kit does it, or bare.
pub(crate) fn work(row: &str, bare: bool, times: u32) {
    ready(do_work(row, bare, times));
}

async fn do_work(row: &str, bare: bool, times: u32) {
    let mut payloads = Payload::ALL.into_iter();
    match payloads.find(|payload| row.ends_with(payload.name())) {
        Some(payload) => decode(payload, bare, times).await,
        None if row == "items-first" => listing::read(bare, times, times).await,
        None if row == "items-late" => listing::read(bare, FAR_BEHIND, times).await,
        None if bare => {
            let body = Bytes::from(response().to_string());
            call(&client(Bare(body)), times).await;
        }
        None if row == "sandbox" => {
            let sandbox = Sandbox::builder().seed_json(SEED).expect("a seed").build();
            call(&sandbox.client(), times).await;
        }
        None => through_fake(row == "fake-typed", times).await,
    }
}

/// Pages of a listing.
pub(crate) const FAR_BEHIND: u32 = 3000;

async fn decode(payload: Payload, bare: bool, times: u32) {
    let body = payload.body();
    let read: fn(&[u8]) = match (bare, payload) {
        (false, _) => |body| {
            let page = Page::<Conversation>::decode(ApiVersion::V2, &Paging::new(), body);
            black_box(page.expect("a page"));
        },
        (true, Payload::Mixed | Payload::Decimals | Payload::Huge) => plain_page::<plain::Author>,
        (true, Payload::Ids) => plain_page::<u64>,
        (true, Payload::Operators) => plain_page::<plain::Admin>,
    };
    read(&body);
    counted(async {
        for _ in 0..times {
            read(black_box(&body));
        }
    })
    .await;
}

fn plain_page<A: DeserializeOwned>(body: &[u8]) {
    let page: plain::Envelope<Vec<plain::Conversation<A>>> =
        serde_json::from_slice(body).expect("the page fits the structs");
    black_box(page);
}

/// An expectation with an id and a parameter, and nine others before it that are about another operation.
async fn through_fake(typed: bool, times: u32) {
    let fake = Fake::new();
    for id in 1..10_u64 {
        let close = fake.on::<Close>().path_id(id);
        close.reply(fake::action_receipt()).repeatedly();
    }
    let expected = fake.on::<Get>().user("order-42").param("notes", true);
    match typed {
        true => expected.reply(fake::user()).repeatedly(),
        false => expected
            .reply_with(CannedResponse::json(&response()))
            .repeatedly(),
    };
    call(&fake.client(), times).await;
}

const SEED: &str = r#"{"users": [{"user_id": "order-42", "props": {"$name": "Ada"}}]}"#;

fn response() -> Value {
    json!({"data": fake::user(), "meta": {"status": 200}})
}

async fn call(client: &Client, times: u32) {
    get(client, warm_up(times)).await;
    counted(get(client, times)).await;
}

async fn get(client: &Client, times: u32) {
    for _ in 0..times {
        let get = Get::new(UserRef::external("order-42")).include(UserField::Notes);
        black_box(client.call(get).await.expect("a response"));
    }
}

/// Nothing waits, so one poll will do.
fn ready<T>(work: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(work).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the response is there at once"),
    }
}

/// Responds to every request with the same bytes, the least that any test of a client costs.
#[derive(Debug)]
struct Bare(Bytes);

#[async_trait]
impl HttpTransport for Bare {
    async fn send(&self, _request: Request<Body>) -> Result<Response<Bytes>, TransportError> {
        Ok(Response::new(self.0.clone()))
    }
}
