//! The same work by the client and by each of the others.

mod by_hand;
mod carrot;
mod hyper;
mod hyper_util;
#[cfg(feature = "reqwest")]
mod reqwest;
mod server;

use std::{future::Future, hint::black_box};

use serde::de::DeserializeOwned;
use tokio::{runtime, task::JoinSet};

use self::server::Server;
use crate::{
    bodies::Language,
    mark::{counted, warm_up},
    plain,
};

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
    async fn new(server: &'static Server) -> Self;
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
    /// Reads this many conversations, `at_a_time` at once, each in a task of its own.
    async fn conversations(&mut self, times: u32, at_a_time: u32) {
        let mut tasks = JoinSet::new();
        for _ in 0..times {
            if tasks.len() >= at_a_time as usize {
                tasks.join_next().await;
            }
            let mut peer = self.another().await;
            tasks.spawn(async move { peer.conversation().await });
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// Does the work of a row with a connection this many times, on a runtime of one thread.
pub(crate) fn work(row: &str, peer: &str, server: &str, times: u32) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let server = Server::named(server);
    runtime.block_on(async {
        match peer {
            "carrot" => run::<carrot::Carrot>(row, server, times).await,
            "hyper" => run::<hyper::Hyper>(row, server, times).await,
            "hyper-util" if server.certificate.is_some() => {
                run::<hyper_util::Encrypted>(row, server, times).await;
            }
            "hyper-util" => run::<hyper_util::Plain>(row, server, times).await,
            #[cfg(feature = "reqwest")]
            "reqwest" => run::<reqwest::Reqwest>(row, server, times).await,
            other => unreachable!("{other}"),
        }
    });
}

async fn run<P: Peer>(row: &str, server: &'static Server, times: u32) {
    let (row, language) = Language::of_row(row);
    if row.starts_with('C') {
        return from_tasks::<P>(server, times).await;
    }
    let mut peer = P::new(server).await;
    do_work(row, language, &mut peer, server, warm_up(times)).await;
    counted(do_work(row, language, &mut peer, server, times)).await;
}

async fn do_work<P: Peer>(
    row: &str,
    language: Language,
    peer: &mut P,
    server: &'static Server,
    times: u32,
) {
    match row {
        "call_all" => return peer.conversations(times, TASKS).await,
        "call_all-1" => return peer.conversations(times, 1).await,
        _ => {}
    }
    for _ in 0..times {
        match row {
            "A" | "A-h2" => peer.conversation().await,
            "B" | "B-h2" => peer.page().await,
            "D" => peer.reply(language.reply()).await,
            "cold" => P::new(server).await.conversation().await,
            "error" => peer.failing().await,
            "retry" => peer.retried().await,
            other => unreachable!("{other}"),
        }
    }
}

/// Reads conversations from [`TASKS`] tasks, each with a peer of its own.
async fn from_tasks<P: Peer>(server: &'static Server, times: u32) {
    let first = P::new(server).await;
    let mut peers = Vec::new();
    for _ in 0..TASKS {
        peers.push(first.another().await);
    }
    let peers = in_tasks(peers, warm_up(times)).await;
    counted(in_tasks(peers, times)).await;
}

async fn in_tasks<P: Peer>(peers: Vec<P>, times: u32) -> Vec<P> {
    let each = times / TASKS;
    let calls = |mut peer: P| async move {
        for _ in 0..each {
            peer.conversation().await;
        }
        peer
    };
    let tasks: JoinSet<P> = peers.into_iter().map(calls).collect();
    tasks.join_all().await
}

/// Where the requests of a program written by hand go.
#[derive(Clone, Debug)]
struct Urls {
    base: String,
}

impl Urls {
    fn new(base: impl Into<String>) -> Self {
        Self { base: base.into() }
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
