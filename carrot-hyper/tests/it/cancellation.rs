//! Dropping a call at every point where it waits, over real sockets: no task, no socket and no place
//! in the rate limit is left, and the next call works.
//!
//! A server makes a step whenever the call has nothing left to do but wait for it. So the call is
//! polled, and dropped, in every state of the other side.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use async_trait::async_trait;
use carrot_hyper::rate_limit::{AcquireError, AcquireRequest, Permit, PermitKeeper, PermitOutcome};
use carrot_hyper::{
    AuthToken, BaseUrl, Client, HyperTransport, RateLimiter, TokioClock, conversations,
    types::ConversationId,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    runtime::Handle,
    sync::{Semaphore, mpsc},
};

use crate::support::{
    Server, builder,
    by_hand::{ByHand, settles, turns},
    canary::{Reports, TOKEN},
    hold, read_request,
    tls::CA,
};

/// What a server has done for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Accepted,
    Connected,
    Read,
    HalfHead,
    Head,
    HalfBody,
    Whole,
}

impl Stage {
    /// Whether the call has something to do then.
    fn wakes(self) -> bool {
        matches!(self, Self::Head | Self::HalfBody | Self::Whole)
    }
}

/// One permit, and every wait for it is a wait indeed.
#[derive(Debug)]
struct OnePlace(Arc<Gate>);

#[derive(Debug)]
struct Gate(Semaphore);

impl PermitKeeper for Gate {
    fn completed(&self, _ticket: u64, _outcome: PermitOutcome) {
        self.0.add_permits(1);
    }
}

#[async_trait]
impl RateLimiter for OnePlace {
    async fn acquire(&self, _request: &AcquireRequest) -> Result<Permit, AcquireError> {
        tokio::task::yield_now().await;
        let permit = self.0.0.acquire().await;
        permit
            .map_err(|closed| AcquireError::Store(closed.into()))?
            .forget();
        Ok(Permit::new(self.0.clone(), 0))
    }
}

/// What the server and the test tell each other.
#[derive(Clone, Debug)]
struct Steps {
    /// A permit for every step; closed when the server may do as it likes.
    go: Arc<Semaphore>,
    done: mpsc::UnboundedSender<Stage>,
    /// How many connections the server has open.
    open: Arc<AtomicUsize>,
    /// The number of requests that it has read, and neither responded to nor seen cancelled.
    in_hand: Arc<AtomicUsize>,
    /// How often it was asked for the conversation of the dropped call.
    asked: Arc<AtomicUsize>,
}

/// One of what is counted, as long as it is there.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Steps {
    async fn may(&self) {
        if let Ok(permit) = self.go.acquire().await {
            permit.forget();
        }
    }

    fn did(&self, stage: Stage) {
        self.done.send(stage).ok();
    }

    /// The response to the request with this target: the conversation that it asks for.
    fn response(&self, target: &str) -> String {
        let id = target.rsplit('/').next().unwrap();
        if id == DROPPED.to_string() {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        format!(r#"{{"meta":{{"status":200}},"data":{{"id":{id}}}}}"#)
    }
}

const DROPPED: u64 = 1;
const NEXT: u64 = 2;

/// Responds in steps, until the client closes the connection.
async fn serve_http1(steps: &Steps, stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    loop {
        steps.may().await;
        let Some(request) = read_request(stream).await else {
            return;
        };
        let _in_hand = Counted::new(&steps.in_hand);
        steps.did(Stage::Read);
        let request = String::from_utf8(request).unwrap();
        let body = steps.response(request.split(' ').nth(1).unwrap());
        let response = crate::support::ok_response(&body);
        let (head, body) = response.split_at(response.len() - body.len());
        let (half_head, head) = head.split_at(20);
        let (half_body, body) = body.split_at(10);
        for (part, stage) in [
            (half_head, Stage::HalfHead),
            (head, Stage::Head),
            (half_body, Stage::HalfBody),
            (body, Stage::Whole),
        ] {
            tokio::select! {
                biased;
                () = hold(&mut *stream) => return,
                () = steps.may() => {}
            }
            if stream.write_all(part.as_bytes()).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            steps.did(stage);
        }
    }
}

#[cfg(feature = "http2")]
async fn serve_http2(steps: &Steps, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let steps = steps.clone();
        tokio::spawn(async move {
            steps.may().await;
            let _in_hand = Counted::new(&steps.in_hand);
            steps.did(Stage::Read);
            let body = steps.response(request.uri().path());
            tokio::select! {
                biased;
                _ = std::future::poll_fn(|context| respond.poll_reset(context)) => return,
                () = steps.may() => {}
            }
            let Ok(mut sending) = respond.send_response(http::Response::new(()), false) else {
                return;
            };
            steps.did(Stage::Head);
            let (half, rest) = body.split_at(10);
            for (part, stage) in [(half, Stage::HalfBody), (rest, Stage::Whole)] {
                tokio::select! {
                    biased;
                    _ = std::future::poll_fn(|context| sending.poll_reset(context)) => return,
                    () = steps.may() => {}
                }
                let part = bytes::Bytes::copy_from_slice(part.as_bytes());
                if sending.send_data(part, stage == Stage::Whole).is_err() {
                    return;
                }
                steps.did(stage);
            }
        });
    }
}

