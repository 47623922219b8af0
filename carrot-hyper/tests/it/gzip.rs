//! Responses compressed with gzip: requested, unrequested, too large, broken.

use std::io::Write;

use carrot_hyper::{Sent, transport::TransportErrorKind::Protocol};
use flate2::{Compression, write::GzEncoder};
use tokio::{io::AsyncWriteExt, sync::mpsc};

use crate::support::{
    Server, builder, canary::TOKEN, fails, get, ok_response, read_request, succeeds, transport,
};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// A response with this `content-encoding`, whose body is complete as far as HTTP knows.
fn encoded(status: u16, encoding: &str, body: &[u8]) -> Vec<u8> {
    let mut response = format!(
        "HTTP/1.1 {status} Whatever\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    response.extend_from_slice(body);
    response
}

/// The head of the request that this transport sends, in small letters.
async fn head_sent_by(transport: &carrot_hyper::HyperTransport) -> String {
    let (requests, mut seen) = mpsc::unbounded_channel();
    let server = Server::start(move |_, mut stream| {
        let requests = requests.clone();
        async move {
            requests
                .send(read_request(&mut stream).await.unwrap())
                .unwrap();
            stream.write_all(ok_response("").as_bytes()).await.unwrap();
        }
    })
    .await;
    succeeds(transport, get(server.url("/"))).await;
    String::from_utf8(seen.recv().await.unwrap())
        .unwrap()
        .to_lowercase()
}

#[tokio::test]
async fn unrequested_encodings_are_errors() {
    let head = head_sent_by(&transport()).await;
    assert!(!head.contains("accept-encoding"), "{head}");
    for encoding in ["gzip", "GZIP", "br", "deflate", "identity, gzip", TOKEN] {
        let server = Server::responding(encoded(200, encoding, &gzip(b"{}"))).await;
        let error = fails(&transport(), get(server.url("/")), Protocol, Sent::Yes).await;
        let text = error.to_string();
        assert!(text.contains("`content-encoding`"), "{text}");
    }
}

#[tokio::test]
async fn encoded_errors_keep_their_status() {
    for status in [401, 429, 500] {
        let body = gzip(b"{}");
        let server = Server::responding(encoded(status, "gzip", &body)).await;
        let response = succeeds(&transport(), get(server.url("/"))).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.body(), &body);
    }
}

#[tokio::test]
async fn what_is_not_encoded_is_read() {
    for encoding in ["identity", "", " , "] {
        let server = Server::responding(encoded(200, encoding, b"fine")).await;
        let response = succeeds(&transport(), get(server.url("/"))).await;
        assert_eq!(response.body(), "fine");
    }
    let server = Server::responding(encoded(200, "gzip", b"")).await;
    let response = succeeds(&transport(), get(server.url("/"))).await;
    assert!(response.body().is_empty());
}

#[tokio::test]
async fn explicit_accept_encoding_leaves_the_body_alone() {
    let body = gzip(b"{}");
    let server = Server::responding(encoded(200, "gzip", &body)).await;
    let mut request = get(server.url("/"));
    request
        .headers_mut()
        .insert("accept-encoding", "gzip, br".parse().unwrap());
    let response = succeeds(&builder().build().unwrap(), request).await;
    assert_eq!(response.body(), &body);
    assert_eq!(response.headers()["content-encoding"], "gzip");
}

#[cfg(feature = "gzip")]
mod asked {
    use std::time::Duration;

    use bytes::Bytes;
    use carrot_hyper::{
        HyperTransport,
        transport::{
            TimeoutPhase,
            TransportErrorKind::{Timeout, TooLarge, Truncated},
        },
    };

    use super::*;
    use crate::support::{
        by_hand::{ByHand, Frozen},
        failure, limited,
    };

    fn asking(limit: u64) -> HyperTransport {
        builder().gzip(true).max_body_bytes(limit).build().unwrap()
    }

    const AMPLE: u64 = 1 << 20;

    #[tokio::test]
    async fn gzip_is_accepted_and_decoded() {
        let head = head_sent_by(&asking(AMPLE)).await;
        assert!(head.contains("\r\naccept-encoding: gzip\r\n"), "{head}");
        let mut two = gzip(b"fi");
        two.extend(gzip(b"ne"));
        for (encoding, body) in [
            ("gzip", gzip(b"fine")),
            ("GZip", gzip(b"fine")),
            ("x-gzip", gzip(b"fine")),
            // Several members make one body: RFC 1952, section 2.2.
            ("gzip", two),
        ] {
            for status in [200, 400] {
                let server = Server::responding(encoded(status, encoding, &body)).await;
                let response = succeeds(&asking(AMPLE), get(server.url("/"))).await;
                assert_eq!(response.body(), "fine", "{encoding}");
                // They would speak of the body as it came.
                assert!(response.headers().get("content-encoding").is_none());
                assert!(response.headers().get("content-length").is_none());
            }
        }
        let server = Server::responding(ok_response("plain")).await;
        let response = succeeds(&asking(AMPLE), get(server.url("/"))).await;
        assert_eq!(response.body(), "plain");
        assert_eq!(response.headers()["content-length"], "5");
    }

