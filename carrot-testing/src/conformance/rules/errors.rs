use std::{
    error::Error,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use carrot_core::{
    Body,
    Sent::{Maybe, Never, Yes},
    TransportError,
    transport::TransportErrorKind::{Connect, Dns, Other, Reset, Truncated},
};
use socket2::{Domain, Socket, Type};

use crate::conformance::{
    bench::{Bench, Transport, get, post, request, response},
    failure::{Check, Failure, ensure},
    server::{Conn, Gate, Server},
};

/// A name with a label longer than names can have: every resolver says at once that it has no address, and
/// asks nobody on the network.
fn nowhere() -> String {
    format!("http://{}.invalid", "x".repeat(64))
}

pub(crate) fn no_such_name(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for url in [format!("{}/", nowhere()), format!("{}:8080/", nowhere())] {
        bench.fail_as(&transport, post(url), &[Dns], &[Never])?;
    }
    Ok(())
}

/// An address that is taken, so that no other server gets it, and on which nobody listens.
fn nobody() -> Result<(String, Socket), Failure> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let port = socket
        .local_addr()?
        .as_socket_ipv4()
        .map_or(1, |address| address.port());
    Ok((format!("http://127.0.0.1:{port}/"), socket))
}

pub(crate) fn nobody_listens(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    let (url, _bound) = nobody()?;
    for request in [get(&url), post(&url)] {
        bench.fail_as(&transport, request, &[Connect], &[Never])?;
    }
    Ok(())
}

/// What a server does with a connection once it has the whole request.
pub(crate) type Fault = fn(&mut Conn) -> std::io::Result<()>;

/// Every way to lose a response.
pub(crate) const FAULTS: [(&str, Fault); 8] = [
    ("closed after the request", |conn| {
        conn.finish();
        Ok(())
    }),
    ("reset after the request", Conn::reset),
    ("closed in the status line", |conn| conn.write("HTTP/1.1 2")),
    ("closed in the head", |conn| {
        conn.write("HTTP/1.1 200 OK\r\nx-h")
    }),
    ("reset in the head", |conn| {
        conn.write("HTTP/1.1 200 OK\r\nx-h")?;
        conn.reset()
    }),
    ("closed in the body", |conn| {
        conn.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
    }),
    ("not HTTP", |conn| conn.write("nonsense\r\n\r\n")),
    ("an interim response and no other", |conn| {
        conn.write("HTTP/1.1 103 Early Hints\r\n\r\n")
    }),
];

/// Responds to the first `served` requests, on whatever connection they come, reads another and breaks its
/// connection.
fn breaking(bench: &Bench<'_>, served: usize, fault: Fault) -> Result<Server, Failure> {
    bench.server(move |conn| {
        while conn.request()?.is_some() {
            if conn.log().get(|seen| seen.requests.len()) > served {
                return fault(conn);
            }
            conn.write(response("fine"))?;
        }
        Ok(())
    })
}

/// Breaks the connection of the first request and of the second, in every way, and hands each case on: the name of
/// the fault, the server, a transport, and how many requests had a response.
fn each_fault(
    bench: &Bench<'_>,
    check: impl Fn(&str, &Server, &Transport, usize) -> Check,
) -> Check {
    for served in [0, 1] {
        for (name, fault) in FAULTS {
            let server = breaking(bench, served, fault)?;
            let transport = bench.transport()?;
            for _ in 0..served {
                bench.succeed(&transport, post(server.url("/")))?;
            }
            check(name, &server, &transport, served)?;
        }
    }
    Ok(())
}

pub(crate) fn never_is_never_claimed(bench: &Bench<'_>) -> Check {
    each_fault(bench, |name, server, transport, _| {
        let error = bench.fail(transport, post(server.url("/")))?;
        ensure!(
            error.sent() != Never,
            "{name}: the server read the whole request, and the error says that it was not sent: {error:?}"
        );
        Ok(())
    })
}

pub(crate) fn sent_once(bench: &Bench<'_>) -> Check {
    each_fault(bench, |name, server, transport, served| {
        let _ = bench.send(transport, post(server.url("/")))?;
        let read = server.requests().len();
        ensure!(
            read == served + 1,
            "{name}: {} requests were sent, and the server read {read}",
            served + 1
        );
        Ok(())
    })
}

pub(crate) fn closed_unread(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        conn.came()?;
        conn.reset()
    })?;
    let error = bench.fail_as(
        &bench.transport()?,
        post(server.url("/")),
        &[Reset, Connect, Other],
        &[Never, Maybe],
    )?;
    // A connection that came to be is not one that could not be made.
    ensure!(
        error.sent() == Maybe,
        "the server had a part of the request, and the error says {:?}",
        error.sent()
    );
    Ok(())
}

