use carrot_core::{
    Sent::{Maybe, Never, Yes},
    transport::TransportErrorKind::{Connect, Other, Protocol, Reset, Tls as TlsKind, Truncated},
};
use rustls::version::{TLS12, TLS13};

use crate::conformance::{
    bench::{Bench, get, post, response},
    failure::{Check, Failure, ensure},
    server::{
        Conn, Server,
        tls::{Certificate, Tls},
    },
};

/// Goes on with every connection over TLS.
fn secured(
    bench: &Bench<'_>,
    tls: Tls,
    serve: impl Fn(&mut Conn) -> std::io::Result<()> + Send + Sync + 'static,
) -> Result<Server, Failure> {
    bench.server(move |conn| match conn.accept(&tls) {
        true => serve(conn),
        false => Ok(()),
    })
}

/// Responds to every request over TLS.
fn responding(bench: &Bench<'_>, tls: Tls) -> Result<Server, Failure> {
    secured(bench, tls, |conn| {
        while conn.request()?.is_some() {
            conn.write(response("fine"))?;
        }
        Ok(())
    })
}

pub(crate) fn trusted(bench: &Bench<'_>) -> Check {
    let server = responding(bench, Tls::new(Certificate::Trusted)?)?;
    let transport = bench.transport()?;
    for _ in 0..2 {
        let response = bench.succeed(&transport, post(server.https("/")))?;
        ensure!(
            response.body() == "fine",
            "expected `fine`, got {:?}",
            response.body()
        );
    }
    Ok(())
}

pub(crate) fn address_as_host(bench: &Bench<'_>) -> Check {
    let server = responding(bench, Tls::new(Certificate::Trusted)?)?;
    let url = format!("https://{}/", server.address());
    bench.succeed(&bench.transport()?, post(url))?;
    Ok(())
}

fn not_trusted(bench: &Bench<'_>, certificate: Certificate) -> Check {
    let server = responding(bench, Tls::new(certificate)?)?;
    bench.fail_as(
        &bench.transport()?,
        post(server.https("/")),
        &[TlsKind],
        &[Never],
    )?;
    ensure!(
        server.requests().is_empty(),
        "the server got the request, and the token with it"
    );
    Ok(())
}

pub(crate) fn unknown_issuer(bench: &Bench<'_>) -> Check {
    not_trusted(bench, Certificate::UnknownIssuer)
}

pub(crate) fn expired(bench: &Bench<'_>) -> Check {
    not_trusted(bench, Certificate::Expired)
}

pub(crate) fn other_host(bench: &Bench<'_>) -> Check {
    not_trusted(bench, Certificate::OtherHost)
}

pub(crate) fn self_signed(bench: &Bench<'_>) -> Check {
    not_trusted(bench, Certificate::SelfSigned)
}

pub(crate) fn not_tls(bench: &Bench<'_>) -> Check {
    for greeting in [
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        let server = bench.server(move |conn| {
            conn.take(1)?;
            conn.write(greeting)?;
            conn.hold();
            Ok(())
        })?;
        bench.fail_as(
            &bench.transport()?,
            post(server.https("/")),
            &[TlsKind],
            &[Never],
        )?;
    }
    Ok(())
}

pub(crate) fn handshake_ends(bench: &Bench<'_>) -> Check {
    for reset in [false, true] {
        let server = bench.server(move |conn| {
            conn.take(1)?;
            if reset { conn.reset() } else { Ok(()) }
        })?;
        bench.fail_as(
            &bench.transport()?,
            post(server.https("/")),
            &[TlsKind, Connect],
            &[Never],
        )?;
    }
    Ok(())
}

/// A `ServerHello` of an old version: no session, ECDHE-RSA-AES128-SHA, no extensions.
fn hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x13, 0]);
    let mut record = vec![0x16, 3, minor, 0, 42, 2, 0, 0, 38];
    record.extend(hello);
    record
}

pub(crate) fn old_versions(bench: &Bench<'_>) -> Check {
    for minor in [2, 1, 0] {
        let server = bench.server(move |conn| {
            conn.take(1)?;
            conn.write(hello(minor))?;
            conn.hold();
            Ok(())
        })?;
        bench.fail_as(
            &bench.transport()?,
            post(server.https("/")),
            &[TlsKind],
            &[Never],
        )?;
    }
    Ok(())
}

pub(crate) fn both_versions(bench: &Bench<'_>) -> Check {
    for version in [&TLS12, &TLS13] {
        let server = responding(bench, Tls::with(Certificate::Trusted, &[version], &[])?)?;
        bench.succeed(&bench.transport()?, post(server.https("/")))?;
    }
    Ok(())
}

pub(crate) fn server_name(bench: &Bench<'_>) -> Check {
    let server = secured(bench, Tls::new(Certificate::Trusted)?, |conn| {
        let name = conn
            .tls()
            .and_then(|tls| tls.server_name())
            .unwrap_or("no name")
            .to_owned();
        conn.request()?;
        conn.write(response(&name))
    })?;
    let response = bench.succeed(&bench.transport()?, get(server.https("/")))?;
    ensure!(
        response.body() == "localhost",
        "expected the hello to name `localhost`, got {:?}",
        response.body()
    );
    Ok(())
}

/// Without a goodbye of TLS, an end that is not declared may be a cut by somebody on the way.
pub(crate) fn cut_body(bench: &Bench<'_>) -> Check {
    for goodbye in [false, true] {
        let server = secured(bench, Tls::new(Certificate::Trusted)?, move |conn| {
            conn.request()?;
            conn.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhalf")?;
            if goodbye { conn.goodbye() } else { Ok(()) }
        })?;
        let (transport, request) = (bench.transport()?, get(server.https("/")));
        if goodbye {
            let response = bench.succeed(&transport, request)?;
            ensure!(
                response.body() == "half",
                "expected `half`, got {:?}",
                response.body()
            );
        } else {
            bench.fail_as(&transport, request, &[Truncated], &[Yes])?;
        }
    }
    Ok(())
}

pub(crate) fn lost_response(bench: &Bench<'_>) -> Check {
    let server = secured(bench, Tls::new(Certificate::Trusted)?, |conn| {
        conn.request()?;
        Ok(())
    })?;
    bench.fail_as(
        &bench.transport()?,
        post(server.https("/")),
        &[Reset, TlsKind],
        &[Maybe],
    )?;
    Ok(())
}

/// A record of data that nobody encrypted.
const RECORD: &[u8] = b"\x17\x03\x03\x00\x20 thirty-two bytes of no session.";

/// On a first connection and on a kept one: an alert of the server, and a record that nobody encrypted.
pub(crate) fn broken_session(bench: &Bench<'_>) -> Check {
    for version in [&TLS12, &TLS13] {
        for (alert, served) in [(true, 0), (true, 1), (false, 0), (false, 1)] {
            let tls = Tls::with(Certificate::Trusted, &[version], &[])?;
            let server = secured(bench, tls, move |conn| {
                while conn.request()?.is_some() {
                    if conn.log().get(|seen| seen.requests.len()) <= served {
                        conn.write(response("fine"))?;
                        continue;
                    }
                    match alert {
                        true => conn.alert()?,
                        false => conn.write_beside_tls(RECORD)?,
                    }
                    conn.hold();
                }
                Ok(())
            })?;
            let transport = bench.transport()?;
            for _ in 0..served {
                bench.succeed(&transport, post(server.https("/")))?;
            }
            bench.fail_as(
                &transport,
                post(server.https("/")),
                &[Reset, TlsKind, Protocol, Other],
                &[Maybe],
            )?;
        }
    }
    Ok(())
}
