use bytes::Bytes;
use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT as AGENT},
};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::de::DeserializeOwned;

use super::{Conversation, FORM, JSON, Part, Peer, TOKEN, USER_AGENT, Urls, decode, form};

/// The client with a pool, and serde_json.
#[derive(Clone)]
pub(super) struct HyperUtil {
    urls: Urls,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl HyperUtil {
    pub(super) fn new(address: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            urls: Urls::new(&format!("http://{address}")),
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }

    async fn send<T: DeserializeOwned>(&mut self, method: Method, url: String, body: Bytes) {
        let is_form = method == Method::POST;
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(AUTHORIZATION, format!("Token {TOKEN}"))
            .header(ACCEPT, JSON)
            .header(AGENT, USER_AGENT)
            .body(Full::new(body))
            .expect("a request");
        if is_form {
            let form = HeaderValue::from_static(FORM);
            request.headers_mut().insert(CONTENT_TYPE, form);
        }
        let response = self.client.request(request).await.expect("a response");
        assert!(response.status().is_success());
        let body = response.into_body().collect().await.expect("a body");
        decode::<T>(&body.to_bytes());
    }
}

impl Peer for HyperUtil {
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
}
