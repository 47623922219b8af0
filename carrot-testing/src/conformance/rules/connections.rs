use std::{
    sync::{Arc, Barrier},
    thread,
};

use carrot_core::{
    Sent::Never,
    transport::TransportErrorKind::{Other, Protocol, Reset},
};

use crate::conformance::{
    bench::{Bench, Transport, get, limited, post, response, run},
    failure::{Check, Failure, ensure},
    server::{Gate, Seen},
    stack::Stack,
    threads::{join_all, on_threads},
};

pub(crate) fn reused(bench: &Bench<'_>) -> Check {
    let server = bench.responding(response("fine"))?;
    let transport = bench.transport()?;
    for _ in 0..5 {
        bench.succeed(&transport, post(server.url("/")))?;
    }
    // Some stacks give a connection back a moment after the response.
    let accepted = server.accepted();
    ensure!(
        accepted < 5,
        "five requests one after the other opened {accepted} connections"
    );
    Ok(())
}

pub(crate) fn reused_after_failure(bench: &Bench<'_>) -> Check {
    let server = bench.responding("HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno")?;
    let transport = bench.transport()?;
    for _ in 0..5 {
        let response = bench.succeed(&transport, post(server.url("/")))?;
        ensure!(
            response.body() == "no",
            "expected `no`, got {:?}",
            response.body()
        );
    }
    let accepted = server.accepted();
    ensure!(
        accepted < 5,
        "five responses of 500 opened {accepted} connections"
    );
    Ok(())
}

/// The server says that it closes, and reads on: a second request would be read and lost.
pub(crate) fn close_is_obeyed(bench: &Bench<'_>) -> Check {
    let server = bench
        .responding("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nfine")?;
    let transport = bench.transport()?;
    for sent in 1..=3 {
        bench.succeed(&transport, post(server.url("/")))?;
        let accepted = server.accepted();
        ensure!(
            accepted == sent,
            "{sent} requests were sent over {accepted} connections that close"
        );
    }
    Ok(())
}

/// Sends a request with a number, and checks that it gets the response of its own.
fn numbered(stack: &dyn Stack, transport: &Transport, url: &str, number: usize) -> Check {
    let request = get(format!("{url}/{number}/"));
    let response = run(stack, transport.send(request))?
        .map_err(|error| Failure::new(format!("request {number}: {error:?}")))?;
    ensure!(
        *response.body() == *number.to_string(),
        "request {number} got the response {:?}",
        response.body()
    );
    Ok(())
}

/// The number in the path of a request.
fn number_of(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    text.split('/').nth(1).unwrap_or_default().to_owned()
}

/// No response comes before all have asked.
pub(crate) fn at_once(bench: &Bench<'_>) -> Check {
    const MANY: usize = 8;
    let all = Arc::new(Gate::default());
    let server = bench.server(move |conn| {
        while let Some(request) = conn.request()? {
            if conn.log().get(|seen| seen.requests.len()) == MANY {
                all.open();
            }
            if !all.wait() {
                conn.say("not all requests came");
                return Ok(());
            }
            conn.write(response(&number_of(&request)))?;
        }
        Ok(())
    })?;
    let (stack, transport) = (bench.stack(), bench.transport()?);
    let url = server.url("");
    on_threads(MANY, |number| numbered(stack, &transport, &url, number))
}

/// The same without a gate, many times, from eight threads.
pub(crate) fn nothing_is_mixed_up(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        while let Some(request) = conn.request()? {
            conn.write(response(&number_of(&request)))?;
        }
        Ok(())
    })?;
    let url = server.url("");
    let transport = bench.transport()?;
    let stack = bench.stack();
    let start = Barrier::new(8);
    on_threads(8, |thread| {
        start.wait();
        (0..25).try_for_each(|number| numbered(stack, &transport, &url, thread * 100 + number))
    })
}

