//! The sandbox on a port, over raw sockets.

use carrot_testing::{Sandbox, sandbox::Fault};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) async fn exchange(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn the_port_and_the_transport_are_one_service() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    assert_eq!(server.url(), format!("http://127.0.0.1:{}", server.port()));
    assert_eq!(server.base_url().to_string(), server.url());
    assert_eq!(server.url(), format!("http://{}", server.address()));
    let body = "by_user_id=true&body=Hi";
    let request = format!(
        "POST /users/order-42/startconversation HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        sandbox.token(),
        body.len()
    );
    let response = exchange(server.port(), &request).await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("content-type: application/json\r\n"));
    assert!(
        response
            .ends_with("\r\n\r\n{\"data\":{\"id\":2155668332815057077},\"meta\":{\"status\":200}}"),
        "{response}"
    );
    assert_eq!(sandbox.conversations().len(), 1);

    let unknown = "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let response = exchange(server.port(), unknown).await;
    assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
    assert!(response.contains("\"error\":\"Error404\""));
}

#[tokio::test]
async fn a_lost_response_leaves_its_effect() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    sandbox.inject(Fault::lost_response());
    let request = |body: &str| {
        format!(
            "POST /v2/users/order-42/startconversation HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Token {}\r\nContent-Length: {}\r\n\r\n{body}",
            sandbox.token(),
            body.len()
        )
    };
    let body = "by_user_id=true&body=Hi";
    assert_eq!(exchange(server.port(), &request(body)).await, "");
    assert_eq!(sandbox.conversations().len(), 1);
    let response = exchange(server.port(), &request(body)).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

#[tokio::test]
async fn too_large_bodies_get_an_envelope() {
    let server = Sandbox::new().serve().await.unwrap();
    let bytes = 40 * 1024 * 1024 + 1;
    let request = format!(
        "POST /v2/users/import HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {bytes}\r\n\r\n{}",
        "x".repeat(bytes)
    );
    let response = exchange(server.port(), &request).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
    assert!(response.contains("larger than 40 MiB"), "{response}");
}

#[tokio::test]
async fn the_server_stops_when_it_is_dropped() {
    let server = Sandbox::new().serve().await.unwrap();
    let mut open = TcpStream::connect(("127.0.0.1", server.port()))
        .await
        .unwrap();
    open.write_all(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    open.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 404");
    let port = server.port();
    drop(server);
    // The connection that is kept alive ends, which is after the port is closed.
    let mut rest = Vec::new();
    open.read_to_end(&mut rest).await.unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn an_address_is_taken_once() {
    let sandbox = Sandbox::new();
    let first = sandbox.serve_on("[::1]:0".parse().unwrap()).await;
    let first = match first {
        Ok(first) => first,
        // A machine without IPv6.
        Err(_) => sandbox
            .serve_on("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap(),
    };
    assert_ne!(first.port(), 0);
    assert!(first.base_url().is_secure());
    assert!(sandbox.serve_on(first.address()).await.is_err());
}

#[tokio::test]
async fn stopping_waits_for_the_port_to_be_closed() {
    let server = Sandbox::new().serve().await.unwrap();
    let address = server.address();
    let unknown = "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    exchange(server.port(), unknown).await;
    server.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn foreign_host_and_origin_are_rejected() {
    let server = Sandbox::new().serve().await.unwrap();
    let port = server.port();
    let own = format!("http://localhost:{port}");
    for (host, origin, status) in [
        ("attacker.example", None, 403),
        ("", None, 403),
        ("127.0.0.1.attacker.example", None, 403),
        ("localhost", Some("https://attacker.example"), 403),
        ("localhost", Some("null"), 403),
        ("localhost.attacker.example", None, 403),
        ("attacker.example:80", None, 403),
        ("attacker.example@localhost", None, 403),
        ("localhost@attacker.example", None, 403),
        ("localhost.", None, 403),
        ("0.0.0.0", None, 403),
        ("169.254.169.254", None, 403),
        ("[::]", None, 403),
        ("[::ffff:10.0.0.1]", None, 403),
        ("[::1", None, 403),
        ("localhost, attacker.example", None, 403),
        ("localhost", Some("http://localhost:1"), 403),
        ("localhost", Some("https://localhost"), 403),
        ("localhost", Some("http://localhost.attacker.example"), 403),
        ("localhost", Some(""), 403),
        ("127.0.0.1", Some("http://localhost"), 403),
        ("attacker.example", Some("http://attacker.example"), 403),
        ("LocalHost", Some("http://localhost"), 404),
        ("127.8.9.1:80", None, 404),
        ("[::1]:80", Some("http://[::1]:80"), 404),
        ("LOCALHOST", None, 404),
        ("127.0.0.1:80", None, 404),
        ("[::1]", None, 404),
        (&own[7..], Some(own.as_str()), 404),
    ] {
        let origin = origin.map_or(String::new(), |origin| format!("Origin: {origin}\r\n"));
        let request =
            format!("GET /x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{origin}\r\n");
        let response = exchange(port, &request).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(response.starts_with(&expected), "{request}{response}");
    }
}

#[tokio::test]
async fn stopping_cuts_a_response_that_waits() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve().await.unwrap();
    let held = sandbox.inject(Fault::hold());
    let mut open = TcpStream::connect(server.address()).await.unwrap();
    open.write_all(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    held.held().await;
    tokio::time::pause();
    server.stop().await;
    let mut rest = Vec::new();
    let _ = open.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn header_that_never_ends_is_cut() {
    let server = Sandbox::new().serve().await.unwrap();
    let mut open = TcpStream::connect(server.address()).await.unwrap();
    open.write_all(b"GET /x HTTP/1.1\r\nHost: local")
        .await
        .unwrap();
    tokio::time::pause();
    let mut rest = Vec::new();
    let _ = open.read_to_end(&mut rest).await;
}
