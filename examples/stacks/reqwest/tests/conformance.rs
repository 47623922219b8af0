//! What this stack keeps of the contract of a transport, and what not.

#![allow(clippy::unwrap_used)]

use carrot_core::HttpTransport;
use carrot_stack_reqwest::ReqwestTransport;
use carrot_testing::conformance::{self, BuildError, Capability, Setup, Stack, Work};
use expect_test::expect_file;
use tokio::runtime::Runtime;

#[derive(Debug)]
struct Reqwest(Runtime);

impl Stack for Reqwest {
    fn build(&self, setup: &Setup) -> Result<Box<dyn HttpTransport>, BuildError> {
        let root = reqwest::Certificate::from_pem(setup.root_certificate_pem.as_bytes())?;
        let builder = reqwest::Client::builder().tls_certs_only([root]);
        Ok(Box::new(ReqwestTransport::new(builder)?))
    }

    fn run(&self, work: Work<'_>) {
        self.0.block_on(work);
    }

    fn can(&self, capability: Capability) -> bool {
        matches!(capability, Capability::Tls | Capability::Cancellation)
    }
}

// What the library does otherwise, and why.
carrot_testing::conformance!(Reqwest(Runtime::new().unwrap()), known_failures {
    "REQ-02" => "its crate `url` resolves dot segments; ids are escaped, so no path of the client has any",
    "REQ-09" => "it sends `accept: */*` where the request has none; the client always has one",
    "TIM-04" => "it does not tell whether it was still connecting",
    "TIM-05" => "it does not tell whether it was still connecting",
});

#[test]
fn report_is_up_to_date() {
    let report = conformance::run_in(
        &Reqwest(Runtime::new().unwrap()),
        KNOWN_FAILURES,
        Some(module_path!()),
    );
    assert!(report.is_conformant(), "{report}");
    expect_file!["../../../../docs/conformance/reqwest.md"]
        .assert_eq(&report.to_markdown("reqwest"));
}