pub(crate) fn closed_after_it_was_read(bench: &Bench<'_>) -> Check {
    let server = breaking(bench, 0, |conn| {
        conn.finish();
        Ok(())
    })?;
    bench.fail_as(
        &bench.transport()?,
        post(server.url("/")),
        &[Reset],
        &[Maybe],
    )?;
    Ok(())
}

pub(crate) fn reset_after_it_was_read(bench: &Bench<'_>) -> Check {
    let server = breaking(bench, 0, Conn::reset)?;
    bench.fail_as(
        &bench.transport()?,
        post(server.url("/")),
        &[Reset],
        &[Maybe],
    )?;
    Ok(())
}

/// A reset may throw away what the client did not read yet.
pub(crate) fn reset_in_the_body(bench: &Bench<'_>) -> Check {
    let server = breaking(bench, 0, |conn| {
        conn.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")?;
        conn.reset()
    })?;
    let error = bench.fail(&bench.transport()?, get(server.url("/")))?;
    ensure!(
        matches!(
            (error.kind(), error.sent()),
            (Truncated, Yes) | (Reset, Maybe)
        ),
        "expected `Truncated` and `Yes`, got {error:?}"
    );
    Ok(())
}

/// The server closes kept connections while they are idle, so that the next request may meet its end.
pub(crate) fn stale_connection(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        if conn.request()?.is_some() {
            conn.write(response("fine"))?;
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    let mut responses = 0;
    for _ in 0..30 {
        let before = server.requests().len();
        match bench.send(&transport, post(server.url("/")))? {
            Ok(response) => {
                ensure!(
                    response.body() == "fine",
                    "expected `fine`, got {:?}",
                    response.body()
                );
                responses += 1;
            }
            Err(error) => ensure!(
                error.sent() != Yes,
                "no response started, and the error says that the request reached the server"
            ),
        }
        let read = server.requests().len() - before;
        ensure!(
            read <= 1,
            "one request was sent, and the server read {read}"
        );
    }
    ensure!(responses > 0, "no request got a response");
    Ok(())
}

/// The server reads the next request on a kept connection and closes without a word: it may have acted.
pub(crate) fn kept_connection_lost(bench: &Bench<'_>) -> Check {
    let server = breaking(bench, 1, |conn| {
        conn.finish();
        Ok(())
    })?;
    let transport = bench.transport()?;
    bench.succeed(&transport, post(server.url("/")))?;
    bench.fail_as(&transport, post(server.url("/")), &[Reset], &[Maybe])?;
    Ok(())
}

/// The server reads no more than the start, so the rest of the body fits nowhere.
pub(crate) fn early_response(bench: &Bench<'_>) -> Check {
    let done = Arc::new(Gate::default());
    let waiting = Arc::clone(&done);
    let server = bench.server(move |conn| {
        conn.take(2048)?;
        conn.write(
            "HTTP/1.1 413 Too Large\r\ncontent-length: 5\r\nconnection: close\r\n\r\nlarge",
        )?;
        waiting.wait();
        Ok(())
    })?;
    let body = Body::from(vec![b'x'; 32 << 20]);
    let response = bench.succeed(&bench.transport()?, request("POST", server.url("/"), body));
    done.open();
    let response = response?;
    ensure!(
        response.status() == 413,
        "expected 413, got {}",
        response.status()
    );
    Ok(())
}

/// One error of each of the ways that need no time.
pub(crate) fn one_of_each(
    bench: &Bench<'_>,
) -> Result<Vec<(&'static str, TransportError)>, Failure> {
    let mut errors = Vec::new();
    for (name, fault) in FAULTS {
        let server = breaking(bench, 0, fault)?;
        errors.push((
            name,
            bench.fail(&bench.transport()?, post(server.url("/")))?,
        ));
    }
    let transport = bench.transport()?;
    errors.push(("no such name", bench.fail(&transport, post(nowhere()))?));
    let (url, _bound) = nobody()?;
    errors.push(("nobody listens", bench.fail(&transport, post(url))?));
    Ok(errors)
}

pub(crate) fn sources(bench: &Bench<'_>) -> Check {
    for (name, error) in one_of_each(bench)? {
        ensure!(
            error.source().is_some(),
            "{name}: the error keeps nothing of what lies beneath: {error:?}"
        );
    }
    Ok(())
}
