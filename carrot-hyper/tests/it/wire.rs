//! The bytes of a request: what the operation says, and nothing else.

use std::sync::{Arc, Mutex};

use carrot_hyper::{
    ApiContext, ApiVersion, AuthToken, BaseUrl, Body, Client, Endpoint, HttpTransport, TokioClock,
    endpoint::{Path, RequestParts, ResponseError, response},
    transport::CallContext,
    types::{Empty, InvalidValue, UserId},
};
use carrot_testing::stub::SendWith;
use http::{Method, Request};
use tokio::{io::AsyncWriteExt, sync::mpsc};

use crate::support::{Server, canary::TOKEN, ok_response, read_request, transport};

const FINE: &str = r#"{"meta": {"status": 200}, "data": {}}"#;

/// `/users/{id}/salute` with any method.
#[derive(Debug)]
struct Salute(Method);

impl Endpoint for Salute {
    type Output = Empty;
    const NAME: &'static str = "users.salute";

    const IDEMPOTENT: bool = false;

    fn request(&self, _context: &ApiContext) -> Result<RequestParts, InvalidValue> {
        let path = Path::new()
            .then("users")
            .id("user", UserId::new(7))?
            .then("salute");
        let mut request = RequestParts::new(self.0.clone(), path);
        request.parameters.flag("politely", true);
        Ok(request)
    }

    fn decode(&self, _: ApiVersion, body: &[u8]) -> Result<Empty, ResponseError> {
        response::data(body)
    }
}

/// A server that hands over every request as it came.
async fn recording() -> (Server, mpsc::UnboundedReceiver<String>) {
    let (requests, seen) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let requests = requests.clone();
        async move {
            while let Some(request) = read_request(&mut stream).await {
                requests.send(String::from_utf8(request).unwrap()).unwrap();
                stream
                    .write_all(ok_response(FINE).as_bytes())
                    .await
                    .unwrap();
            }
        }
    })
    .await;
    (server, seen)
}

fn client(transport: impl HttpTransport, server: &Server) -> Client {
    let token = AuthToken::new(TOKEN).unwrap();
    Client::builder(transport, TokioClock::new(), token)
        .base_url(server.url("/proxied").parse::<BaseUrl>().unwrap())
        .user_agent("test/1")
        .build()
        .unwrap()
}

/// The request line, the headers in alphabetical order, the body.
fn parts(request: &str) -> (&str, Vec<&str>, &str) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap();
    let mut headers: Vec<_> = lines.collect();
    headers.sort_unstable();
    (first, headers, body)
}

#[tokio::test]
async fn a_get_carries_its_own_headers_and_host() {
    let (server, mut seen) = recording().await;
    client(transport(), &server)
        .call(Salute(Method::GET))
        .await
        .unwrap();
    let request = seen.recv().await.unwrap();
    let host = format!("host: {}", server.authority());
    assert_eq!(
        parts(&request),
        (
            "GET /proxied/v2/users/7/salute?politely=true HTTP/1.1",
            vec![
                "accept: application/json",
                "authorization: Token app.1.c4n4ry-token",
                &host,
                "user-agent: test/1",
            ],
            ""
        )
    );
}

#[tokio::test]
async fn a_form_carries_its_length_too() {
    let (server, mut seen) = recording().await;
    client(transport(), &server)
        .call(Salute(Method::POST))
        .await
        .unwrap();
    let request = seen.recv().await.unwrap();
    let host = format!("host: {}", server.authority());
    assert_eq!(
        parts(&request),
        (
            "POST /proxied/v2/users/7/salute HTTP/1.1",
            vec![
                "accept: application/json",
                "authorization: Token app.1.c4n4ry-token",
                "content-length: 13",
                "content-type: application/x-www-form-urlencoded",
                &host,
                "user-agent: test/1",
            ],
            "politely=true"
        )
    );
}

#[tokio::test]
async fn a_bare_request_gets_required_headers_only() {
    let (server, mut seen) = recording().await;
    let host = format!("host: {}", server.authority());
    for (method, headers) in [
        (Method::GET, vec![host.as_str()]),
        (Method::DELETE, vec![&host]),
        (Method::POST, vec!["content-length: 0", &host]),
        (Method::PUT, vec!["content-length: 0", &host]),
        (Method::PATCH, vec!["content-length: 0", &host]),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(server.url("/"))
            .body(Body::empty())
            .unwrap();
        transport().send(request).await.unwrap();
        let request = seen.recv().await.unwrap();
        assert_eq!(parts(&request).1, headers, "{request}");
    }
}

#[tokio::test]
async fn a_transport_around_it_sees_what_is_called() {
    let server = Server::responding(ok_response(FINE)).await;
    let noted = Arc::<Mutex<Vec<CallContext>>>::default();
    let (inner, notes) = (transport(), Arc::clone(&noted));
    let noting = SendWith::new(move |request| {
        let context = request.extensions().get::<CallContext>().unwrap().clone();
        notes.lock().unwrap().push(context);
        let inner = inner.clone();
        async move { inner.send(request).await }
    });
    client(noting, &server)
        .call(Salute(Method::POST))
        .await
        .unwrap();
    let noted = noted.lock().unwrap();
    assert_eq!(noted.len(), 1);
    assert_eq!(noted[0].operation, "users.salute");
    assert_eq!(noted[0].path_template, "/v2/users/{id}/salute");
    assert_eq!(noted[0].attempt, 1);
}
