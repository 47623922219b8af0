use std::{
    net::{SocketAddr, TcpStream},
    thread,
    time::Duration,
};

use carrot_core::{
    Body, HttpTransport,
    Sent::{self, Maybe, Never, Yes},
    transport::{
        TimeoutPhase,
        TransportErrorKind::{self as Kind, Timeout},
    },
};
use http::Request;

use crate::conformance::{
    bench::{Bench, SHORT, Transport, get, limited, post, response, timed, timeout},
    failure::{Check, Failure, ensure},
    server::{Gate, PATIENCE, Server},
};

const CONNECT: Kind = Timeout(TimeoutPhase::Connect);
const RESPONSE: Kind = Timeout(TimeoutPhase::Response);
const BODY: Kind = Timeout(TimeoutPhase::Body);

/// Some timers are a little early.
const TICK: Duration = Duration::from_millis(5);

/// A request that must run out of its time: not before it, and before the server lost its patience.
fn expires(
    bench: &Bench<'_>,
    transport: &Transport,
    request: Request<Body>,
    limit: Duration,
    kinds: &[Kind],
    sent: &[Sent],
) -> Check {
    let (error, took) = timed(|| bench.fail_as(transport, request, kinds, sent));
    error?;
    ensure!(
        took + TICK >= limit,
        "the time of {limit:?} ran out after {took:?}"
    );
    ensure!(
        took < PATIENCE,
        "the time of {limit:?} ran out after {took:?} only"
    );
    Ok(())
}

pub(crate) fn no_response(bench: &Bench<'_>) -> Check {
    let server = bench.stalling("")?;
    let transport = bench.transport()?;
    let request = timeout(post(server.url("/")), SHORT);
    expires(bench, &transport, request, SHORT, &[RESPONSE], &[Maybe])
}

pub(crate) fn half_a_head(bench: &Bench<'_>) -> Check {
    let server = bench.stalling("HTTP/1.1 200 OK\r\ncont")?;
    let transport = bench.transport()?;
    let request = timeout(post(server.url("/")), SHORT);
    expires(
        bench,
        &transport,
        request,
        SHORT,
        &[RESPONSE],
        &[Maybe, Yes],
    )
}

/// On a busy machine the head may come too late: then there is more time in the next round.
pub(crate) fn half_a_body(bench: &Bench<'_>) -> Check {
    for start in [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let server = bench.stalling(format!("HTTP/1.1 200 OK\r\n{start}"))?;
        let transport = bench.transport()?;
        let mut limit = SHORT;
        loop {
            let request = timeout(post(server.url("/")), limit);
            let (done, took) =
                timed(|| expires(bench, &transport, request, limit, &[BODY], &[Yes]));
            match done {
                Err(_) if limit < PATIENCE / 4 && took < PATIENCE => limit *= 2,
                done => break done?,
            }
        }
    }
    Ok(())
}

/// A listener whose queue is full: the system lets the next connection wait.
fn full() -> Result<(SocketAddr, Vec<TcpStream>, socket2::Socket), Failure> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::Impossible(
            "only Linux lets a connection wait for a full queue",
        ));
    }
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(0)?;
    let address = socket.local_addr()?.as_socket();
    let Some(address) = address else {
        return Err(Failure::Impossible("the listener has no address"));
    };
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, SHORT) {
        waiting.push(stream);
        if waiting.len() > 16 {
            return Err(Failure::Impossible(
                "the queue of a listener never fills here",
            ));
        }
    }
    Ok((address, waiting, socket))
}

pub(crate) fn connecting(bench: &Bench<'_>) -> Check {
    let (address, waiting, socket) = full()?;
    let transport = bench.transport()?;
    let request = timeout(post(format!("http://{address}/")), SHORT);
    let over = Gate::default();
    thread::scope(|scope| {
        // The system itself would let a transport without a limit wait for minutes.
        scope.spawn(|| {
            over.wait();
            drop((waiting, socket));
        });
        let done = expires(bench, &transport, request, SHORT, &[CONNECT], &[Never]);
        over.open();
        done
    })
}

pub(crate) fn handshake(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        conn.hold();
        Ok(())
    })?;
    let transport = bench.transport()?;
    let request = timeout(post(server.https("/")), SHORT);
    expires(bench, &transport, request, SHORT, &[CONNECT], &[Never])
}

/// Responds once a gate opens, which another thread does after this time.
fn late(bench: &Bench<'_>, after: Duration) -> Result<Server, Failure> {
    bench.server(move |conn| {
        while conn.request()?.is_some() {
            conn.write("HTTP/1.1 200 OK\r\n")?;
            conn.quiet_for(after)?;
            conn.write("content-length: 4\r\n\r\nfine")?;
        }
        Ok(())
    })
}