#[derive(Clone, Copy, Debug)]
enum Protocol {
    Http1,
    Http1OverTls,
    #[cfg(feature = "http2")]
    Http2,
}

impl Protocol {
    /// All that the server does before a response is complete.
    fn stages(self) -> &'static [Stage] {
        use Stage::{Accepted, Connected, HalfBody, HalfHead, Head, Read};
        match self {
            Self::Http1 => &[Accepted, Read, HalfHead, Head, HalfBody],
            Self::Http1OverTls => &[Accepted, Connected, Read, HalfHead, Head, HalfBody],
            #[cfg(feature = "http2")]
            Self::Http2 => &[Accepted, Connected, Read, Head, HalfBody],
        }
    }

    fn transport(self) -> HyperTransport {
        let builder = builder().pool_max_idle_per_host(1);
        match self {
            #[cfg(feature = "http2")]
            Self::Http2 => builder.http2(true),
            _ => builder,
        }
        .build()
        .unwrap()
    }

    async fn server(self, steps: Steps) -> Server {
        let alpn: &[&str] = match self {
            #[cfg(feature = "http2")]
            Self::Http2 => &["h2"],
            _ => &[],
        };
        let acceptor = CA.acceptor("127.0.0.1", alpn);
        Server::start(move |_, mut stream| {
            let (steps, acceptor) = (steps.clone(), acceptor.clone());
            async move {
                let _open = Counted::new(&steps.open);
                steps.did(Stage::Accepted);
                if let Self::Http1 = self {
                    return serve_http1(&steps, &mut stream).await;
                }
                steps.may().await;
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                steps.did(Stage::Connected);
                match self {
                    #[cfg(feature = "http2")]
                    Self::Http2 => serve_http2(&steps, stream).await,
                    _ => serve_http1(&steps, &mut stream).await,
                }
            }
        })
        .await
    }
}

/// When a call is dropped.
#[derive(Clone, Copy, Debug)]
enum At {
    /// After this number of polls.
    Poll(usize),
    /// When it was polled in this state of the server.
    Stage(Stage),
}

