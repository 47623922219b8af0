//! What this stack keeps of the contract of a transport, and what not.

#![allow(clippy::unwrap_used)]

use std::{error::Error, io};

use carrot_core::{
    HttpTransport, Sent, TransportError,
    transport::{TransportErrorKind as Kind, sources},
};
use carrot_stack_tower::{BoxError, ServiceTransport};
use carrot_testing::conformance::{self, BuildError, Capability, Setup, Stack, Work};
use expect_test::expect_file;
use hyper_util::{client::legacy, rt::TokioExecutor};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::runtime::Runtime;

/// The pooled client of hyper-util is a service.
#[derive(Debug)]
struct Tower(Runtime);

fn last_io<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    sources(error)
        .filter_map(|error| error.downcast_ref())
        .last()
}

fn says(error: &(dyn Error + 'static), text: &str) -> bool {
    sources(error).any(|error| error.to_string().contains(text))
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|error| error.is::<rustls::Error>())
}

fn before(error: BoxError) -> TransportError {
    let connecting = error.downcast_ref().is_some_and(legacy::Error::is_connect);
    let io = last_io(&*error).map(io::Error::kind);
    let (kind, sent) = match io {
        _ if connecting && says(&*error, "dns error") => (Kind::Dns, Sent::Never),
        _ if connecting && is_tls(&*error) => (Kind::Tls, Sent::Never),
        _ if connecting => (Kind::Connect, Sent::Never),
        Some(_) => (Kind::Reset, Sent::Maybe),
        None if says(&*error, "before message completed") => (Kind::Reset, Sent::Maybe),
        None if says(&*error, "invalid") || says(&*error, "too large") => {
            (Kind::Protocol, Sent::Maybe)
        }
        None => return TransportError::in_doubt(error),
    };
    TransportError::new(kind, sent).with_source(error)
}

fn in_the_body(error: BoxError) -> TransportError {
    let broken = [io::ErrorKind::InvalidData, io::ErrorKind::InvalidInput];
    let kind = match last_io(&*error) {
        Some(io) if broken.contains(&io.kind()) => Kind::Protocol,
        _ => Kind::Truncated,
    };
    TransportError::new(kind, Sent::Yes).with_source(error)
}

impl Stack for Tower {
    fn build(&self, setup: &Setup) -> Result<Box<dyn HttpTransport>, BuildError> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(
            setup.root_certificate_pem.as_bytes(),
        )?)?;
        let tls = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let service = legacy::Client::builder(TokioExecutor::new()).build(connector);
        Ok(Box::new(
            ServiceTransport::new(service).with_errors(before, in_the_body),
        ))
    }

    fn run(&self, work: Work<'_>) {
        self.0.block_on(work);
    }

    fn can(&self, capability: Capability) -> bool {
        matches!(capability, Capability::Tls | Capability::Cancellation)
    }
}

// What the library does otherwise, and why.
carrot_testing::conformance!(Tower(Runtime::new().unwrap()), known_failures {
    "TIM-04" => "it does not tell whether it was still connecting",
    "TIM-05" => "it does not tell whether it was still connecting",
});

#[test]
fn report_is_up_to_date() {
    let report = conformance::run_in(
        &Tower(Runtime::new().unwrap()),
        KNOWN_FAILURES,
        Some(module_path!()),
    );
    assert!(report.is_conformant(), "{report}");
    expect_file!["../../../../docs/conformance/tower.md"].assert_eq(&report.to_markdown("tower"));
}
