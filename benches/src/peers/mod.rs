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
/// The calls at one time, in the rows with more than one.
const TASKS: u32 = 64;

type Conversation = plain::Conversation<plain::Admin>;
type Part = plain::Part<plain::Admin>;

/// A program that talks to the service. Its values are freed in each call.
trait Peer: Send + Sized + 'static {
    /// `GET /conversations/{id}`.
    fn conversation(&mut self) -> impl Future<Output = ()> + Send;
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
            "carrot" => run(row, carrot::Carrot::new(address), times).await,
            "hyper" => run(row, hyper::Hyper::new(address).await, times).await,
            "hyper-util" => run(row, hyper_util::HyperUtil::new(address), times).await,
            _ => run(row, reqwest::Reqwest::new(address), times).await,
        }
    });
}

async fn run(row: &str, mut peer: impl Peer, times: u32) {
    let (row, language) = Language::of_row(row);
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

    fn conversation(&self) -> String {
        format!("{}/v2/conversations/{CONVERSATION}", self.base)
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