/// Polls a call, and lets the server make a step whenever it waits for one; then drops it, and makes
/// sure that nothing is left. Gives the polls of a call that came to its end before.
async fn drop_a_call(protocol: Protocol, at: At) -> Option<usize> {
    let what = format!("{protocol:?}, dropped at {at:?}");
    let (done, mut did) = mpsc::unbounded_channel();
    let steps = Steps {
        go: Arc::new(Semaphore::new(0)),
        done,
        open: Arc::default(),
        in_hand: Arc::default(),
        asked: Arc::default(),
    };
    let server = protocol.server(steps.clone()).await;
    let url = match protocol {
        Protocol::Http1 => server.url(""),
        _ => server.https("127.0.0.1", ""),
    };
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();

    let rate_limit = Arc::new(OnePlace(Arc::new(Gate(Semaphore::new(1)))));
    let token = AuthToken::new(TOKEN).unwrap();
    let client = Client::builder(protocol.transport(), TokioClock::new(), token)
        .base_url(url.parse::<BaseUrl>().unwrap())
        .rate_limiter(Arc::clone(&rate_limit))
        .observer(Reports)
        .build()
        .unwrap();

    let mut call = ByHand::new(client.call(conversations::Get::new(ConversationId::new(DROPPED))));
    let mut polls = 0;
    let mut stage = None;
    // A step that the server may make and has not reported.
    let mut stepping = false;
    let ended = loop {
        if matches!(at, At::Poll(times) if times == polls) {
            break None;
        }
        polls += 1;
        if let Poll::Ready(result) = call.poll() {
            assert_eq!(result.unwrap().id.get(), DROPPED, "{what}");
            break Some(polls);
        }
        if matches!(at, At::Stage(last) if stage == Some(last)) {
            break None;
        }
        if stage.is_some() && !std::mem::replace(&mut stepping, true) {
            steps.go.add_permits(1);
        }
        tokio::select! {
            biased;
            () = call.woken() => {}
            now = did.recv() => {
                stepping = false;
                stage = now;
                if now.is_some_and(Stage::wakes) {
                    // The bytes may have woken it before the server reported them.
                    tokio::select! {
                        biased;
                        () = call.woken() => {}
                        () = turns() => {}
                    }
                }
            }
        }
    };
    drop(call);
    assert_eq!(
        rate_limit.0.0.available_permits(),
        1,
        "{what}: no free place"
    );

    if ended.is_none() {
        // The server stands still: no task continues a cancelled request in the background.
        let in_hand = || steps.in_hand.load(Ordering::SeqCst);
        settles(&format!("{what}: cancelled"), || in_hand() == 0).await;
    }
    steps.go.close();
    let next = client
        .call(conversations::Get::new(ConversationId::new(NEXT)))
        .await;
    assert_eq!(next.unwrap().id.get(), NEXT, "{what}");
    assert!(
        steps.asked.load(Ordering::SeqCst) <= 1,
        "{what}: sent again"
    );
    // One connection waits for the next call.
    let open = || steps.open.load(Ordering::SeqCst);
    settles(&format!("{what}: one connection"), || open() <= 1).await;
    assert!(server.accepted() <= 2, "{what}");

    drop(client);
    settles(&format!("{what}: no connection"), || open() == 0).await;
    settles(&format!("{what}: no task"), || tasks() == before).await;
    ended
}

async fn can_be_dropped_anywhere(protocol: Protocol) {
    for stage in protocol.stages() {
        let ended = drop_a_call(protocol, At::Stage(*stage)).await;
        assert_eq!(ended, None, "{protocol:?} never waited at {stage:?}");
    }
    let mut times = 0;
    let polls = loop {
        if let Some(polls) = drop_a_call(protocol, At::Poll(times)).await {
            break polls;
        }
        times += 1;
    };
    // At least one poll for the place, and one in each state.
    let least = 2 + protocol.stages().len();
    assert!(polls >= least, "{protocol:?}: {polls} polls");
}

#[tokio::test]
async fn http_1_calls_can_be_dropped_anywhere() {
    can_be_dropped_anywhere(Protocol::Http1).await;
}

#[tokio::test]
async fn a_call_over_tls_can_be_dropped_anywhere() {
    can_be_dropped_anywhere(Protocol::Http1OverTls).await;
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http_2_calls_can_be_dropped_anywhere() {
    can_be_dropped_anywhere(Protocol::Http2).await;
}
