//! The same work by the client and by each of the others.

mod by_hand;
mod carrot;
mod hyper;
mod hyper_util;
mod reqwest;

use std::{future::Future, hint::black_box};

use serde::de::DeserializeOwned;
use tokio::{runtime, task::JoinSet};

use crate::{bodies::Language, plain};

const TOKEN: &str = "app.1234.0123456789abcdef";
const USER_AGENT: &str = "peer/0.1.0";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const CONVERSATION: u64 = 1_160_406_004_324_630_614;
/// A conversation that does not exist.
pub(crate) const MISSING: u64 = 1_160_406_004_324_630_404;
/// A conversation of which every second read is throttled.
pub(crate) const THROTTLED: u64 = 1_160_406_004_324_630_429;
/// The calls at one time, in the rows with more than one.
const TASKS: u32 = 64;

type Conversation = plain::Conversation<plain::Admin>;
type Part = plain::Part<plain::Admin>;

/// A program that talks to the service. Its values are freed in each call.
trait Peer: Send + Sized + 'static {
    /// A new one for this address, which shares nothing with another.
    async fn new(address: &str) -> Self;
    /// `GET /conversations/{id}`.
    fn conversation(&mut self) -> impl Future<Output = ()> + Send;
    /// The same of [`MISSING`], which fails.
    async fn failing(&mut self);
    /// The same of [`THROTTLED`], until it succeeds.
    async fn retried(&mut self);
    /// `GET /apps/{id}/conversations`, one page of 50.
    fn page(&mut self) -> impl Future<Output = ()> + Send;
    /// `POST /conversations/{id}/reply`, a form.
    fn reply(&mut self, text: &'static str) -> impl Future<Output = ()> + Send;
    /// One that can be used at the same time.
    async fn another(&self) -> Self;
    /// Reads this many conversations, [`TASKS`] at a time, each in a task of its own.
    async fn conversations(&mut self, times: u32) {
        let mut tasks = JoinSet::new();
        for _ in 0..times {
            if tasks.len() >= TASKS as usize {
                tasks.join_next().await;
            }
            let mut peer = self.another().await;
            tasks.spawn(async move { peer.conversation().await });
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// Does the work of a row with a connection this many times, on a runtime of one thread.
pub(crate) fn work(row: &str, peer: &str, address: &str, times: u32) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        match peer {
            "carrot" => run::<carrot::Carrot>(row, address, times).await,
            "hyper" => run::<hyper::Hyper>(row, address, times).await,
            "hyper-util" => run::<hyper_util::HyperUtil>(row, address, times).await,
            _ => run::<reqwest::Reqwest>(row, address, times).await,
        }
    });
}

async fn run<P: Peer>(row: &str, address: &str, times: u32) {
    let (row, language) = Language::of_row(row);
    let mut peer = P::new(address).await;
    match row {
        "A" => {
            for _ in 0..times {
                peer.conversation().await;
            }
        }
        "B" => {
            for _ in 0..times {
                peer.page().await;
            }
        }
        "C" => {
            let mut tasks = JoinSet::new();
            for _ in 0..TASKS {
                let mut peer = peer.another().await;
                tasks.spawn(async move {
                    for _ in 0..times / TASKS {
                        peer.conversation().await;
                    }
                });
            }
            while tasks.join_next().await.is_some() {}
        }
        "D" => {
            for _ in 0..times {
                peer.reply(language.reply()).await;
            }
        }
        "cold" => {
            for _ in 0..times {
                P::new(address).await.conversation().await;
            }
        }
        "error" => {
            for _ in 0..times {
                peer.failing().await;
            }
        }
        "retry" => {
            for _ in 0..times {
                peer.retried().await;
            }
        }
        _ => peer.conversations(times).await,
    }
}

/// Where the requests of a program written by hand go.
#[derive(Clone, Debug)]
struct Urls {
    base: String,
}

impl Urls {
    fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
        }
    }

    fn conversation(&self, id: u64) -> String {
        format!("{}/v2/conversations/{id}", self.base)
    }

    fn page(&self) -> String {
        format!("{}/v2/apps/$self_app/conversations?count=50", self.base)
    }

    fn reply(&self) -> String {
        format!("{}/v2/conversations/{CONVERSATION}/reply", self.base)
    }
}

/// The parameters of the reply.
fn form(text: &str) -> [(&'static str, &str); 2] {
    [("body", text), ("from_admin", "default_admin")]
}

fn decode<T: DeserializeOwned>(body: &[u8]) {
    let response: plain::Envelope<T> = serde_json::from_slice(body).expect("a response");
    black_box(response.data);
}

fn decode_error(body: &[u8]) {
    let response: plain::Failure = serde_json::from_slice(body).expect("an error");
    black_box(response);
}
