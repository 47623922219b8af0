use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::HOST};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Urls, by_hand::ByHand};

/// hyper's connection alone: no pool, and nobody opens a new one when it closes.
pub(super) struct Hyper {
    address: String,
    urls: Urls,
    sender: SendRequest<Full<Bytes>>,
}

impl ByHand for Hyper {
    async fn new(address: &str) -> Self {
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

    fn urls(&self) -> &Urls {
        &self.urls
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Response<Incoming> {
        let host = HeaderValue::from_str(&self.address).expect("a host");
        request.headers_mut().insert(HOST, host);
        self.sender.ready().await.expect("a connection");
        self.sender.send_request(request).await.expect("a response")
    }

    async fn another(&self) -> Self {
        <Self as ByHand>::new(&self.address).await
    }
}
