use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Certificate, Client, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use tokio_rustls::rustls::crypto::ring;

use super::{
    CONVERSATION, Conversation, JSON, MISSING, Part, Peer, Server, THROTTLED, TOKEN, USER_AGENT,
    Urls, decode, decode_error, form,
};

#[derive(Clone)]
pub(super) struct Reqwest {
    urls: Urls,
    client: Client,
}

impl Peer for Reqwest {
    async fn new(server: &'static Server) -> Self {
        // It brings no cryptography of its own; an error says that it is there already.
        let _ = ring::default_provider().install_default();
        let mut client = Client::builder().user_agent(USER_AGENT);
        if let Some(certificate) = &server.certificate {
            let certificate = Certificate::from_der(certificate).expect("a certificate");
            client = client.tls_certs_only([certificate]);
        }
        Self {
            urls: Urls::new(server.url()),
            client: client.build().expect("a client"),
        }
    }

    async fn conversation(&mut self) {
        call::<Conversation>(self.client.get(self.urls.conversation(CONVERSATION))).await;
    }

    async fn failing(&mut self) {
        let request = self.client.get(self.urls.conversation(MISSING));
        decode_error(&send(request).await.1);
    }

    async fn retried(&mut self) {
        loop {
            let request = self.client.get(self.urls.conversation(THROTTLED));
            let (status, body) = send(request).await;
            match status.is_success() {
                true => return decode::<Conversation>(&body),
                false => decode_error(&body),
            }
        }
    }

    async fn page(&mut self) {
        call::<Vec<Conversation>>(self.client.get(self.urls.page())).await;
    }

    async fn reply(&mut self, text: &'static str) {
        let request = self.client.post(self.urls.reply());
        call::<Part>(request.form(&form(text))).await;
    }

    async fn another(&self) -> Self {
        self.clone()
    }
}

async fn call<T: DeserializeOwned>(request: RequestBuilder) {
    let (status, body) = send(request).await;
    assert!(status.is_success());
    decode::<T>(&body);
}

async fn send(request: RequestBuilder) -> (StatusCode, Bytes) {
    let request = request
        .header(AUTHORIZATION, format!("Token {TOKEN}"))
        .header(ACCEPT, JSON);
    let response = request.send().await.expect("a response");
    (response.status(), response.bytes().await.expect("a body"))
}