    #[tokio::test]
    async fn the_cap_counts_what_a_body_becomes() {
        let body = gzip(&[b' '; 1000]);
        assert!(body.len() < 100);
        let server = Server::responding(encoded(200, "gzip", &body)).await;
        let response = succeeds(&asking(1000), get(server.url("/"))).await;
        assert_eq!(response.body().len(), 1000);
        for (own, callers, limit) in [(999, None, 999), (AMPLE, Some(999), 999), (100, None, 100)] {
            let mut request = get(server.url("/"));
            if callers.is_some() {
                request = limited(request, None, callers);
            }
            fails(&asking(own), request, TooLarge { limit }, Sent::Yes).await;
        }
    }

    #[tokio::test]
    async fn a_body_cut_at_any_byte_is_truncated() {
        let body = gzip(b"the whole of it, as it should be");
        for end in 1..body.len() {
            let server = Server::responding_once(encoded(200, "gzip", &body[..end])).await;
            fails(&asking(AMPLE), get(server.url("/")), Truncated, Sent::Yes).await;
        }
    }

    #[tokio::test]
    async fn a_corrupt_body_breaks_the_protocol() {
        let whole = gzip(b"the whole of it, as it should be");
        let mut wrong_sum = whole.clone();
        wrong_sum[whole.len() - 8] ^= 1;
        let mut wrong_length = whole.clone();
        wrong_length[whole.len() - 1] ^= 1;
        let mut wrong_data = whole.clone();
        // A kind of block that does not exist.
        wrong_data[10] |= 0b110;
        let mut trailing = whole.clone();
        trailing.extend_from_slice(b"<html>and more</html>");
        for body in [
            wrong_sum,
            wrong_length,
            wrong_data,
            trailing,
            br#"{"meta":{"status":200},"data":{}}"#.to_vec(),
        ] {
            let server = Server::responding(encoded(200, "gzip", &body)).await;
            fails(&asking(AMPLE), get(server.url("/")), Protocol, Sent::Yes).await;
        }
    }

    /// What counts as progress is what comes, not what it becomes: of one byte nothing can be
    /// decoded.
    #[tokio::test]
    async fn slow_bodies_are_read_and_stalled_ones_fail() {
        const IDLE: Duration = Duration::from_secs(5);
        let response = encoded(200, "gzip", &gzip(b"fine"));
        let started = response.len() - 10;
        let pieces = || {
            let rest = response[started..].iter();
            rest.map(|byte| Bytes::copy_from_slice(&[*byte]))
        };
        let transport = builder()
            .gzip(true)
            .attempt_timeout(None)
            .body_idle_timeout(IDLE)
            .build()
            .unwrap();
        let clock = Frozen::new();

        let (server, go, mut seen) = Server::hesitant(response[..started].to_vec(), pieces()).await;
        let mut sending = ByHand::new(succeeds(&transport, get(server.url("/"))));
        for _ in pieces() {
            sending.rests_until(&mut seen).await;
            sending.rests().await;
            clock.advance(IDLE - Duration::from_millis(1)).await;
            sending.rests().await;
            go.add_permits(1);
        }
        assert_eq!(sending.ends().await.body(), "fine");

        let (server, _go, mut seen) =
            Server::hesitant(response[..started].to_vec(), pieces()).await;
        let mut sending = ByHand::new(failure(&transport, get(server.url("/"))));
        sending.rests_until(&mut seen).await;
        sending.rests().await;
        clock.advance(2 * IDLE).await;
        let error = sending.ends().await;
        let expected = (Timeout(TimeoutPhase::Body), Sent::Yes);
        assert_eq!((error.kind(), error.sent()), expected, "{error:?}");
        assert_eq!(seen.recv().await, Some("closed"));
    }

    #[tokio::test]
    async fn another_encoding_than_asked_for_is_an_error() {
        for encoding in ["br", "gzip, gzip", "deflate"] {
            let server = Server::responding(encoded(200, encoding, &gzip(b"{}"))).await;
            fails(&asking(AMPLE), get(server.url("/")), Protocol, Sent::Yes).await;
        }
    }
}
