//! TLS: the trusted roots, the protocol versions, and the failures.

use carrot_hyper::{
    BuildError, HyperTransport, Sent, TlsRoots,
    transport::TransportErrorKind::{Connect, Reset, Tls},
};
use tokio::io::AsyncWriteExt;

use crate::support::{
    Server, Step, builder, fails, get, hold, post, read_request, succeeds,
    tls::{Authority, CA},
    transport,
};

#[tokio::test]
async fn a_root_is_added_in_either_form() {
    let server = Server::over_tls(CA.acceptor("localhost", &[])).await;
    let pem_of_two = format!("{}\n{}", Authority::new("unknown").pem(), CA.pem());
    let only_added = || HyperTransport::builder().tls_roots(TlsRoots::OnlyAdded);
    for builder in [
        only_added().add_root_certificate_der(CA.der()),
        only_added().add_root_certificate_pem(pem_of_two),
    ] {
        let transport = builder.build().unwrap();
        succeeds(&transport, get(server.https("localhost", "/"))).await;
    }
}

/// A server that responds to the client's hello with these bytes and then nothing.
async fn greeting(bytes: Vec<u8>) -> Server {
    Server::script([Step::Byte, Step::write(bytes), Step::Hold]).await
}

/// A `ServerHello` of an old version: no session, ECDHE-RSA-AES128-SHA, no extensions.
fn hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x13, 0]);
    let mut record = vec![
        0x16,
        3,
        minor,
        0,
        4 + hello.len() as u8,
        2,
        0,
        0,
        hello.len() as u8,
    ];
    record.extend(hello);
    record
}

#[tokio::test]
async fn a_server_that_speaks_only_old_versions() {
    let protocol_version_alert = vec![0x15, 3, 2, 0, 2, 2, 70];
    for greeted in [hello(2), hello(1), hello(0), protocol_version_alert] {
        let server = greeting(greeted).await;
        let request = post(server.https("localhost", "/"));
        fails(&transport(), request, Tls, Sent::Never).await;
    }
}

