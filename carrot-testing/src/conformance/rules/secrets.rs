use std::{error::Error, iter};

use http::header;

use crate::conformance::{
    bench::{Bench, SHORT, TOKEN, get, post, timeout},
    failure::{Check, ensure},
    rules::errors::one_of_each,
};

/// Stands in the token and in the e-mail address, and in nothing else.
const MARK: &str = "c4n4ry";

fn shown(error: &(dyn Error + 'static)) -> String {
    let all = iter::successors(Some(error), |&error| error.source());
    all.map(|error| format!("{error}\n{error:?}\n{error:#?}\n"))
        .collect()
}

pub(crate) fn errors(bench: &Bench<'_>) -> Check {
    let mut errors = one_of_each(bench)?;
    let transport = bench.transport()?;
    let server = bench.stalling("")?;
    errors.push((
        "no response",
        bench.fail(&transport, timeout(get(server.url("/")), SHORT))?,
    ));
    let server = bench.stalling("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")?;
    errors.push((
        "half a body",
        bench.fail(&transport, timeout(get(server.url("/")), SHORT * 4))?,
    ));
    // Servers echo what they reject.
    let echo = format!("HTTP/1.1 200 OK\r\nx {TOKEN}: 1\r\n\r\n");
    let server = bench.responding_once(echo)?;
    errors.push(("an echo", bench.fail(&transport, get(server.url("/")))?));
    for (name, error) in errors {
        let text = shown(&error);
        ensure!(
            !text.contains(MARK),
            "{name}: the error shows a secret of the request: {text}"
        );
    }
    Ok(())
}

pub(crate) fn debug(bench: &Bench<'_>) -> Check {
    let server = bench.responding(crate::conformance::bench::response("fine"))?;
    let transport = bench.transport()?;
    bench.succeed(&transport, post(server.url("/")))?;
    let text = format!("{transport:?}\n{transport:#?}");
    ensure!(
        !text.contains(MARK),
        "the `Debug` of the transport shows a secret of a request"
    );
    Ok(())
}

/// With every status that might be followed or met, and every header that names another place.
pub(crate) fn nobody_else(bench: &Bench<'_>) -> Check {
    let trap = bench.responding(crate::conformance::bench::response("trapped"))?;
    let transport = bench.transport()?;
    for status in [200, 300, 301, 302, 303, 305, 307, 308, 401, 407] {
        let url = trap.url("/");
        let server = bench.responding(format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {url}\r\nrefresh: 0; url={url}\r\nalt-svc: h2c=\"{}\"\r\n\
             content-location: {url}\r\nlink: <{url}>; rel=preload\r\ncontent-length: 0\r\n\r\n",
            trap.address()
        ))?;
        for request in [get(server.url("/")), post(server.url("/"))] {
            let response = bench.succeed(&transport, request)?;
            ensure!(
                response.headers().contains_key(header::LOCATION),
                "the response is not that of the server"
            );
        }
    }
    ensure!(
        trap.accepted() == 0,
        "a response sent the transport to another server"
    );
    Ok(())
}
