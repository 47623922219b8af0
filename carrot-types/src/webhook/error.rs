use crate::{InvalidValue, JsonError};

/// Why the body of a request is not a webhook.
///
/// No error holds the token, the expected one or the received, nor anything else of the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The expected token is empty: a mistake of the program, which would let everybody in.
    #[error("the expected token of the webhook is empty")]
    NoExpectedToken,
    /// The body has no `token`.
    #[error("the webhook has no `token`")]
    MissingToken,
    /// The token is not the expected one.
    #[error("the `token` of the webhook is wrong")]
    WrongToken,
    /// The body has no `type`.
    #[error("the webhook has no `type`")]
    MissingType,
    /// A field that the kind of webhook always has is missing.
    #[error("the webhook has no `{field}`")]
    MissingField {
        /// The name of the field.
        field: &'static str,
    },
    /// A field stands more than once with different values, and nothing says which one counts.
    #[error("the webhook has more than one `{field}`")]
    RepeatedField {
        /// The name of the field.
        field: &'static str,
    },
    /// The body ends within a percent-encoded character.
    #[error("the form of the webhook is truncated within a character")]
    Truncated,
    /// A `%` is not followed by two hexadecimal digits.
    #[error("the form of the webhook has a `%` without two hexadecimal digits")]
    InvalidPercentEncoding,
    /// The decoded form is not UTF-8.
    #[error("the form of the webhook is not UTF-8")]
    InvalidUtf8,
    /// A field is not what it must be, such as an id.
    #[error("in the webhook {0}")]
    InvalidField(#[source] InvalidValue),
    /// The JSON inside a field cannot be read, or that of the whole body; `field` is `body` then, and the
    /// token is not known.
    #[error("in the webhook `{field}` cannot be read at {error}")]
    InvalidJson {
        /// The name of the field.
        field: &'static str,
        /// The place in it, and the problem there.
        #[source]
        error: JsonError,
    },
}

impl WebhookError {
    /// Returns true when the token is missing or wrong: the request does not come from the service. Respond
    /// with 401 or 403 and look no further.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::MissingToken | Self::WrongToken)
    }

    /// Returns the field of the form that is to blame, where it is one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::MissingToken | Self::WrongToken => Some("token"),
            Self::MissingType => Some("type"),
            Self::MissingField { field }
            | Self::RepeatedField { field }
            | Self::InvalidJson { field, .. } => Some(field),
            Self::InvalidField(invalid) => Some(invalid.field()),
            Self::NoExpectedToken
            | Self::Truncated
            | Self::InvalidPercentEncoding
            | Self::InvalidUtf8 => None,
        }
    }
}
