use carrot_core::{
    Sent::{self, Maybe, Never, Yes},
    transport::TransportErrorKind::{Other, Protocol, Reset, TooLarge, Truncated},
};

use crate::conformance::{
    bench::{Bench, get, post, response},
    failure::{Check, Failure, ensure},
};

/// What may be said of a head that never became one. The response started, which some stacks know.
const AFTER: [Sent; 2] = [Maybe, Yes];

/// A server that responds with each of these bytes and closes; the error must be one of these.
fn broken(
    bench: &Bench<'_>,
    responses: &[&str],
    kinds: &[carrot_core::transport::TransportErrorKind],
    sent: &[Sent],
) -> Check {
    let transport = bench.transport()?;
    for bytes in responses {
        let server = bench.responding_once(*bytes)?;
        bench
            .fail_as(&transport, post(server.url("/")), kinds, sent)
            .map_err(|failure| told(failure, bytes))?;
    }
    Ok(())
}

fn told(failure: Failure, bytes: &str) -> Failure {
    match failure {
        Failure::Broken(text) => {
            let start: String = bytes.chars().take(120).collect();
            Failure::Broken(format!("to the response {start:?}: {text}"))
        }
        impossible => impossible,
    }
}

pub(crate) fn half_a_head(bench: &Bench<'_>) -> Check {
    broken(
        bench,
        &[
            "HTTP",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-le",
        ],
        &[Reset, Protocol, Truncated],
        &AFTER,
    )
}

pub(crate) fn half_a_body(bench: &Bench<'_>) -> Check {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
    broken(bench, &[head, &format!("{head}half")], &[Truncated], &[Yes])
}

pub(crate) fn half_a_chunk(bench: &Bench<'_>) -> Check {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let cut = ["", "8\r\nhalf", "4\r\nhalf\r\n", "4\r\nhalf"].map(|body| format!("{head}{body}"));
    broken(
        bench,
        &cut.each_ref().map(String::as_str),
        &[Truncated],
        &[Yes],
    )
}

pub(crate) fn no_last_line(bench: &Bench<'_>) -> Check {
    let cut = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n";
    broken(bench, &[cut], &[Truncated], &[Yes])
}

pub(crate) fn not_http(bench: &Bench<'_>) -> Check {
    broken(
        bench,
        &[
            "SSH-2.0-OpenSSH_9.6\r\n\r\n",
            "<html>Bad gateway</html>\r\n\r\n",
            "\0\u{1}\u{2}\u{3}\r\n\r\n",
            "HTTP/1.1 two hundred\r\n\r\n",
        ],
        &[Protocol],
        &AFTER,
    )
}

pub(crate) fn bad_header(bench: &Bench<'_>) -> Check {
    broken(
        bench,
        &[
            "HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx y: z\r\ncontent-length: 0\r\n\r\n",
        ],
        &[Protocol],
        &AFTER,
    )
}

