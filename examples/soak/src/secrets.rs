//! What only the server may see: a token and a person's data that stand nowhere else, so that a search
//! for them finds whatever shows them.

use std::{
    error::Error,
    fmt::{Debug, Write},
};

/// Stands in all of them.
pub(crate) const MARK: &str = "c4n4ry";
/// The token of every call.
pub(crate) const TOKEN: &str = "app.1.c4n4ry-token";
pub(crate) const E_MAIL: &str = "c4n4ry@example.com";
/// The text of every write.
pub(crate) const TEXT: &str = "On its way to c4n4ry@example.com";

/// Whether the error, or one beneath it, shows any of them.
pub(crate) fn are_in_error(error: &(dyn Error + 'static)) -> bool {
    let mut shown = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        // To write into a text does not fail.
        let _ = write!(shown, "{error}\n{error:?}\n{error:#?}\n");
        next = error.source();
    }
    shown.contains(MARK)
}

/// Whether a report shows any of them.
pub(crate) fn are_in_report(report: &impl Debug) -> bool {
    format!("{report:?}").contains(MARK)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::{fmt, io};

    use carrot_hyper::{AuthToken, types::InvalidValue};

    use super::*;

    /// Says nothing itself of what lies beneath it.
    #[derive(Default)]
    struct Above {
        debug: &'static str,
        beneath: Option<io::Error>,
    }

    impl fmt::Debug for Above {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.debug)
        }
    }

    impl fmt::Display for Above {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("it failed")
        }
    }

    impl Error for Above {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.beneath.as_ref().map(|error| error as _)
        }
    }

    #[test]
    fn they_are_found_wherever_they_are_shown() {
        AuthToken::new(TOKEN).expect("a sound token");
        for secret in [TOKEN, E_MAIL, TEXT] {
            assert!(are_in_error(&io::Error::other(secret)), "displayed");
            let debug = Above {
                debug: secret,
                beneath: None,
            };
            assert!(are_in_error(&debug), "in the debug form");
            let beneath = Above {
                debug: "",
                beneath: Some(io::Error::other(secret)),
            };
            assert!(are_in_error(&beneath), "beneath");
            assert!(are_in_report(&Some(secret)));
        }
        assert!(!are_in_error(&InvalidValue::new(
            "token",
            "must not be empty"
        )));
        assert!(!are_in_error(&Above::default()) && !are_in_report(&1));
    }
}
