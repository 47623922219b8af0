use bytes::Bytes;
use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT as AGENT},
};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::{Conversation, FORM, JSON, Part, Peer, TOKEN, USER_AGENT, Urls, decode, form};

/// hyper's connection alone: no pool, and nobody opens a new one when it closes.
pub(super) struct Hyper {
    address: String,
    urls: Urls,
    sender: SendRequest<Full<Bytes>>,
}

impl Hyper {
    pub(super) async fn new(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("a handshake");
        tokio::spawn(connection);
        Self {
            address: address.to_owned(),
            urls: Urls::new(""),
            sender,
        }
    }

    async fn send<T: DeserializeOwned>(&mut self, method: Method, url: String, body: Bytes) {
        let is_form = method == Method::POST;
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(HOST, self.address.as_str())
            .header(AUTHORIZATION, format!("Token {TOKEN}"))
            .header(ACCEPT, JSON)
            .header(AGENT, USER_AGENT)
            .body(Full::new(body))
            .expect("a request");
        if is_form {
            let form = HeaderValue::from_static(FORM);
            request.headers_mut().insert(CONTENT_TYPE, form);
        }
        self.sender.ready().await.expect("a connection");
        let response = self.sender.send_request(request).await.expect("a response");
        assert!(response.status().is_success());
        let body = response.into_body().collect().await.expect("a body");
        decode::<T>(&body.to_bytes());
    }
}

/// Only what the row with many tasks has: each of them has a connection.
impl Clone for Hyper {
    fn clone(&self) -> Self {
        unreachable!("a connection has one owner")
    }
}

impl Peer for Hyper {
    async fn conversation(&mut self) {
        let url = self.urls.conversation();
        self.send::<Conversation>(Method::GET, url, Bytes::new())
            .await;
    }

    async fn page(&mut self) {
        let url = self.urls.page();
        self.send::<Vec<Conversation>>(Method::GET, url, Bytes::new())
            .await;
    }

    async fn reply(&mut self, text: &'static str) {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form(text))
            .finish();
        let url = self.urls.reply();
        self.send::<Part>(Method::POST, url, body.into()).await;
    }

    async fn another(&self) -> Self {
        Self::new(&self.address).await
    }
}