pub(crate) fn two_lengths(bench: &Bench<'_>) -> Check {
    broken(
        bench,
        &["HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
        &[Protocol],
        &AFTER,
    )
}

/// RFC 9112, section 6.3: the chunks win, or the response is an error. Never the length.
pub(crate) fn length_and_chunks(bench: &Bench<'_>) -> Check {
    for head in [
        "content-length: 3\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 3",
    ] {
        let server = bench.responding_once(format!(
            "HTTP/1.1 200 OK\r\n{head}\r\n\r\n4\r\nfine\r\n0\r\n\r\n"
        ))?;
        match bench.send(&bench.transport()?, get(server.url("/")))? {
            Ok(response) => ensure!(
                response.body() == "fine",
                "expected the body of the chunks or an error, got {:?}",
                response.body()
            ),
            Err(error) => ensure!(
                error.kind() == Protocol && error.sent() != Never,
                "expected the body of the chunks or `Protocol`, got {error:?}"
            ),
        }
    }
    Ok(())
}

pub(crate) fn bad_length(bench: &Bench<'_>) -> Check {
    for length in ["-1", "many", "1, 2", "0x10", "99999999999999999999999"] {
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nbody");
        broken(bench, &[&response], &[Protocol], &AFTER)?;
    }
    Ok(())
}

pub(crate) fn bad_chunk(bench: &Bench<'_>) -> Check {
    for chunk in [
        "zz\r\nbody",
        "-4\r\nbody\r\n",
        "4\r\nbody and more\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
    ] {
        let response = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
        broken(bench, &[&response], &[Protocol], &[Yes])?;
    }
    Ok(())
}

/// Any error that does not claim that nothing was sent, and soon.
fn ended(bench: &Bench<'_>, response: String) -> Check {
    let server = bench.responding_once(response)?;
    let error = bench.fail(&bench.transport()?, get(server.url("/")))?;
    let fits = matches!(error.kind(), Protocol | TooLarge { .. } | Other) && error.sent() != Never;
    ensure!(
        fits,
        "expected `Protocol` or `TooLarge`, not `Never`; got {error:?}"
    );
    Ok(())
}

pub(crate) fn many_headers(bench: &Bench<'_>) -> Check {
    let lines: String = (0..100_000)
        .map(|number| format!("x-{number}: {number}\r\n"))
        .collect();
    ended(
        bench,
        format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n"),
    )
}

pub(crate) fn long_header(bench: &Bench<'_>) -> Check {
    let value = "x".repeat(4 << 20);
    ended(
        bench,
        format!("HTTP/1.1 200 OK\r\nx-long: {value}\r\ncontent-length: 0\r\n\r\n"),
    )
}

pub(crate) fn usual_headers(bench: &Bench<'_>) -> Check {
    let lines: String = (0..60)
        .map(|number| format!("x-{number}: {}\r\n", "v".repeat(60)))
        .collect();
    let server = bench.responding(format!(
        "HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n"
    ))?;
    let response = bench.succeed(&bench.transport()?, get(server.url("/")))?;
    let got = response.headers().len();
    ensure!(got == 61, "expected 61 headers, got {got}");
    Ok(())
}

pub(crate) fn endless_head(bench: &Bench<'_>) -> Check {
    for (start, flood) in [
        ("HTTP/1.1 200 OK\r\n", "x-flood: 0123456789\r\n"),
        ("HTTP/1.1 200 OK\r\nx-flood: ", "0123456789"),
    ] {
        let server = bench.server(move |conn| {
            if conn.request()?.is_some() {
                conn.write(start)?;
                conn.flood(flood.repeat(500).as_bytes());
            }
            Ok(())
        })?;
        let error = bench.fail(&bench.transport()?, get(server.url("/")))?;
        ensure!(
            error.sent() != Never,
            "the request was read, and the error says that it was not sent"
        );
        ensure!(
            matches!(error.kind(), Protocol | TooLarge { .. } | Other),
            "expected an end by the transport itself, got {error:?}"
        );
    }
    Ok(())
}

/// What comes after the end of a response is given to nobody.
pub(crate) fn more_than_its_length(bench: &Bench<'_>) -> Check {
    let smuggled = response("smuggled");
    let server = bench.server(move |conn| {
        while let Some(request) = conn.request()? {
            let number = if request.windows(4).any(|four| four == b"/two") {
                "two"
            } else {
                "one"
            };
            let mut bytes = response(number);
            if conn.number == 0 {
                bytes.push_str(&smuggled);
            }
            conn.write(bytes)?;
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    let first = bench.succeed(&transport, get(server.url("/one")))?;
    ensure!(
        first.body() == "one",
        "expected `one`, got {:?}",
        first.body()
    );
    // A stack that watches its idle connections closes this one.
    server.log().wait_a_little(|seen| seen.closed == 1);
    match bench.send(&transport, get(server.url("/two")))? {
        Ok(second) => ensure!(
            second.body() == "two",
            "expected `two`, got {:?}",
            second.body()
        ),
        Err(error) => ensure!(
            [Reset, Protocol, Other].contains(&error.kind()),
            "expected `two` or a broken connection, got {error:?}"
        ),
    }
    Ok(())
}
