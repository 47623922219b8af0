use carrot_core::{Body, transport::CallContext};
use http::{HeaderValue, Request};

use crate::conformance::{
    bench::{Bench, EMAIL, TOKEN, get, post, request, response},
    failure::{Check, Failure, ensure},
    seen::Seen,
    server::{Server, readable},
};

/// Sends these requests one after the other, and returns them as the server read them.
fn seen(
    bench: &Bench<'_>,
    requests: impl Fn(&Server) -> Vec<Request<Body>>,
) -> Result<Vec<Seen>, Failure> {
    let server = bench.responding(response(""))?;
    let transport = bench.transport()?;
    for request in requests(&server) {
        bench.succeed(&transport, request)?;
    }
    server
        .requests()
        .iter()
        .map(|request| Seen::read(request))
        .collect()
}

fn seen_one(bench: &Bench<'_>, one: impl Fn(&Server) -> Request<Body>) -> Result<Seen, Failure> {
    let mut seen = seen(bench, |server| vec![one(server)])?;
    ensure!(
        seen.len() == 1,
        "one request was sent, and the server read {}",
        seen.len()
    );
    Ok(seen.remove(0))
}

pub(crate) fn method(bench: &Bench<'_>) -> Check {
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"] {
        let seen = seen_one(bench, |server| {
            request(method, server.url("/"), Body::empty())
        })?;
        ensure!(
            seen.line == format!("{method} / HTTP/1.1"),
            "expected the method {method}, got {}",
            seen.line
        );
    }
    Ok(())
}

pub(crate) fn target(bench: &Bench<'_>) -> Check {
    for target in [
        "/",
        "/v2/Users/UPPER/lower",
        "/a%2Fb%20c+d%C3%A9/%7Euser",
        "/a/../b/./c//d/",
        "/%2e%2e/x;p=1,2/$self_app",
        "/q?",
        "/q?z=1&a=1&a=2&b=%2B+%20&c=%5B%5D&d[]=x/y?z:@'()*!",
        "/q?email=a@b.example&json=%7B%22k%22%3A1%7D",
    ] {
        let seen = seen_one(bench, |server| {
            request("GET", server.url(target), Body::empty())
        })?;
        ensure!(
            seen.line == format!("GET {target} HTTP/1.1"),
            "expected the target {target}, got {}",
            seen.line
        );
    }
    Ok(())
}

pub(crate) fn headers(bench: &Bench<'_>) -> Check {
    let values = ["2", "1", "a,b", "  ", "1"];
    let seen = seen_one(bench, |server| {
        let mut request = get(server.url("/"));
        for value in values {
            request
                .headers_mut()
                .append("x-many", HeaderValue::from_static(value));
        }
        request
    })?;
    let expected: Vec<_> = values.iter().map(|value| value.trim().as_bytes()).collect();
    ensure!(
        seen.all("x-many") == expected,
        "expected `x-many` with the values {expected:?} in this order, got {:?}",
        seen.all("x-many")
    );
    let token = format!("Token {TOKEN}");
    ensure!(
        seen.all("authorization") == [token.as_bytes()],
        "`authorization` did not arrive as it was"
    );
    Ok(())
}

pub(crate) fn obs_text(bench: &Bench<'_>) -> Check {
    let value = b"caf\xe9 \xf0\x9f\xa5\x95";
    let seen = seen_one(bench, |server| {
        let mut request = get(server.url("/"));
        let headers = request.headers_mut();
        headers.extend(
            HeaderValue::from_bytes(value)
                .map(|value| (http::HeaderName::from_static("x-text"), value)),
        );
        request
    })?;
    let got = seen.all("x-text");
    ensure!(
        got == [value],
        "expected the bytes {}, got {got:?}",
        value.escape_ascii()
    );
    Ok(())
}

pub(crate) fn host(bench: &Bench<'_>) -> Check {
    let serve = |conn: &mut crate::conformance::server::Conn| {
        while conn.request()?.is_some() {
            conn.write(response(""))?;
        }
        Ok(())
    };
    let v4 = bench.server(serve)?;
    let transport = bench.transport()?;
    let port = v4.address().port();
    let mut servers = vec![
        (v4.url("/"), format!("127.0.0.1:{port}")),
        (
            format!("http://localhost:{port}/"),
            format!("localhost:{port}"),
        ),
    ];
    let v6 = bench.server_on_ipv6(serve);
    if let Ok(v6) = &v6 {
        servers.push((v6.url("/"), format!("[::1]:{}", v6.address().port())));
    }
    for (url, expected) in servers {
        bench.succeed(&transport, get(&url))?;
        let mut requests = v4.requests();
        if expected.starts_with('[') {
            requests = v6.as_ref().map(Server::requests).unwrap_or_default();
        }
        let seen = Seen::read(&requests.pop().unwrap_or_default())?;
        ensure!(
            seen.all("host") == [expected.as_bytes()],
            "expected one `host` of {expected}, got {:?}",
            seen.all("host")
                .iter()
                .map(|host| readable(host))
                .collect::<Vec<_>>()
        );
    }
    Ok(())
}

