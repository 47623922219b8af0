use std::io::Write as _;

use carrot_core::{
    Body,
    Sent::Yes,
    transport::TransportErrorKind::{Protocol, TooLarge, Truncated},
};
use flate2::{Compression, write::GzEncoder};
use http::Request;

use crate::conformance::{
    bench::{Bench, get, limited, response},
    failure::{Check, Failure, ensure},
};

fn capped(url: String, cap: u64) -> Request<Body> {
    limited(get(url), |context| context.max_body_bytes = Some(cap))
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const TO_THE_END: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";

pub(crate) fn just_the_cap(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for whole in [
        response("abcd"),
        format!("{CHUNKED}2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"),
        format!("{TO_THE_END}abcd"),
    ] {
        let server = bench.responding_once(whole)?;
        let response = bench.succeed(&transport, capped(server.url("/"), 4))?;
        ensure!(
            response.body() == "abcd",
            "expected `abcd`, got {:?}",
            response.body()
        );
    }
    Ok(())
}

/// No byte of the body is ever sent, so that nothing but the length can tell.
pub(crate) fn declared(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for length in [5_u64, 1 << 40, u64::MAX / 2] {
        let server = bench.stalling(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n"
        ))?;
        let kind = TooLarge { limit: 4 };
        bench.fail_as(&transport, capped(server.url("/"), 4), &[kind], &[Yes])?;
    }
    Ok(())
}

/// The end of the body never comes.
pub(crate) fn undeclared(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    for start in [
        format!("{CHUNKED}3\r\nabc\r\n2\r\nde\r\n"),
        format!("{CHUNKED}5\r\nabcde\r\n"),
        format!("{TO_THE_END}abcde"),
    ] {
        let server = bench.stalling(start)?;
        let kind = TooLarge { limit: 4 };
        bench.fail_as(&transport, capped(server.url("/"), 4), &[kind], &[Yes])?;
    }
    Ok(())
}

pub(crate) fn closes(bench: &Bench<'_>) -> Check {
    let server = bench.stalling(format!("{CHUNKED}5\r\nabcde\r\n"))?;
    let transport = bench.transport()?;
    bench.fail(&transport, capped(server.url("/"), 4))?;
    ensure!(
        server.log().wait(|seen| seen.closed == 1) && !server.log().kept_open(),
        "the connection of a body that is too large stays open"
    );
    Ok(())
}

pub(crate) fn zero(bench: &Bench<'_>) -> Check {
    let transport = bench.transport()?;
    let server = bench.responding(response(""))?;
    let empty = bench.succeed(&transport, capped(server.url("/"), 0))?;
    ensure!(
        empty.body().is_empty(),
        "an empty body came with {} bytes",
        empty.body().len()
    );
    let server = bench.responding(response("a"))?;
    bench.fail_as(
        &transport,
        capped(server.url("/"), 0),
        &[TooLarge { limit: 0 }],
        &[Yes],
    )?;
    Ok(())
}

/// The cap of a request decides, also where that of the transport is smaller: 16 MiB is usual.
pub(crate) fn above_the_default(bench: &Bench<'_>) -> Check {
    const LENGTH: usize = 17 << 20;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
    let server = bench.responding_once([head.as_bytes(), &vec![b'x'; LENGTH]].concat())?;
    let transport = bench.transport()?;
    let response = bench.succeed(&transport, capped(server.url("/"), LENGTH as u64))?;
    ensure!(
        response.body().len() == LENGTH,
        "a body of {LENGTH} bytes came with {}",
        response.body().len()
    );
    Ok(())
}

fn gzip(parts: impl Iterator<Item = Vec<u8>>) -> Result<Vec<u8>, Failure> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for part in parts {
        encoder.write_all(&part)?;
    }
    Ok(encoder.finish()?)
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn decompressed(bench: &Bench<'_>) -> Check {
    let transport = bench.transport_with(|setup| setup.gzip = true)?;
    let server = bench.responding(compressed(&gzip([b"fine".to_vec()].into_iter())?))?;
    let response = bench.succeed(&transport, get(server.url("/")))?;
    ensure!(
        response.body() == "fine",
        "expected `fine`, got {:?}",
        response.body()
    );
    Ok(())
}

/// 8 MiB of zeros in 8 KiB.
pub(crate) fn bomb(bench: &Bench<'_>) -> Check {
    const CAP: u64 = 1 << 17;
    let transport = bench.transport_with(|setup| setup.gzip = true)?;
    let bomb = gzip((0..8).map(|_| vec![0; 1 << 20]))?;
    let server = bench.responding(compressed(&bomb))?;
    bench.fail_as(
        &transport,
        capped(server.url("/"), CAP),
        &[TooLarge { limit: CAP }],
        &[Yes],
    )?;
    Ok(())
}

pub(crate) fn broken_gzip(bench: &Bench<'_>) -> Check {
    let transport = bench.transport_with(|setup| setup.gzip = true)?;
    let whole = gzip([b"the whole of it, as it should be".to_vec()].into_iter())?;
    let half = whole.get(..whole.len() / 2).unwrap_or_default();
    let mut corrupt = whole.clone();
    if let Some(byte) = corrupt.iter_mut().rev().nth(7) {
        *byte ^= 1;
    }
    for body in [half, &corrupt] {
        let server = bench.responding(compressed(body))?;
        bench.fail_as(
            &transport,
            get(server.url("/")),
            &[Protocol, Truncated],
            &[Yes],
        )?;
    }
    Ok(())
}
