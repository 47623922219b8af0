//! Webhooks over HTTP, to a receiver on raw sockets.

use std::time::Duration;

use carrot_testing::{Sandbox, sandbox::DeliveryState};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::common::start;

/// Responds to one request with each of these, and returns what came: heads and bodies.
async fn receive(listener: TcpListener, responses: &[&str]) -> Vec<(String, String)> {
    let mut requests = Vec::new();
    for response in responses {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let (head, length) = loop {
            stream.read_buf(&mut bytes).await.unwrap();
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let length = head.split("content-length: ").nth(1).unwrap();
                let length: usize = length.lines().next().unwrap().parse().unwrap();
                break (head.to_owned(), length);
            }
        };
        while bytes.len() < head.len() + 4 + length {
            stream.read_buf(&mut bytes).await.unwrap();
        }
        let body = String::from_utf8(bytes[head.len() + 4..].to_vec()).unwrap();
        requests.push((head, body));
        stream.write_all(response.as_bytes()).await.unwrap();
    }
    requests
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
const CREATED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_failed_delivery_is_repeated() {
    let sandbox = Sandbox::new();
    start(&sandbox, "order-42", "First");
    start(&sandbox, "order-43", "Second");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?of=shop", listener.local_addr().unwrap());
    let written = sandbox.webhooks();
    let receiver = tokio::spawn(receive(listener, &[OK, BUSY, CREATED, OK]));

    let states = |sandbox: &Sandbox| {
        let webhooks = sandbox.webhooks();
        let states = webhooks.iter().map(|one| (one.attempts(), one.state()));
        states.collect::<Vec<_>>()
    };
    use DeliveryState::{Delivered, Waiting};
    assert_eq!(sandbox.deliver_webhooks_to(&url).await.unwrap().len(), 2);
    assert_eq!(states(&sandbox), [(1, Delivered), (1, Waiting)]);
    // Nothing is due, so nothing is sent.
    sandbox.advance(Duration::from_secs(29));
    assert_eq!(sandbox.deliver_webhooks_to(&url).await.unwrap(), []);
    sandbox.advance(Duration::from_secs(1));
    assert_eq!(sandbox.deliver_webhooks_to(&url).await.unwrap().len(), 1);
    assert_eq!(states(&sandbox), [(1, Delivered), (2, Waiting)]);
    sandbox.advance(Duration::from_secs(60));
    let posted = sandbox.deliver_webhooks_to(&url).await.unwrap();
    assert_eq!(posted[0].state(), Delivered);
    assert_eq!(states(&sandbox), [(1, Delivered), (3, Delivered)]);

    let requests = receiver.await.unwrap();
    for ((head, body), of) in requests.iter().zip([0, 1, 1, 1]) {
        assert!(
            head.starts_with("post /hook?of=shop http/1.1\r\n"),
            "{head}"
        );
        assert!(
            head.contains("\r\nuser-agent: carrotquest webhook 1.0\r\n"),
            "{head}"
        );
        assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"));
        assert_eq!(body, written[of].body());
    }
}

#[tokio::test]
async fn a_missing_receiver_is_abandoned() {
    let sandbox = Sandbox::new();
    start(&sandbox, "order-42", "First");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    for attempt in 1..=5 {
        let posted = sandbox.deliver_webhooks_to(&url).await.unwrap();
        assert_eq!(posted[0].attempts(), attempt);
        sandbox.advance(Duration::from_secs(30 << (attempt - 1)));
    }
    assert_eq!(sandbox.webhooks()[0].state(), DeliveryState::Abandoned);
    sandbox.advance(Duration::from_secs(1_000_000));
    assert_eq!(sandbox.deliver_webhooks_to(&url).await.unwrap(), []);
}

