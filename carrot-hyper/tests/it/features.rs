//! What each set of features makes of the builder. CI runs it with every set.

use carrot_hyper::{BuildError, HyperTransport, TlsRoots};

const CRYPTOGRAPHY: bool = cfg!(any(feature = "aws-lc-rs", feature = "ring"));

fn problem(roots: TlsRoots) -> Option<String> {
    match HyperTransport::builder().tls_roots(roots).build() {
        Ok(_) => None,
        Err(BuildError::Tls(problem)) => Some(problem.to_string()),
        Err(other) => panic!("{other:?}"),
    }
}

/// In particular, nothing panics when both providers of cryptography are compiled in.
#[test]
fn cryptography_is_there_or_asked_for() {
    match problem(TlsRoots::Bundled) {
        None => assert!(CRYPTOGRAPHY && cfg!(feature = "webpki-roots")),
        Some(problem) if CRYPTOGRAPHY => assert!(problem.contains("`webpki-roots`"), "{problem}"),
        Some(problem) => {
            assert!(problem.contains("`aws-lc-rs`"), "{problem}");
            assert!(problem.contains("`ring`"), "{problem}");
        }
    }
}

#[test]
fn missing_root_features_are_named() {
    if CRYPTOGRAPHY && !cfg!(feature = "platform-verifier") {
        let problem = problem(TlsRoots::Platform).unwrap();
        assert!(problem.contains("`platform-verifier`"), "{problem}");
    }
}

#[test]
fn trusting_nobody_is_an_error() {
    let problem = problem(TlsRoots::OnlyAdded).unwrap();
    assert_eq!(
        problem.contains("root certificate"),
        CRYPTOGRAPHY,
        "{problem}"
    );
}

#[test]
fn the_default_needs_cryptography_and_roots() {
    let roots = cfg!(any(feature = "platform-verifier", feature = "webpki-roots"));
    match HyperTransport::builder().build() {
        Ok(_) => assert!(CRYPTOGRAPHY && roots),
        Err(BuildError::Tls(_)) => assert!(!CRYPTOGRAPHY || !cfg!(feature = "webpki-roots")),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn public_types_go_between_threads_and_show_themselves() {
    fn check<T: Send + Sync + std::fmt::Debug + 'static>() {}
    check::<HyperTransport>();
    check::<carrot_hyper::HyperTransportBuilder>();
    check::<carrot_hyper::TokioClock>();
    check::<BuildError>();
}

/// One line in `Cargo.toml` is enough: core, the types and the crates of the public API are here.
#[test]
fn one_dependency_is_enough() {
    #[allow(unused_imports)]
    use carrot_hyper::{
        Client, ClientBuilder, Endpoint, Error, HttpTransport, apps,
        async_trait::async_trait,
        bytes::Bytes,
        carrot_core,
        carrot_types::UserId as PrintedByTheCompiler,
        client::CallOptions,
        conversations,
        endpoint::Path,
        http::Request,
        serde_json::Value,
        transport::CallContext,
        types::{self, UserId},
        users,
    };
    let _: UserId = PrintedByTheCompiler::new(7);
}