/// The body is larger than its cap, so the rest of it stays unread.
pub(crate) fn half_read(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        while let Some(request) = conn.request()? {
            if number_of(&request) == "large" {
                let rest = format!("{}{}", response("of another"), "x".repeat(1000));
                conn.write(format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                    rest.len()
                ))?;
                conn.write(rest)?;
            } else {
                conn.write(response("fine"))?;
            }
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    let large = limited(get(server.url("/large/")), |context| {
        context.max_body_bytes = Some(4);
    });
    bench.fail(&transport, large)?;
    let response = bench.succeed(&transport, post(server.url("/next/")))?;
    ensure!(
        response.body() == "fine",
        "expected `fine`, got {:?}",
        response.body()
    );
    Ok(())
}

/// The first request has a connection and no response yet when the second is sent.
pub(crate) fn no_pipelining(bench: &Bench<'_>) -> Check {
    let read = |seen: &Seen| seen.requests.len();
    let server = bench.server(move |conn| {
        while conn.request()?.is_some() {
            let log = Arc::clone(conn.log());
            // The second request comes on this connection, or on another.
            if conn.number == 0 && log.get(read) == 2 && conn.more_before(|| log.get(read) == 3)? {
                conn.say("another request came before the response");
                return Ok(());
            }
            conn.write(response("fine"))?;
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    // So that there is a connection to be reused.
    bench.succeed(&transport, post(server.url("/")))?;
    let stack = bench.stack();
    thread::scope(|scope| {
        let send = |path: &str| {
            let request = post(server.url(path));
            let transport = &transport;
            scope.spawn(move || {
                let sent = run(stack, transport.send(request))?;
                sent.map(drop)
                    .map_err(|error| Failure::new(format!("{error:?}")))
            })
        };
        let first = send("/first");
        server.log().wait(|seen| read(seen) == 2);
        join_all([first, send("/second")])
    })
}

/// The server closes a kept connection, and the client has seen it when the next request comes.
pub(crate) fn stale_is_replaced(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        if conn.request()?.is_some() {
            conn.write(response("fine"))?;
            conn.finish();
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    for sent in 1..=4 {
        let response = bench.succeed(&transport, post(server.url("/")))?;
        ensure!(
            response.body() == "fine",
            "expected `fine`, got {:?}",
            response.body()
        );
        // An idle stack closes its side once it saw the server's; one that looks later does so then.
        server.log().wait_a_little(|seen| seen.closed == sent);
    }
    Ok(())
}

/// A response that comes while no request is under way belongs to none.
pub(crate) fn unasked(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        while let Some(request) = conn.request()? {
            let number = number_of(&request);
            conn.write(response(&number))?;
            if number == "1" {
                conn.write(response("unasked"))?;
            }
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    let first = bench.succeed(&transport, get(server.url("/1/")))?;
    ensure!(first.body() == "1", "expected `1`, got {:?}", first.body());
    let written = server.log().wait(|seen| seen.wrote("unasked"));
    ensure!(written, "the unasked response was not written");
    // A stack that watches its idle connections closes this one.
    server.log().wait_a_little(|seen| seen.closed == 1);
    match bench.send(&transport, get(server.url("/2/")))? {
        Ok(second) => ensure!(
            second.body() == "2",
            "expected `2`, got {:?}",
            second.body()
        ),
        Err(error) => ensure!(
            [Protocol, Reset, Other].contains(&error.kind()),
            "expected `2` or a broken connection, got {error:?}"
        ),
    }
    Ok(())
}

/// Every kept connection dies at the same moment: at most one request is lost to it, or none.
pub(crate) fn dead_pool(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        let first = conn.number == 0;
        while conn.request()?.is_some() {
            if first && conn.log().get(|seen| seen.requests.len()) > 1 {
                return conn.reset();
            }
            conn.write(response("fine"))?;
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    bench.succeed(&transport, get(server.url("/")))?;
    let second = bench.send(&transport, post(server.url("/")))?;
    if let Err(error) = second {
        ensure!(
            error.sent() != Never,
            "the server read it, and the error says that it was not sent"
        );
    }
    let third = bench.succeed(&transport, post(server.url("/")))?;
    ensure!(
        third.body() == "fine",
        "expected `fine`, got {:?}",
        third.body()
    );
    Ok(())
}
