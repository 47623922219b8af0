use std::{sync::Arc, task::Poll};

use crate::conformance::{
    bench::{Bench, Transport, get, post, response},
    failure::{Check, ensure},
    server::{Conn, Seen, Server},
};

/// Polls a request until the server has what the rule waits for, and drops it there.
fn dropped(
    bench: &Bench<'_>,
    transport: &Transport,
    server: &Server,
    url: String,
    ready: impl Fn(&Seen) -> bool + Send + Sync,
) -> Check {
    let log = Arc::clone(server.log());
    let mut sending = transport.send(post(url));
    bench.run(std::future::poll_fn(move |context| {
        if sending.as_mut().poll(context).is_ready() || log.get(&ready) {
            return Poll::Ready(());
        }
        // The server is on another thread and wakes nobody here.
        context.waker().wake_by_ref();
        Poll::Pending
    }))
}

/// Responds to every request but those for `/drop`, with which it does this.
fn dropping(
    bench: &Bench<'_>,
    hang: impl Fn(&mut Conn) -> std::io::Result<()> + Send + Sync + 'static,
) -> Result<Server, crate::conformance::failure::Failure> {
    bench.server(move |conn| {
        while let Some(request) = conn.request()? {
            if request.windows(5).any(|five| five == b"/drop") {
                return hang(conn);
            }
            conn.write(response("fine"))?;
        }
        Ok(())
    })
}

fn closes_and_works(
    bench: &Bench<'_>,
    transport: &Transport,
    server: &Server,
    closed: usize,
) -> Check {
    // The runtime of the stack may need a turn to close what was dropped.
    let response = bench.succeed(transport, get(server.url("/next")))?;
    ensure!(
        response.body() == "fine",
        "expected `fine`, got {:?}",
        response.body()
    );
    ensure!(
        server.log().wait(|seen| seen.closed >= closed) && !server.log().kept_open(),
        "the connection of a dropped request stays open"
    );
    Ok(())
}

pub(crate) fn while_waiting(bench: &Bench<'_>) -> Check {
    let server = dropping(bench, |conn| {
        conn.hold();
        Ok(())
    })?;
    let transport = bench.transport()?;
    for fresh in [true, false] {
        let before = server.requests().len();
        let closed = server.log().get(|seen| seen.closed);
        if !fresh {
            bench.succeed(&transport, get(server.url("/")))?;
        }
        dropped(bench, &transport, &server, server.url("/drop"), |seen| {
            seen.requests.len() > before + usize::from(!fresh)
        })?;
        closes_and_works(bench, &transport, &server, closed + 1)?;
    }
    Ok(())
}

pub(crate) fn in_the_body(bench: &Bench<'_>) -> Check {
    let server = dropping(bench, |conn| {
        conn.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")?;
        conn.hold();
        Ok(())
    })?;
    let transport = bench.transport()?;
    dropped(bench, &transport, &server, server.url("/drop"), |seen| {
        seen.wrote("half")
    })?;
    closes_and_works(bench, &transport, &server, 1)
}

pub(crate) fn before_the_first_poll(bench: &Bench<'_>) -> Check {
    let server = dropping(bench, |conn| {
        conn.hold();
        Ok(())
    })?;
    let transport = bench.transport()?;
    drop(transport.send(post(server.url("/drop"))));
    // A request after it is a sentinel: what was to come would have come before.
    bench.succeed(&transport, get(server.url("/")))?;
    bench.succeed(&transport, get(server.url("/")))?;
    let read = server.requests().len();
    ensure!(read == 2, "a request that was never polled was sent");
    Ok(())
}

/// After each number of polls. Not every number is reached on every run, and every state of the stack is
/// dropped in some of them.
pub(crate) fn at_every_poll(bench: &Bench<'_>) -> Check {
    let server = bench.responding(response("fine"))?;
    let transport = bench.transport()?;
    for polls in 1..=12 {
        let mut sending = transport.send(post(server.url("/dropped")));
        let mut left = polls;
        bench.run(std::future::poll_fn(move |context| {
            left -= 1;
            match sending.as_mut().poll(context) {
                Poll::Pending if left > 0 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        }))?;
        let response = bench.succeed(&transport, get(server.url("/next")))?;
        ensure!(
            response.body() == "fine",
            "expected `fine`, got {:?}",
            response.body()
        );
    }
    Ok(())
}

/// The work of a request is done in its future alone, or ends with it: the server is asked no more.
pub(crate) fn nothing_goes_on(bench: &Bench<'_>) -> Check {
    nothing_goes_on_after(bench, |seen| seen.accepted == 1)?;
    nothing_goes_on_after(bench, |seen| seen.came == 1)
}

/// The request is dropped as soon as its connection is accepted, or when a part of it came.
fn nothing_goes_on_after(bench: &Bench<'_>, ready: impl Fn(&Seen) -> bool + Send + Sync) -> Check {
    let server = bench.server(|conn| {
        if conn.number == 0 {
            // It is not read.
            conn.came()?;
            conn.hold();
            return Ok(());
        }
        while conn.request()?.is_some() {
            conn.write(response("fine"))?;
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    dropped(bench, &transport, &server, server.url("/drop"), ready)?;
    for _ in 0..3 {
        bench.succeed(&transport, get(server.url("/next")))?;
    }
    for request in server.requests() {
        ensure!(
            !request.windows(5).any(|five| five == b"/drop"),
            "a dropped request was sent again on another connection"
        );
    }
    Ok(())
}
