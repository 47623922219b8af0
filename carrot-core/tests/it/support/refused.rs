//! What is refused before anything is sent.

use carrot_core::{ApiVersion, Endpoint, ErrorKind, Sent, types::InvalidValue};

use super::{Watched, canned, client, run};

/// Asserts that an operation is refused for this reason, and that nothing is sent.
pub(crate) fn refused<E: Endpoint>(version: ApiVersion, endpoint: E, rule: &str) {
    let recorder = canned([]);
    refused_by(&client(&recorder, version), endpoint, rule);
    assert!(recorder.requests().is_empty());
}

pub(crate) fn refused_by<E: Endpoint>(client: &Watched, endpoint: E, rule: &str) {
    let Err(error) = run(client.call(endpoint)) else {
        panic!("was sent, in spite of: {rule}")
    };
    assert_eq!(
        error.to_string(),
        format!("{}: {rule}; nothing was sent", E::NAME)
    );
    assert_eq!(
        (error.kind(), error.sent()),
        (ErrorKind::InvalidRequest, Sent::Never)
    );
    assert_eq!(error.attempts(), 0);
    assert!(!error.may_have_been_applied() && !error.is_not_found());
    let invalid = error.invalid_value().expect("the field");
    assert_eq!(invalid.to_string(), rule);
}

/// Asserts the text of the error of a value that cannot even be made.
pub(crate) fn no_value<T>(made: Result<T, InvalidValue>, text: &str) {
    match made {
        Ok(_) => panic!("was made, in spite of: {text}"),
        Err(error) => assert_eq!(error.to_string(), text),
    }
}
