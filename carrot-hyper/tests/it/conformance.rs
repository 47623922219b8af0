//! The contract of a transport, kept in every rule.

use carrot_hyper::{HttpTransport, HyperTransport, TlsRoots};
use carrot_testing::conformance::{BuildError, Capability, Setup, Stack, Work};
#[cfg(all(feature = "http2", feature = "gzip"))]
use expect_test::expect_file;
use tokio::runtime::Runtime;

use crate::support::canary;

/// Over HTTP/1.1, with HTTP/2 and gzip where they are compiled in.
#[derive(Debug)]
struct Hyper(Runtime);

impl Hyper {
    fn new() -> Self {
        canary::watch();
        Self(Runtime::new().unwrap())
    }
}

impl Stack for Hyper {
    fn build(&self, setup: &Setup) -> Result<Box<dyn HttpTransport>, BuildError> {
        let builder = HyperTransport::builder()
            .tls_roots(TlsRoots::OnlyAdded)
            .add_root_certificate_pem(setup.root_certificate_pem);
        #[cfg(feature = "http2")]
        let builder = builder.http2(setup.http2);
        #[cfg(feature = "gzip")]
        let builder = builder.gzip(setup.gzip);
        Ok(Box::new(builder.build()?))
    }

    fn run(&self, work: Work<'_>) {
        self.0.block_on(work);
    }

    fn can(&self, capability: Capability) -> bool {
        match capability {
            Capability::Http2 => cfg!(feature = "http2"),
            Capability::Gzip => cfg!(feature = "gzip"),
            _ => true,
        }
    }
}

carrot_testing::conformance!(Hyper::new());

/// With everything compiled in, as the page about the stacks shows it.
#[cfg(all(feature = "http2", feature = "gzip"))]
#[test]
fn report_is_up_to_date() {
    let report =
        carrot_testing::conformance::run_in(&Hyper::new(), KNOWN_FAILURES, Some(module_path!()));
    assert!(report.is_conformant(), "{report}");
    expect_file!["../../../docs/conformance/hyper.md"].assert_eq(&report.to_markdown("hyper"));
}
