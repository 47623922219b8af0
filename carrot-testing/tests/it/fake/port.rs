//! The fake on a port, over raw sockets: the same definition, strictness and reports.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::*;

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap()
}

/// Sends a request as a program in any language does; empty for a connection that was cut.
async fn exchange(url: &str, head: &str, body: &str) -> String {
    let mut stream = connect(url).await;
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response).await;
    response
}

#[tokio::test]
async fn port_and_transport_share_the_definition() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .user("order-42")
        .reply(fake::user())
        .times(2);
    fake.on_call(reply()).reply(fake::reply_receipt());
    fake.on::<conversations::Unassign>()
        .reply_error(ApiError::permission_denied());
    let server = fake.serve().await.unwrap();
    assert_eq!(server.url(), format!("http://{}", server.address()));
    assert_eq!(server.base_url().to_string(), server.url());

    done(&fake, get()).await;
    let get = "GET /v2/users/order-42?by_user_id=true";
    let response = exchange(&server.url(), get, "").await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("\"$name\":\"Ada\""), "{response}");
    // As the client writes it.
    let sent = "body=On+its+way&from_admin=default_admin";
    let response = exchange(&server.url(), "POST /v2/conversations/716/reply", sent).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    let response = exchange(&server.url(), "POST /v1/conversations/716/assign", "").await;
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    assert!(response.contains("\"PermissionDenied\""), "{response}");
    server.stop().await;
    fake.assert_order([
        "users.get",
        "users.get",
        "conversations.reply",
        "conversations.unassign",
    ]);
}

#[tokio::test]
async fn unexpected_request_on_the_port_fails() {
    let fake = Fake::new();
    fake.on::<users::Get>().user("order-43").reply(fake::user());
    let server = fake.serve().await.unwrap();
    let get = "GET /v2/users/order-42?by_user_id=true";
    let response = exchange(&server.url(), get, "").await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    assert!(response.contains("\"error\":\"NotExpected\""), "{response}");
    assert!(
        response.contains("the fake expected no such call of users.get"),
        "{response}"
    );
    let text = failure(move || drop(fake));
    assert!(text.contains("2 problems"), "{text}");
    assert!(
        text.contains("✗ external id of the user is \"order-43\""),
        "{text}"
    );
    let response = exchange(&server.url(), get, "").await;
    assert!(
        response.contains("the fake was dropped before this call"),
        "{response}"
    );
}

#[tokio::test]
async fn failure_cuts_and_a_page_is_kept_out() {
    let fake = Fake::new();
    fake.on::<users::Get>()
        .fail(TransportErrorKind::Reset, Sent::Maybe);
    let server = fake.serve().await.unwrap();
    assert_eq!(exchange(&server.url(), "GET /v2/users/7", "").await, "");

    let mut stream = connect(&server.url()).await;
    let request = b"GET /v2/users/7 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn stop_ends_what_never_responds() {
    let fake = Fake::new();
    fake.on::<users::Get>().never_respond();
    let server = fake.serve().await.unwrap();
    let url = server.url();
    let hanging = tokio::spawn(async move { exchange(&url, "GET /v2/users/7", "").await });
    while fake.calls().is_empty() {
        tokio::task::yield_now().await;
    }
    let stopped = tokio::time::timeout(5 * SECOND, server.stop()).await;
    assert!(stopped.is_ok());
    assert_eq!(hanging.await.unwrap(), "");
}
