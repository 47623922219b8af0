use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connect, HttpConnector},
    },
    rt::TokioExecutor,
};

use super::{Server, Urls, by_hand::ByHand};

/// The client with a pool, and serde_json.
#[derive(Clone)]
pub(super) struct HyperUtil<C> {
    urls: Urls,
    client: Client<C, Full<Bytes>>,
}

pub(super) type Plain = HyperUtil<HttpConnector>;
/// Over HTTP/2.
pub(super) type Encrypted = HyperUtil<HttpsConnector<HttpConnector>>;

/// A connector for a server.
pub(super) trait ForServer: Connect + Clone + Send + Sync + 'static {
    fn for_server(server: &Server) -> Self;
}

impl ForServer for HttpConnector {
    fn for_server(_: &Server) -> Self {
        let mut connector = Self::new();
        connector.set_nodelay(true);
        connector
    }
}

impl ForServer for HttpsConnector<HttpConnector> {
    fn for_server(server: &Server) -> Self {
        let mut connector = HttpConnector::for_server(server);
        connector.enforce_http(false);
        HttpsConnectorBuilder::new()
            .with_tls_config(server.tls())
            .https_only()
            .enable_http2()
            .wrap_connector(connector)
    }
}

impl<C: ForServer> ByHand for HyperUtil<C> {
    async fn new(server: &'static Server) -> Self {
        Self {
            urls: Urls::new(server.url()),
            client: Client::builder(TokioExecutor::new()).build(C::for_server(server)),
        }
    }

    fn urls(&self) -> &Urls {
        &self.urls
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.client.request(request).await.expect("a response")
    }

    async fn another(&self) -> Self {
        self.clone()
    }
}
