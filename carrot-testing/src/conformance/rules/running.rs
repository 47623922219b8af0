use std::thread;

use crate::conformance::{
    bench::{Bench, get, post, response},
    failure::{Check, Failure, ensure},
    server::Seen,
    threads::join,
};

/// Two requests in one future: the first waits for the second.
pub(crate) fn one_thread(bench: &Bench<'_>) -> Check {
    let server = bench.server(|conn| {
        while conn.request()?.is_some() {
            if !conn.log().wait(|seen| seen.requests.len() == 2) {
                conn.say("the second request did not come");
                return Ok(());
            }
            conn.write(response("fine"))?;
        }
        Ok(())
    })?;
    let transport = bench.transport()?;
    let mut first = transport.send(post(server.url("/")));
    let mut second = transport.send(post(server.url("/")));
    let (mut one, mut two) = (None, None);
    bench.run(std::future::poll_fn(|context| {
        use std::task::Poll;
        for (sending, done) in [(&mut first, &mut one), (&mut second, &mut two)] {
            if done.is_none() {
                if let Poll::Ready(sent) = sending.as_mut().poll(context) {
                    *done = Some(sent.map(drop));
                }
            }
        }
        match (&one, &two) {
            (Some(_), Some(_)) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }))?;
    for sent in [one, two].into_iter().flatten() {
        sent.map_err(|error| Failure::new(format!("two requests in one future: {error:?}")))?;
    }
    Ok(())
}

/// The transport is used on one thread and on another.
pub(crate) fn other_threads(bench: &Bench<'_>) -> Check {
    let server = bench.responding(response("fine"))?;
    let transport = bench.transport()?;
    bench.succeed(&transport, get(server.url("/")))?;
    let stack = bench.stack();
    let transport = &transport;
    for _ in 0..3 {
        let request = get(server.url("/"));
        let sent = thread::scope(|scope| {
            let sending = || crate::conformance::bench::run(stack, transport.send(request));
            join(scope.spawn(sending))
        })?;
        let response =
            sent.map_err(|error| Failure::new(format!("on another thread: {error:?}")))?;
        ensure!(
            response.body() == "fine",
            "expected `fine`, got {:?}",
            response.body()
        );
    }
    Ok(())
}

/// Dropping the transport outside of its runtime closes what it keeps.
pub(crate) fn dropped(bench: &Bench<'_>) -> Check {
    let server = bench.responding(response("fine"))?;
    let transport = bench.transport()?;
    bench.succeed(&transport, get(server.url("/")))?;
    drop(transport);
    let closed = server
        .log()
        .wait(|seen: &Seen| seen.closed == seen.accepted);
    ensure!(
        closed && !server.log().kept_open(),
        "the kept connection of a dropped transport stays open"
    );
    Ok(())
}
