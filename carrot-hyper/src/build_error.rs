use std::error::Error as StdError;

use carrot_core::types::InvalidValue;

/// Why no transport or no client could be made. Nothing was sent.
///
/// It never holds a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// A variable of the environment is not set.
    #[error("the variable `{name}` is not set")]
    MissingVariable {
        /// The name of the variable.
        name: &'static str,
    },
    /// A variable of the environment holds what cannot be used.
    #[error("the variable `{name}` cannot be used: {source}")]
    InvalidVariable {
        /// The name of the variable.
        name: &'static str,
        /// The rule that its value breaks.
        source: InvalidValue,
    },
    /// TLS cannot be set up: no cryptography or no trusted certificates are there.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
}
