use carrot_core::transport::TransportErrorKind as Kind;
use http::{HeaderValue, header};

use crate::conformance::{
    bench::{Bench, get, post, response, timed},
    failure::{Check, ensure},
    seen::Seen,
    server::PATIENCE,
};

pub(crate) fn statuses(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for status in [
        200, 201, 202, 203, 206, 299, 300, 400, 402, 403, 404, 405, 409, 410, 413, 418, 422, 451,
        499, 500, 501, 505, 520, 599,
    ] {
        let server = bench.responding(format!(
            "HTTP/1.1 {status} Whatever\r\ncontent-length: 4\r\n\r\nbody"
        ))?;
        for request in [get(server.url("/")), post(server.url("/"))] {
            let response = bench.succeed(&transport, request)?;
            ensure!(
                response.status().as_u16() == status && response.body() == "body",
                "expected {status} with its body, got {} with {:?}",
                response.status(),
                response.body()
            );
        }
    }
    Ok(())
}

pub(crate) fn redirects(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = bench.responding(response("elsewhere"))?;
        let location = elsewhere.url("/elsewhere");
        let server = bench.responding(format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        ))?;
        for request in [get(server.url("/")), post(server.url("/"))] {
            let response = bench.succeed(&transport, request)?;
            ensure!(
                response.status().as_u16() == status,
                "expected {status} itself, got {}",
                response.status()
            );
            ensure!(
                response
                    .headers()
                    .get(header::LOCATION)
                    .is_some_and(|got| *got == *location),
                "the `location` is not that of the response"
            );
        }
        ensure!(elsewhere.accepted() == 0, "the redirect was followed");
    }
    Ok(())
}

pub(crate) fn challenges(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for status in [401, 407] {
        let server = bench.responding(format!(
            "HTTP/1.1 {status} Unauthorized\r\nwww-authenticate: Basic realm=\"r\"\r\n\
             proxy-authenticate: Basic realm=\"r\"\r\ncontent-length: 0\r\n\r\n"
        ))?;
        let response = bench.succeed(&transport, get(server.url("/")))?;
        ensure!(
            response.status().as_u16() == status,
            "expected {status}, got {}",
            response.status()
        );
        ensure!(
            server.requests().len() == 1,
            "the challenge was met with another request"
        );
    }
    Ok(())
}

pub(crate) fn interim(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
        hints.to_owned(),
        hints.repeat(10),
    ] {
        let server = bench.responding(format!("{interim}{}", response("final")))?;
        for _ in 0..2 {
            let response = bench.succeed(&transport, post(server.url("/")))?;
            ensure!(
                response.status() == 200 && response.body() == "final",
                "expected the final response, got {} with {:?}",
                response.status(),
                response.body()
            );
        }
    }
    Ok(())
}

pub(crate) fn without_body(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for (status, head) in [(204, ""), (304, ""), (304, "content-length: 1000\r\n")] {
        let server = bench.responding(format!("HTTP/1.1 {status} No\r\n{head}\r\n"))?;
        for _ in 0..2 {
            let (response, took) = timed(|| bench.succeed(&transport, get(server.url("/"))));
            let response = response?;
            ensure!(
                response.status().as_u16() == status && response.body().is_empty(),
                "expected {status} without a body, got {} with {} bytes",
                response.status(),
                response.body().len()
            );
            ensure!(
                took < PATIENCE,
                "a response of {status} came after {took:?} only, at the end of its connection"
            );
        }
    }
    Ok(())
}

pub(crate) fn chunked(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for chunks in [
        "2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n",
        "4;name=value;other=\"quoted\"\r\nfine\r\n0;last\r\n\r\n",
        "004\r\nfine\r\n000\r\n\r\n",
        "4\r\nfine\r\n0\r\nx-trailer: yes\r\nx-other: 1\r\n\r\n",
    ] {
        let server = bench.responding(format!("{head}{chunks}"))?;
        for _ in 0..2 {
            let response = bench.succeed(&transport, get(server.url("/")))?;
            ensure!(
                response.body() == "fine",
                "expected the body `fine`, got {:?}",
                response.body()
            );
        }
    }
    Ok(())
}

pub(crate) fn to_the_end(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for head in [
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        for body in ["", "all that comes"] {
            let server = bench.responding_once(format!("{head}{body}"))?;
            let response = bench.succeed(&transport, get(server.url("/")))?;
            ensure!(
                response.body() == body,
                "expected the body {body:?}, got {:?}",
                response.body()
            );
        }
    }
    Ok(())
}

