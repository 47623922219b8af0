use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::{Urls, by_hand::ByHand};

/// The client with a pool, and serde_json.
#[derive(Clone)]
pub(super) struct HyperUtil {
    urls: Urls,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl ByHand for HyperUtil {
    async fn new(address: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            urls: Urls::new(&format!("http://{address}")),
            client: Client::builder(TokioExecutor::new()).build(connector),
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