#[tokio::test]
async fn what_was_not_posted_has_used_no_attempt() {
    let sandbox = Sandbox::new();
    for user in ["order-42", "order-43", "order-44"] {
        start(&sandbox, user, "Hello");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let attempts = || -> Vec<u32> {
        let webhooks = sandbox.webhooks();
        webhooks.iter().map(|one| one.attempts()).collect()
    };
    // The receiver takes the connection and says nothing; then the round is abandoned.
    tokio::select! {
        _ = sandbox.deliver_webhooks_to(&url) => panic!("no response comes"),
        stream = listener.accept() => drop(stream.unwrap()),
    }
    assert_eq!(attempts(), [1, 0, 0]);
    let receiver = tokio::spawn(receive(listener, &[OK, OK]));
    assert_eq!(sandbox.deliver_webhooks_to(&url).await.unwrap().len(), 2);
    receiver.await.unwrap();
    assert_eq!(attempts(), [1, 1, 1]);
}

/// With the clock of the runtime standing still, so that the ten seconds pass at once.
#[tokio::test(start_paused = true)]
async fn a_silent_receiver_times_out() {
    let sandbox = Sandbox::new();
    start(&sandbox, "order-42", "First");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let start = tokio::time::Instant::now();
    let posted = sandbox.deliver_webhooks_to(&url).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
    assert_eq!(
        (posted[0].attempts(), posted[0].state()),
        (1, DeliveryState::Waiting)
    );
}

#[tokio::test]
async fn webhook_comes_twice_late_and_out_of_order() {
    let sandbox = Sandbox::new();
    start(&sandbox, "order-42", "First");
    start(&sandbox, "order-43", "Second");
    let [first, second] = &sandbox.webhooks()[..] else {
        panic!("one for each message");
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let receiver = tokio::spawn(receive(listener, &[OK, BUSY, OK]));
    let mut statuses = Vec::new();
    for webhook in [second, first, second] {
        sandbox.advance(Duration::from_secs(3600));
        statuses.push(sandbox.post_webhook_to(&url, webhook).await.unwrap());
    }
    let statuses = statuses.iter().map(|status| status.map(|one| one.as_u16()));
    assert_eq!(
        statuses.collect::<Vec<_>>(),
        [Some(200), Some(503), Some(200)]
    );
    let bodies: Vec<String> = receiver
        .await
        .unwrap()
        .into_iter()
        .map(|(_, body)| body)
        .collect();
    assert_eq!(bodies, [second.body(), first.body(), second.body()]);
    // The receiver is gone, and nothing counts as an attempt.
    assert_eq!(sandbox.post_webhook_to(&url, first).await.unwrap(), None);
    assert_eq!(sandbox.webhooks()[0].attempts(), 0);
    assert_eq!(sandbox.webhooks()[0].state(), DeliveryState::Waiting);
    assert!(
        sandbox
            .post_webhook_to("http://8.8.8.8", first)
            .await
            .is_err()
    );
}

#[test]
fn webhook_is_a_ready_request() {
    let sandbox = Sandbox::new();
    start(&sandbox, "order-42", "First");
    let webhook = &sandbox.webhooks()[0];
    let request = webhook.to_request(http::Uri::from_static("/hook?of=shop"));
    assert_eq!(
        (
            request.method().as_str(),
            request.uri().to_string().as_str()
        ),
        ("POST", "/hook?of=shop")
    );
    assert_eq!(request.headers()["content-type"], super::common::FORM);
    assert_eq!(request.headers()["user-agent"], "Carrotquest Webhook 1.0");
    assert_eq!(request.body(), webhook.body());
}

#[tokio::test]
async fn only_this_machine_is_posted_to() {
    let sandbox = Sandbox::new();
    start(&sandbox, "order-42", "First");
    for url in [
        "",
        "hook",
        "/hook",
        "https://127.0.0.1/",
        "http://example.com/",
        "http://8.8.8.8",
        "http://localhost.example.com/",
        "http://[2001:db8::1]/",
        "ftp://localhost/",
    ] {
        let error = sandbox.deliver_webhooks_to(url).await.unwrap_err();
        assert_eq!(error.field(), "address of webhooks");
    }
    assert_eq!(sandbox.webhooks()[0].attempts(), 0);
}
