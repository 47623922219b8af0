use std::{borrow::Cow, convert::Infallible};

/// A value that the service would reject, found before anything is sent.
///
/// It names the field and the rule that the value breaks. It never holds the value itself, which may
/// be somebody's data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {rule}")]
pub struct InvalidValue {
    field: Cow<'static, str>,
    rule: Cow<'static, str>,
}

impl InvalidValue {
    /// Creates an error for `field`; `rule` goes on after the name, as in "must not be empty".
    pub fn new(field: impl Into<Cow<'static, str>>, rule: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: field.into(),
            rule: rule.into(),
        }
    }

    /// The same rule, said of the value that has this name in a request.
    pub(crate) fn in_value_of(self, name: &str) -> Self {
        Self::new(format!("value of {}", name.escape_debug()), self.rule)
    }

    /// Returns the name of the field or parameter.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Returns the rule that was broken, with its limit.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

impl From<Infallible> for InvalidValue {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
