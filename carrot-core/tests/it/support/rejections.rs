//! Collects the calls that the client rejects before sending.

use std::fmt::Write as _;

use carrot_core::{ApiVersion, Endpoint, ErrorKind, Sent, types::InvalidValue};

use super::{Watched, assert_snapshot, canned, client, run};

/// The broken rules, one a line, for a snapshot.
#[derive(Default)]
pub(crate) struct Rejections(String);

impl Rejections {
    /// Writes the input of the next lines.
    pub(crate) fn given(&mut self, input: &str) {
        let shown: String = input.chars().take(40).collect();
        let _ = writeln!(self.0, "# {shown:?}");
    }

    /// Adds a call that breaks a rule. Checks that nothing is sent.
    #[track_caller]
    pub(crate) fn call<E: Endpoint>(&mut self, version: ApiVersion, endpoint: E) {
        let transport = canned([]);
        let _ = write!(self.0, "{} ", version.segment());
        self.by(&client(&transport, version), endpoint);
        assert!(transport.requests().is_empty());
    }

    #[track_caller]
    pub(crate) fn by<E: Endpoint>(&mut self, client: &Watched, endpoint: E) {
        let Err(error) = run(client.call(endpoint)) else {
            panic!("{} was sent; before it:\n{}", E::NAME, self.0)
        };
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::InvalidRequest, Sent::Never)
        );
        assert_eq!(error.attempts(), 0);
        assert!(!error.may_have_been_applied() && !error.is_not_found());
        let rule = error.invalid_value().expect("the field");
        let text = format!("{}: {rule}; nothing was sent", E::NAME);
        assert_eq!(error.to_string(), text);
        let _ = writeln!(self.0, "{}: {rule}", E::NAME);
    }

    /// Adds a value that cannot be created.
    #[track_caller]
    pub(crate) fn value<T>(&mut self, made: Result<T, InvalidValue>) {
        match made {
            Ok(_) => panic!("the value was made; before it:\n{}", self.0),
            Err(error) => writeln!(self.0, "{error}").expect("a line"),
        }
    }

    /// Compares the rules with those in `tests/rejections`.
    pub(crate) fn assert(self, name: &str) {
        assert_snapshot(&format!("tests/rejections/{name}.txt"), &self.0);
    }
}
