use std::hint::black_box;

use carrot_hyper::{
    AuthToken, BaseUrl, Client, HyperTransport, NoRateLimit, TokioClock,
    apps::Conversations,
    conversations::{Get, Reply},
    endpoint::Paging,
    types::ConversationId,
};

use super::{CONVERSATION, Peer, TASKS, TOKEN};

/// With the defaults, except for the rate limit, which would make it wait.
#[derive(Clone)]
pub(super) struct Carrot(Client);

impl Carrot {
    pub(super) fn new(address: &str) -> Self {
        let transport = HyperTransport::builder().build().expect("a transport");
        let token = AuthToken::new(TOKEN).expect("a token");
        let base: BaseUrl = format!("http://{address}").parse().expect("an address");
        let client = Client::builder(transport, TokioClock::new(), token)
            .base_url(base)
            .rate_limiter(NoRateLimit::new())
            .build();
        Self(client.expect("a client"))
    }
}

fn get() -> Get {
    Get::new(ConversationId::new(CONVERSATION))
}

impl Peer for Carrot {
    async fn conversation(&mut self) {
        black_box(self.0.call(get()).await.expect("a response"));
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

    async fn conversations(&mut self, times: u32) {
        let calls = self.0.call_all(0..times, |_| get());
        let mut calls = calls.concurrency(TASKS as usize);
        let mut failed = 0;
        while let Some(item) = calls.next().await {
            failed += usize::from(black_box(item).result.is_err());
        }
        assert_eq!(failed, 0);
    }
}
