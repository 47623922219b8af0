use http::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;

use super::{Conversation, JSON, Part, Peer, TOKEN, USER_AGENT, Urls, decode, form};

#[derive(Clone)]
pub(super) struct Reqwest {
    urls: Urls,
    client: Client,
}

impl Reqwest {
    pub(super) fn new(address: &str) -> Self {
        Self {
            urls: Urls::new(&format!("http://{address}")),
            client: Client::builder()
                .user_agent(USER_AGENT)
                .build()
                .expect("a client"),
        }
    }
}

async fn send<T: DeserializeOwned>(request: RequestBuilder) {
    let request = request
        .header(AUTHORIZATION, format!("Token {TOKEN}"))
        .header(ACCEPT, JSON);
    let response = request.send().await.expect("a response");
    assert!(response.status().is_success());
    decode::<T>(&response.bytes().await.expect("a body"));
}

impl Peer for Reqwest {
    async fn conversation(&mut self) {
        send::<Conversation>(self.client.get(self.urls.conversation())).await;
    }

    async fn page(&mut self) {
        send::<Vec<Conversation>>(self.client.get(self.urls.page())).await;
    }

    async fn reply(&mut self, text: &'static str) {
        let request = self.client.post(self.urls.reply());
        send::<Part>(request.form(&form(text))).await;
    }

    async fn another(&self) -> Self {
        self.clone()
    }
}
