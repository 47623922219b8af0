use std::{hint::black_box, time::Duration};

use carrot_hyper::{
    AuthToken, BaseUrl, Client, HyperTransport, NoRateLimit, RetryPolicy, TlsRoots, TokioClock,
    apps::Conversations,
    conversations::{Get, Reply},
    endpoint::Paging,
    retry::FailedAttempt,
    types::ConversationId,
};

use super::{CONVERSATION, MISSING, Peer, Server, THROTTLED, TOKEN};

/// With the defaults, except for the rate limit and the pauses of retries, which would make it wait.
#[derive(Clone)]
pub(super) struct Carrot(Client);

/// Retries at once, so that nobody waits for the clock.
#[derive(Debug)]
struct AtOnce;

impl RetryPolicy for AtOnce {
    fn pause(&self, _attempt: &FailedAttempt) -> Option<Duration> {
        Some(Duration::ZERO)
    }
}

fn get(conversation: u64) -> Get {
    Get::new(ConversationId::new(conversation))
}

impl Peer for Carrot {
    async fn new(server: &'static Server) -> Self {
        let mut transport = HyperTransport::builder();
        if let Some(certificate) = &server.certificate {
            transport = transport
                .http2(true)
                .tls_roots(TlsRoots::OnlyAdded)
                .add_root_certificate_der(certificate.as_slice());
        }
        let transport = transport.build().expect("a transport");
        let token = AuthToken::new(TOKEN).expect("a token");
        let base: BaseUrl = server.url().parse().expect("an address");
        let client = Client::builder(transport, TokioClock::new(), token)
            .base_url(base)
            .rate_limiter(NoRateLimit::new())
            .retry(AtOnce)
            .build();
        Self(client.expect("a client"))
    }

    async fn conversation(&mut self) {
        let conversation = self.0.call(get(CONVERSATION)).await;
        black_box(conversation.expect("a response"));
    }

    async fn failing(&mut self) {
        let error = self.0.call(get(MISSING)).await;
        black_box(error.expect_err("it does not exist"));
    }

    async fn retried(&mut self) {
        let conversation = self.0.call(get(THROTTLED)).await;
        black_box(conversation.expect("a response"));
    }

    async fn page(&mut self) {
        let page = Conversations::new().page(Paging::new().size(50));
        black_box(self.0.call(page).await.expect("a response"));
    }

    async fn reply(&mut self, text: &'static str) {
        let reply = Reply::new(ConversationId::new(CONVERSATION), text);
        black_box(self.0.call(reply).await.expect("a response"));
    }

    async fn another(&self) -> Self {
        self.clone()
    }

    async fn conversations(&mut self, times: u32, at_a_time: u32) {
        let calls = self.0.call_all(0..times, |_| get(CONVERSATION));
        let mut calls = calls.concurrency(at_a_time as usize);
        let mut failed = 0;
        while let Some(item) = calls.next().await {
            failed += usize::from(black_box(item).result.is_err());
        }
        assert_eq!(failed, 0);
    }
}
