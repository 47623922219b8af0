use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::HOST};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Server, Urls, by_hand::ByHand};

/// hyper's connection alone: no pool, and nobody opens a new one when it closes.
pub(super) struct Hyper {
    server: &'static Server,
    urls: Urls,
    sender: Sender,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl ByHand for Hyper {
    async fn new(server: &'static Server) -> Self {
        let stream = TcpStream::connect(&server.host).await;
        let stream = stream.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        if server.certificate.is_none() {
            let connected = http1::handshake(TokioIo::new(stream)).await;
            let (sender, connection) = connected.expect("a handshake");
            tokio::spawn(connection);
            return Self {
                server,
                urls: Urls::new(""),
                sender: Sender::Http1(sender),
            };
        }
        let mut tls = server.tls();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let (name, _) = server.host.split_once(':').expect("a port");
        let name = name.to_owned().try_into().expect("a name");
        let stream = TlsConnector::from(Arc::new(tls))
            .connect(name, stream)
            .await;
        let stream = TokioIo::new(stream.expect("a TLS handshake"));
        let connected = http2::handshake(TokioExecutor::new(), stream).await;
        let (sender, connection) = connected.expect("a handshake");
        tokio::spawn(connection);
        Self {
            server,
            urls: Urls::new(server.url()),
            sender: Sender::Http2(sender),
        }
    }

    fn urls(&self) -> &Urls {
        &self.urls
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> Response<Incoming> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                let host = HeaderValue::from_str(&self.server.host).expect("a host");
                request.headers_mut().insert(HOST, host);
                sender.ready().await.expect("a connection");
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await.expect("a connection");
                sender.send_request(request).await
            }
        }
        .expect("a response")
    }

    async fn another(&self) -> Self {
        match &self.sender {
            Sender::Http1(_) => <Self as ByHand>::new(self.server).await,
            Sender::Http2(sender) => Self {
                server: self.server,
                urls: self.urls.clone(),
                sender: Sender::Http2(sender.clone()),
            },
        }
    }
}
