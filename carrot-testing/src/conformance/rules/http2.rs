use std::sync::Arc;

use carrot_core::{
    Sent::{Maybe, Never, Yes},
    transport::TransportErrorKind::{Other, Protocol, Reset, TooLarge, Truncated},
};
use rustls::ALL_VERSIONS;

use crate::conformance::{
    bench::{Bench, Transport, get, limited, post, run},
    failure::{Check, Failure, ensure},
    server::{
        Conn, Server,
        http2::{CONTINUATION, END_HEADERS, Http2},
        tls::{Certificate, Tls},
    },
    threads::on_threads,
};

/// RFC 9113, section 7.
const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;

fn transport(bench: &Bench<'_>) -> Result<Transport, Failure> {
    bench.transport_with(|setup| setup.http2 = true)
}

/// Goes on with every connection as the rule says. Only HTTP/2 is offered.
fn server(
    bench: &Bench<'_>,
    serve: impl Fn(&mut Http2<'_>) -> std::io::Result<()> + Send + Sync + 'static,
) -> Result<Server, Failure> {
    let tls = Tls::with(Certificate::Trusted, ALL_VERSIONS, &["h2"])?;
    bench.server(move |conn: &mut Conn| {
        if !conn.accept(&tls) {
            return Ok(());
        }
        if conn.tls().and_then(|tls| tls.alpn()) != Some(b"h2") {
            conn.say("the client does not speak HTTP/2");
            return Ok(());
        }
        serve(&mut Http2::accept(conn)?)
    })
}

pub(crate) fn chosen(bench: &Bench<'_>) -> Check {
    let server = server(bench, |http2| {
        while let Some(stream) = http2.request()? {
            http2.respond(stream, b"fine")?;
        }
        Ok(())
    })?;
    let transport = transport(bench)?;
    for request in [get(server.https("/")), post(server.https("/"))] {
        let response = bench.succeed(&transport, request)?;
        ensure!(
            response.body() == "fine",
            "expected `fine`, got {:?}",
            response.body()
        );
    }
    Ok(())
}

/// A server that resets the stream of every whole request.
fn resetting(bench: &Bench<'_>, code: u32) -> Result<Server, Failure> {
    server(bench, move |http2| {
        while let Some(stream) = http2.request()? {
            http2.reset(stream, code)?;
        }
        Ok(())
    })
}

pub(crate) fn not_processed(bench: &Bench<'_>) -> Check {
    let server = resetting(bench, REFUSED_STREAM)?;
    bench.fail_as(
        &transport(bench)?,
        post(server.https("/")),
        &[Reset],
        &[Never],
    )?;
    Ok(())
}

pub(crate) fn other_resets(bench: &Bench<'_>) -> Check {
    for code in [NO_ERROR, INTERNAL_ERROR, CANCEL] {
        let server = resetting(bench, code)?;
        let error = bench.fail(&transport(bench)?, post(server.https("/")))?;
        ensure!(
            error.sent() == Maybe,
            "the server read the request and reset with {code}; expected `Maybe`, got {error:?}"
        );
    }
    Ok(())
}

fn going_away(bench: &Bench<'_>, last_stream: u32) -> Result<Server, Failure> {
    server(bench, move |http2| {
        if http2.request()?.is_some() {
            http2.go_away(last_stream)?;
            if last_stream > 0 {
                return Ok(());
            }
            http2.hold();
        }
        Ok(())
    })
}

pub(crate) fn gone_before(bench: &Bench<'_>) -> Check {
    let server = going_away(bench, 0)?;
    bench.fail_as(
        &transport(bench)?,
        post(server.https("/")),
        &[Reset],
        &[Never],
    )?;
    Ok(())
}

pub(crate) fn gone_with_it(bench: &Bench<'_>) -> Check {
    let server = going_away(bench, 1)?;
    bench.fail_as(
        &transport(bench)?,
        post(server.https("/")),
        &[Reset],
        &[Maybe],
    )?;
    Ok(())
}

/// The first response waits for the second request.
pub(crate) fn at_once(bench: &Bench<'_>) -> Check {
    let server = server(bench, |http2| {
        while let Some(first) = http2.request()? {
            http2.respond(first, b"warm")?;
            let Some(second) = http2.request()? else {
                return Ok(());
            };
            let Some(third) = http2.request()? else {
                return Ok(());
            };
            http2.respond(third, b"fine")?;
            http2.respond(second, b"fine")?;
        }
        Ok(())
    })?;
    let transport = transport(bench)?;
    // Before the first response nobody knows that the server chooses HTTP/2.
    bench.succeed(&transport, get(server.https("/")))?;
    let stack = bench.stack();
    on_threads(2, |_| {
        let sent = run(stack, transport.send(post(server.https("/"))))?;
        sent.map(drop)
            .map_err(|error| Failure::new(format!("{error:?}")))
    })?;
    let accepted = server.accepted();
    ensure!(accepted == 1, "three requests took {accepted} connections");
    Ok(())
}

pub(crate) fn reset_in_the_body(bench: &Bench<'_>) -> Check {
    let server = server(bench, |http2| {
        while let Some(stream) = http2.request()? {
            http2.head(stream)?;
            http2.data(stream, b"half", false)?;
            http2.reset(stream, INTERNAL_ERROR)?;
        }
        Ok(())
    })?;
    // A reset may overtake what the client did not read yet.
    let error = bench.fail(&transport(bench)?, get(server.https("/")))?;
    ensure!(
        matches!(
            (error.kind(), error.sent()),
            (Truncated, Yes) | (Reset, Maybe)
        ),
        "expected `Truncated` and `Yes`, got {error:?}"
    );
    Ok(())
}

pub(crate) fn cap(bench: &Bench<'_>) -> Check {
    let server = server(bench, |http2| {
        while let Some(stream) = http2.request()? {
            http2.head(stream)?;
            http2.data(stream, b"abcde", false)?;
        }
        Ok(())
    })?;
    let request = limited(get(server.https("/")), |context| {
        context.max_body_bytes = Some(4);
    });
    bench.fail_as(
        &transport(bench)?,
        request,
        &[TooLarge { limit: 4 }],
        &[Yes],
    )?;
    Ok(())
}

pub(crate) fn endless_head(bench: &Bench<'_>) -> Check {
    let server = server(bench, |http2| {
        if let Some(stream) = http2.request()? {
            http2.head_without_end(stream)?;
            // A header of 8 KiB that is not indexed, again and again.
            let mut header = vec![0x00, 1, b'x', 0x7f, 0x81, 0x3f];
            header.resize(header.len() + 8192, b'v');
            for _ in 0..2400 {
                http2.frame(CONTINUATION, 0, stream, &header)?;
            }
            // Only a client without a limit comes so far, and gets a response.
            http2.frame(CONTINUATION, END_HEADERS, stream, &[])?;
            http2.data(stream, b"fine", true)?;
            http2.hold();
        }
        Ok(())
    })?;
    let error = bench.fail(&transport(bench)?, get(server.https("/")))?;
    ensure!(
        matches!(error.kind(), Protocol | Reset | TooLarge { .. } | Other) && error.sent() != Never,
        "expected an end by the transport itself, got {error:?}"
    );
    Ok(())
}

pub(crate) fn not_offered(bench: &Bench<'_>) -> Check {
    let tls = Arc::new(Tls::with(
        Certificate::Trusted,
        ALL_VERSIONS,
        &["h2", "http/1.1"],
    )?);
    let server = bench.server(move |conn: &mut Conn| {
        if !conn.accept(&tls) {
            return Ok(());
        }
        if conn.tls().and_then(|tls| tls.alpn()) == Some(b"h2") {
            conn.say("the client offered HTTP/2");
            return Ok(());
        }
        while conn.request()?.is_some() {
            conn.write(crate::conformance::bench::response("fine"))?;
        }
        Ok(())
    })?;
    let response = bench.succeed(&bench.transport()?, get(server.https("/")))?;
    ensure!(
        response.body() == "fine",
        "expected `fine`, got {:?}",
        response.body()
    );
    Ok(())
}