/// As with a gateway whose server restarts, so it may get better.
#[tokio::test]
async fn a_connection_that_ends_in_the_handshake() {
    let closing = Server::script([Step::Byte]).await;
    let resetting = Server::script([Step::Byte, Step::Reset]).await;
    for server in [closing, resetting] {
        let request = post(server.https("localhost", "/"));
        let error = fails(&transport(), request, Connect, Sent::Never).await;
        assert!(
            error.to_string().contains("in the TLS handshake"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn alerts_of_the_server_say_what_to_do() {
    for (alert, says) in [
        (40, "must support TLS 1.2 or 1.3"),
        (70, "must support TLS 1.2 or 1.3"),
        (112, "check the host of the address"),
        (116, "asks for a certificate of the client"),
    ] {
        let server = greeting(vec![0x15, 3, 3, 0, 2, 2, alert]).await;
        let request = post(server.https("localhost", "/"));
        let error = fails(&transport(), request, Tls, Sent::Never).await;
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// What a server does with a TLS connection once the request is there.
#[derive(Clone, Copy)]
enum Fault {
    CloseWithoutGoodbye,
    Close,
    Garbage,
}

async fn faulty(started: &'static str, fault: Fault) -> Server {
    let acceptor = CA.acceptor("localhost", &[]);
    Server::start(move |_, stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_request(&mut stream).await.unwrap();
            stream.write_all(started.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            match fault {
                Fault::CloseWithoutGoodbye => {}
                Fault::Close => stream.shutdown().await.unwrap(),
                Fault::Garbage => {
                    let (tcp, _) = stream.get_mut();
                    tcp.write_all(&[0x17, 3, 3, 0, 32]).await.unwrap();
                    tcp.write_all(&[7; 32]).await.unwrap();
                    hold(tcp).await;
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn faults_before_the_response() {
    for (fault, kind) in [
        (Fault::CloseWithoutGoodbye, Reset),
        (Fault::Close, Reset),
        (Fault::Garbage, Tls),
    ] {
        let server = faulty("", fault).await;
        let request = post(server.https("localhost", "/"));
        fails(&transport(), request, kind, Sent::Maybe).await;
    }
}

#[test]
fn what_is_no_certificate_is_rejected() {
    let not_der = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\n!", not_der] {
        match builder().add_root_certificate_pem(pem).build() {
            Err(BuildError::Invalid(invalid)) => assert_eq!(invalid.field(), "root certificate"),
            other => panic!("{pem}: {other:?}"),
        }
    }
    match builder().add_root_certificate_der(*b"ABC").build() {
        Err(BuildError::Invalid(invalid)) => assert_eq!(invalid.field(), "root certificate"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_unreadable_entry_of_a_bundle_is_named() {
    let fine = CA.pem();
    let cut = fine.replace("-----END", "-----FIN");
    let not_der = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
    let not_base64 = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let other_kind = fine.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    for (last, says) in [
        (&*other_kind, "it is a `TRUSTED CERTIFICATE`"),
        (&format!("{cut}{fine}"), "`-----END` line"),
        (&*cut, "`-----END` line"),
        (not_der, "number 3 of 3"),
        (not_base64, "number 3"),
    ] {
        let bundle = format!("{fine}\n{fine}\n{last}");
        let error = builder()
            .add_root_certificate_pem(bundle)
            .build()
            .unwrap_err();
        let text = error.to_string();
        assert!(text.contains("number 3") && text.contains(says), "{text}");
    }
}

#[test]
fn other_forms_than_pem_are_named() {
    let wide = |pem: String| pem.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>();
    let marked = [vec![0xff, 0xfe], wide(CA.pem())].concat();
    for (pem, says) in [
        (marked, "UTF-16"),
        (wide(CA.pem()), "UTF-16"),
        (CA.der(), "`add_root_certificate_der`"),
    ] {
        let error = builder().add_root_certificate_pem(pem).build().unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let error = builder().add_root_certificate_der(CA.pem()).build();
    let text = error.unwrap_err().to_string();
    assert!(text.contains("`add_root_certificate_pem`"), "{text}");
}

#[tokio::test]
async fn nothing_before_an_entry_hides_it() {
    let server = Server::over_tls(CA.acceptor("localhost", &[])).await;
    let (other, ca) = (Authority::new("other").pem(), CA.pem());
    let indented = ca.replace('\n', "\n  ");
    let key = ca.replace("CERTIFICATE", "EC PRIVATE KEY");
    for pem in [
        format!("\u{feff}{ca}"),
        format!("{other}\u{feff}{ca}"),
        format!("{}{ca}", other.trim_end()),
        format!("{other}  {indented}"),
        format!("{key}{ca}").replace('\n', "\r\n"),
    ] {
        let transport = HyperTransport::builder()
            .tls_roots(TlsRoots::OnlyAdded)
            .add_root_certificate_pem(pem)
            .build()
            .unwrap();
        succeeds(&transport, get(server.https("localhost", "/"))).await;
    }
}

/// An authority's own certificate, added as a root and shown by the server.
#[tokio::test]
async fn a_self_signed_authority_says_what_to_do() {
    let authority = Authority::new("localhost");
    let server = Server::over_tls(authority.own_acceptor()).await;
    let transport = builder()
        .add_root_certificate_der(authority.der())
        .build()
        .unwrap();
    let request = post(server.https("localhost", "/"));
    let error = fails(&transport, request, Tls, Sent::Never).await;
    let text = error.to_string();
    assert!(text.contains("basicConstraints=CA:FALSE"), "{text}");
    assert!(
        text.contains(&server.authority().replace("127.0.0.1", "localhost")),
        "{text}"
    );
}

#[tokio::test]
async fn certificate_errors_say_what_to_do() {
    let unknown = Authority::new("unknown");
    let elsewhere = || CA.acceptor("elsewhere.example", &[]);
    for (acceptor, host, says) in [
        (
            CA.expired_acceptor("localhost"),
            "localhost",
            ["expired", "check the clock"],
        ),
        (
            elsewhere(),
            "localhost",
            ["elsewhere.example", "check the host of the address"],
        ),
        (
            elsewhere(),
            "127.0.0.1",
            ["elsewhere.example", "check the host of the address"],
        ),
        (
            unknown.acceptor("localhost", &[]),
            "localhost",
            ["UnknownIssuer", "`add_root_certificate_pem`"],
        ),
    ] {
        let server = Server::over_tls(acceptor).await;
        let error = fails(
            &transport(),
            post(server.https(host, "/")),
            Tls,
            Sent::Never,
        )
        .await;
        let text = error.to_string();
        assert!(says.iter().all(|part| text.contains(part)), "{text}");
    }
}
