//! What this stack keeps of the contract of a transport, and what not.

#![allow(clippy::unwrap_used)]

use carrot_core::HttpTransport;
use carrot_stack_ureq::UreqTransport;
use carrot_testing::conformance::{self, BuildError, Capability, Setup, Stack};
use expect_test::expect_file;
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

#[derive(Debug)]
struct Ureq;

impl Stack for Ureq {
    fn build(&self, setup: &Setup) -> Result<Box<dyn HttpTransport>, BuildError> {
        let root = Certificate::from_pem(setup.root_certificate_pem.as_bytes())?;
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root]));
        let config = Agent::config_builder().tls_config(tls.build());
        Ok(Box::new(UreqTransport::new(config)))
    }

    fn can(&self, capability: Capability) -> bool {
        matches!(capability, Capability::Tls)
    }
}

// What the library does otherwise, and why.
carrot_testing::conformance!(Ureq, known_failures {
    "RSP-06" => "it takes the first trailer for a mistake",
    "FRM-04" => "it takes the last chunk for the end",
    "ERR-12" => "it writes the whole body before it reads",
    "TLS-06" => "it does not tell whether the handshake was over, so the request may have been sent",
    "TLS-07" => "its handshake counts as a part of the exchange",
    "TLS-12" => "it takes a cut for the end of the body",
});

#[test]
fn report_is_up_to_date() {
    let report = conformance::run_in(&Ureq, KNOWN_FAILURES, Some(module_path!()));
    assert!(report.is_conformant(), "{report}");
    expect_file!["../../../../docs/conformance/ureq.md"].assert_eq(&report.to_markdown("ureq"));
}
