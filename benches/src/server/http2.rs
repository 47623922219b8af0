//! A server over HTTP/2 with TLS, with a certificate of its own.

use std::{convert::Infallible, fs, io, net::TcpListener, sync::Arc, thread};

use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::bodies::Language;

const HOST: &str = "127.0.0.1";

/// Serves until the process ends. Returns the address, a comma, and the path of the certificate.
pub(super) fn start() -> io::Result<String> {
    let own = rcgen::generate_simple_self_signed([HOST.to_owned()]).map_err(io::Error::other)?;
    let path = std::env::temp_dir().join(format!("carrot-benches.{}.der", std::process::id()));
    fs::write(&path, own.cert.der())?;
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).map_err(io::Error::other)?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let listener = TcpListener::bind((HOST, 0))?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .expect("a runtime")
            .block_on(serve(listener, acceptor));
    });
    Ok(format!("{address},{}", path.display()))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime");
    let bodies = [Language::English.conversation(), Language::English.page()];
    let [conversation, page] = bodies.map(Bytes::from);
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let (acceptor, conversation, page) = (acceptor.clone(), conversation.clone(), page.clone());
        tokio::spawn(async move {
            let stream = acceptor.accept(stream).await.expect("a TLS handshake");
            let respond = service_fn(move |request: Request<Incoming>| {
                let is_one = request.uri().path().contains("/conversations/");
                let body = if is_one { &conversation } else { &page };
                let mut response = Response::new(Full::new(body.clone()));
                let json = "application/json; charset=utf-8".parse().expect("a header");
                response.headers_mut().insert(CONTENT_TYPE, json);
                async move { Ok::<_, Infallible>(response) }
            });
            // The client closes the connection in the end.
            let builder = http2::Builder::new(TokioExecutor::new());
            drop(
                builder
                    .serve_connection(TokioIo::new(stream), respond)
                    .await,
            );
        });
    }
}