pub(crate) fn length(bench: &Bench<'_>) -> Check {
    for (method, body) in [
        ("POST", ""),
        ("PUT", ""),
        ("PATCH", ""),
        ("POST", "twelve bytes"),
    ] {
        let seen = seen_one(bench, |server| {
            request(method, server.url("/"), Body::from(body))
        })?;
        let expected = body.len().to_string();
        let got = seen.all("content-length");
        ensure!(
            got == [expected.as_bytes()],
            "expected one `content-length` of {expected} for {method}, got {got:?}"
        );
        ensure!(
            seen.all("transfer-encoding").is_empty(),
            "a body of a known length was sent in chunks"
        );
    }
    Ok(())
}

pub(crate) fn bodyless(bench: &Bench<'_>) -> Check {
    let seen = seen_one(bench, |server| get(server.url("/")))?;
    for name in ["content-length", "transfer-encoding", "content-type"] {
        ensure!(
            seen.all(name).is_empty(),
            "a GET without a body carries `{name}`"
        );
    }
    Ok(())
}

pub(crate) fn body(bench: &Bench<'_>) -> Check {
    let all: Vec<u8> = (0..=255).collect();
    let bytes = |length: usize| -> Vec<u8> {
        let mut bytes = all.repeat(length / all.len() + 1);
        bytes.truncate(length);
        bytes
    };
    for length in [1, 256, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1_000_000] {
        let seen = seen_one(bench, |server| {
            request("POST", server.url("/"), Body::from(bytes(length)))
        })?;
        ensure!(
            seen.body == bytes(length),
            "a body of {length} bytes arrived as another one, of {} bytes",
            seen.body.len()
        );
    }
    Ok(())
}

/// What HTTP needs, and what another rule is about.
const NEEDED: [&str; 4] = ["host", "content-length", "authorization", "connection"];
const OTHER_RULES: [&str; 4] = ["user-agent", "accept", "accept-encoding", "expect"];

pub(crate) fn nothing_added(bench: &Bench<'_>) -> Check {
    let seen = seen(bench, |server| {
        vec![
            get(server.url("/")),
            post(server.url("/")),
            get(server.url("/")),
        ]
    })?;
    for seen in seen {
        for name in seen.names() {
            ensure!(
                NEEDED.contains(&name) || OTHER_RULES.contains(&name),
                "the transport added the header `{name}`"
            );
        }
    }
    Ok(())
}

pub(crate) fn no_user_agent(bench: &Bench<'_>) -> Check {
    let seen = seen_one(bench, |server| get(server.url("/")))?;
    for name in ["user-agent", "accept"] {
        ensure!(
            seen.all(name).is_empty(),
            "the transport added the header `{name}`"
        );
    }
    Ok(())
}

pub(crate) fn no_second_value(bench: &Bench<'_>) -> Check {
    let own = [
        ("user-agent", "own/1"),
        ("accept", "application/json"),
        ("content-type", "text/own"),
    ];
    let seen = seen_one(bench, |server| {
        let mut request = post(server.url("/"));
        for (name, value) in own {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        request
    })?;
    for (name, value) in own {
        let got = seen.all(name);
        ensure!(
            got == [value.as_bytes()],
            "expected one `{name}` of {value}, got {got:?}"
        );
    }
    Ok(())
}

pub(crate) fn no_expect(bench: &Bench<'_>) -> Check {
    let body = Body::from(vec![b'x'; 3 << 20]);
    let seen = seen_one(bench, |server| {
        request("POST", server.url("/"), body.clone())
    })?;
    ensure!(
        seen.all("expect").is_empty(),
        "the transport asked the server to wait for the body"
    );
    Ok(())
}

pub(crate) fn no_compression(bench: &Bench<'_>) -> Check {
    let seen = seen_one(bench, |server| get(server.url("/")))?;
    let got = seen.all("accept-encoding");
    ensure!(
        got.is_empty() || got == [b"identity"],
        "the transport asked for compression: {got:?}"
    );
    Ok(())
}

pub(crate) fn extensions(bench: &Bench<'_>) -> Check {
    let server = bench.responding(response(""))?;
    let mut request = post(server.url("/"));
    let context = CallContext::new("conformance.extension", "/extension/{id}");
    request.extensions_mut().insert(context);
    bench.succeed(&bench.transport()?, request)?;
    for request in server.requests() {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        ensure!(
            !text.contains("extension"),
            "an extension of the request reached the server"
        );
        ensure!(
            text.contains(&EMAIL.to_lowercase()),
            "the body did not reach the server"
        );
    }
    Ok(())
}

pub(crate) fn head_request(bench: &Bench<'_>) -> Check {
    let server = bench.responding("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")?;
    let transport = bench.transport()?;
    for _ in 0..2 {
        let response =
            bench.succeed(&transport, request("HEAD", server.url("/"), Body::empty()))?;
        ensure!(response.body().is_empty(), "a HEAD brought a body");
    }
    Ok(())
}

pub(crate) fn not_http(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for url in ["ftp://localhost/", "/path/only"] {
        let error = bench.fail(&transport, request("GET", url, Body::empty()))?;
        ensure!(
            error.sent() == carrot_core::Sent::Never,
            "an address that cannot be asked was said to be {:?}",
            error.sent()
        );
    }
    Ok(())
}