pub(crate) fn headers(bench: &Bench<'_>) -> Check {
    let server = bench.responding(
        "HTTP/1.1 200 OK\r\nX-Many: 2\r\nx-other: o\r\nx-MANY: 1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\
         content-length: 0\r\n\r\n",
    )?;
    let response = bench.succeed(&bench.transport()?, get(server.url("/")))?;
    let all = |name: &str| {
        response
            .headers()
            .get_all(name)
            .iter()
            .cloned()
            .collect::<Vec<HeaderValue>>()
    };
    for (name, values) in [("x-many", ["2", "1"]), ("set-cookie", ["a=1", "b=2"])] {
        ensure!(
            all(name) == values,
            "expected `{name}` with {values:?}, got {:?}",
            all(name)
        );
    }
    Ok(())
}

pub(crate) fn bytes(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    let all: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for (kind, body) in [
        (
            "application/json",
            b"\xef\xbb\xbf{\"a\": \"\xff\xfe\"}\r\n\0".to_vec(),
        ),
        ("text/plain; charset=iso-8859-1", b"caf\xe9".to_vec()),
        ("application/octet-stream", all),
    ] {
        let mut bytes = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend(&body);
        let server = bench.responding(bytes)?;
        let response = bench.succeed(&transport, get(server.url("/")))?;
        ensure!(
            *response.body() == body,
            "the bytes of a body of {kind} were changed"
        );
    }
    Ok(())
}

pub(crate) fn obs_text(bench: &Bench<'_>) -> Check {
    let server = bench
        .responding(b"HTTP/1.1 200 OK\r\nx-text: caf\xe9\r\ncontent-length: 0\r\n\r\n".to_vec())?;
    let response = bench.succeed(&bench.transport()?, get(server.url("/")))?;
    let got = response.headers().get("x-text").map(HeaderValue::as_bytes);
    ensure!(
        got == Some(b"caf\xe9"),
        "expected the bytes `caf\\xe9`, got {got:?}"
    );
    Ok(())
}

pub(crate) fn throttled(bench: &Bench<'_>) -> Check {
    for wait in ["0", "3600"] {
        let server = bench.responding(format!(
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: {wait}\r\ncontent-length: 0\r\n\r\n"
        ))?;
        let response = bench.succeed(&bench.transport()?, get(server.url("/")))?;
        ensure!(
            response.status() == 429,
            "expected 429, got {}",
            response.status()
        );
        ensure!(server.requests().len() == 1, "the request was repeated");
    }
    Ok(())
}

pub(crate) fn failures(bench: &Bench<'_>) -> Check {
    for status in [408, 425, 500, 502, 503, 504] {
        let server =
            bench.responding(format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n"))?;
        let transport = bench.transport()?;
        for request in [get(server.url("/")), post(server.url("/"))] {
            let response = bench.succeed(&transport, request)?;
            ensure!(
                response.status().as_u16() == status,
                "expected {status}, got {}",
                response.status()
            );
        }
        let read = server.requests().len();
        ensure!(
            read == 2,
            "two requests were sent, and the server read {read}"
        );
    }
    Ok(())
}

pub(crate) fn not_asked(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    let body = b"\x1f\x8b\x08\x00 not what it says";
    for encoding in ["gzip", "br", "zstd"] {
        let mut bytes = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend(body);
        let server = bench.responding(bytes)?;
        match bench.send(&transport, get(server.url("/")))? {
            Ok(response) => ensure!(
                *response.body() == body[..]
                    && response.headers().contains_key(header::CONTENT_ENCODING),
                "expected the bytes as they came, with their `content-encoding`, or an error"
            ),
            Err(error) => ensure!(
                error.kind() == Kind::Protocol && error.sent() == carrot_core::Sent::Yes,
                "expected `Protocol` and `Yes`, got {error:?}"
            ),
        }
    }
    Ok(())
}

pub(crate) fn cookies(bench: &Bench<'_>) -> Check {
    let server = bench.responding(
        "HTTP/1.1 200 OK\r\nset-cookie: session=1; Path=/; Max-Age=9999\r\ncontent-length: 0\r\n\r\n",
    )?;
    let transport = bench.transport()?;
    for _ in 0..3 {
        bench.succeed(&transport, get(server.url("/")))?;
    }
    for request in server.requests() {
        let seen = Seen::read(&request)?;
        ensure!(
            seen.all("cookie").is_empty(),
            "the transport sent a cookie back"
        );
    }
    Ok(())
}
