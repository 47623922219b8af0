//! What a program writes by hand over hyper, with its pool or without.

use std::future::Future;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT as AGENT},
};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use super::{
    CONVERSATION, Conversation, FORM, JSON, MISSING, Part, Peer, Server, THROTTLED, TOKEN,
    USER_AGENT, Urls, decode, decode_error, form,
};

/// A way to send a request.
pub(super) trait ByHand: Send + Sized + 'static {
    async fn new(server: &'static Server) -> Self;
    fn urls(&self) -> &Urls;
    fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Response<Incoming>> + Send;
    async fn another(&self) -> Self;
}

async fn call<T: DeserializeOwned>(by: &mut impl ByHand, method: Method, url: String, body: Bytes) {
    let (status, body) = send(by, method, url, body).await;
    assert!(status.is_success());
    decode::<T>(&body);
}

async fn send(
    by: &mut impl ByHand,
    method: Method,
    url: String,
    body: Bytes,
) -> (StatusCode, Bytes) {
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
    let response = by.send(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.expect("a body");
    (status, body.to_bytes())
}

impl<B: ByHand> Peer for B {
    async fn new(server: &'static Server) -> Self {
        <B as ByHand>::new(server).await
    }

    async fn conversation(&mut self) {
        let url = self.urls().conversation(CONVERSATION);
        call::<Conversation>(self, Method::GET, url, Bytes::new()).await;
    }

    async fn failing(&mut self) {
        let url = self.urls().conversation(MISSING);
        let (_, body) = send(self, Method::GET, url, Bytes::new()).await;
        decode_error(&body);
    }

    async fn retried(&mut self) {
        loop {
            let url = self.urls().conversation(THROTTLED);
            let (status, body) = send(self, Method::GET, url, Bytes::new()).await;
            match status.is_success() {
                true => return decode::<Conversation>(&body),
                false => decode_error(&body),
            }
        }
    }

    async fn page(&mut self) {
        let url = self.urls().page();
        call::<Vec<Conversation>>(self, Method::GET, url, Bytes::new()).await;
    }

    async fn reply(&mut self, text: &'static str) {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form(text))
            .finish();
        let url = self.urls().reply();
        call::<Part>(self, Method::POST, url, body.into()).await;
    }

    async fn another(&self) -> Self {
        ByHand::another(self).await
    }
}