/// The own limit of a transport is not known. One that is below a second would break every upload.
pub(crate) fn longer_than_usual(bench: &Bench<'_>) -> Check {
    let server = late(bench, Duration::from_millis(1200))?;
    let transport = bench.transport()?;
    let request = timeout(get(server.url("/")), Duration::from_secs(60));
    let response = bench.succeed(&transport, request)?;
    ensure!(
        response.body() == "fine",
        "expected `fine`, got {:?}",
        response.body()
    );
    Ok(())
}

fn idle(request: Request<Body>, limit: Duration) -> Request<Body> {
    limited(request, |context| context.body_idle_timeout = Some(limit))
}

pub(crate) fn idle_body(bench: &Bench<'_>) -> Check {
    for start in [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "connection: close\r\n\r\nhalf",
    ] {
        let server = bench.stalling(format!("HTTP/1.1 200 OK\r\n{start}"))?;
        let transport = bench.transport()?;
        let request = idle(post(server.url("/")), SHORT);
        expires(bench, &transport, request, SHORT, &[BODY], &[Yes])?;
    }
    Ok(())
}

/// In sum it takes several times the limit.
pub(crate) fn slow_body(bench: &Bench<'_>) -> Check {
    const IDLE: Duration = Duration::from_millis(1000);
    let server = bench.server(|conn| {
        while conn.request()?.is_some() {
            conn.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n")?;
            for byte in [b"f", b"i", b"n", b"e", b"l", b"y"] {
                conn.quiet_for(IDLE / 4)?;
                conn.write(byte)?;
            }
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    let request = timeout(idle(get(server.url("/")), IDLE), Duration::from_secs(60));
    let response = bench.succeed(&transport, request)?;
    ensure!(
        response.body() == "finely",
        "expected `finely`, got {:?}",
        response.body()
    );
    Ok(())
}

/// Every piece comes long before the idle limit, and the whole never.
pub(crate) fn drip(bench: &Bench<'_>) -> Check {
    const LIMIT: Duration = Duration::from_millis(600);
    let server = bench.server(|conn| {
        if conn.request()?.is_some() {
            conn.write("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")?;
            for _ in 0..200 {
                conn.quiet_for(LIMIT / 20)?;
                conn.write("x")?;
            }
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    let request = timeout(idle(get(server.url("/")), PATIENCE), LIMIT);
    expires(bench, &transport, request, LIMIT, &[BODY], &[Yes])
}

pub(crate) fn next_works(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        while let Some(request) = conn.request()? {
            if request.windows(5).any(|five| five == b"/hang") {
                conn.hold();
                return Ok(());
            }
            conn.write(response("fine"))?;
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    for _ in 0..2 {
        bench.fail(&transport, timeout(post(server.url("/hang")), SHORT))?;
        let response = bench.succeed(&transport, post(server.url("/")))?;
        ensure!(
            response.body() == "fine",
            "expected `fine`, got {:?}",
            response.body()
        );
    }
    Ok(())
}

/// The response comes after the caller stopped waiting: it belongs to nobody.
pub(crate) fn late_response(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        while let Some(request) = conn.request()? {
            let first = request.windows(6).any(|six| six == b"/first");
            if first {
                // Long after the time of the request, or when its connection is closed.
                conn.quiet_for(SHORT * 3)?;
            }
            conn.write(response(if first { "first" } else { "second" }))?;
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    bench.fail(&transport, timeout(post(server.url("/first")), SHORT))?;
    let second = bench.succeed(&transport, post(server.url("/second")))?;
    ensure!(
        second.body() == "second",
        "expected `second`, got {:?}",
        second.body()
    );
    Ok(())
}

pub(crate) fn beyond_time(bench: &Bench<'_>) -> Check {
    let server = bench.responding(response("fine"))?;
    let transport: Box<dyn HttpTransport> = bench.transport()?;
    let request = idle(timeout(get(server.url("/")), Duration::MAX), Duration::MAX);
    let response = bench.succeed(&transport, request)?;
    ensure!(
        response.body() == "fine",
        "expected `fine`, got {:?}",
        response.body()
    );
    Ok(())
}

pub(crate) fn no_time(bench: &Bench<'_>) -> Check {
    let server = bench.stalling("")?;
    let transport = bench.transport()?;
    let error = bench.fail(&transport, timeout(post(server.url("/")), Duration::ZERO))?;
    ensure!(
        matches!(error.kind(), Timeout(_)),
        "expected a timeout of a request without any time, got {error:?}"
    );
    Ok(())
}
