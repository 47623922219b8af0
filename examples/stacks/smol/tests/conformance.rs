//! What this stack keeps of the contract of a transport, and what not.

#![allow(clippy::unwrap_used)]

use carrot_core::HttpTransport;
use carrot_stack_smol::SmolTransport;
use carrot_testing::conformance::{self, BuildError, Capability, Setup, Stack, Work};
use expect_test::expect_file;
use futures_rustls::{
    pki_types::{CertificateDer, pem::PemObject},
    rustls::{ClientConfig, RootCertStore, crypto::ring},
};

#[derive(Debug)]
struct Smol;

impl Stack for Smol {
    fn build(&self, setup: &Setup) -> Result<Box<dyn HttpTransport>, BuildError> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(
            setup.root_certificate_pem.as_bytes(),
        )?)?;
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Box::new(SmolTransport::new(config)))
    }

    fn run(&self, work: Work<'_>) {
        smol::block_on(work);
    }

    fn can(&self, capability: Capability) -> bool {
        matches!(capability, Capability::Tls | Capability::Cancellation)
    }
}

// What the library does otherwise, and why.
carrot_testing::conformance!(Smol, known_failures {
    "CON-01" => "it opens a connection for each request",
    "CON-09" => "it opens a connection for each request",
});

#[test]
fn report_is_up_to_date() {
    let report = conformance::run_in(&Smol, KNOWN_FAILURES, Some(module_path!()));
    assert!(report.is_conformant(), "{report}");
    expect_file!["../../../../docs/conformance/smol.md"].assert_eq(&report.to_markdown("smol"));
}
