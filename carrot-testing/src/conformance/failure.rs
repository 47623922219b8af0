use std::error::Error;

pub(crate) type Check = Result<(), Failure>;

/// How a transport breaks a rule.
#[derive(Debug)]
pub(crate) enum Failure {
    Broken(String),
    /// This machine cannot play the scene.
    Impossible(&'static str),
}

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::Broken(text.into())
    }
}

/// The kit's own sockets failed, which the transport caused as far as anybody can tell.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Broken(format!("the scene of the rule failed: {error}"))
    }
}

/// Fails the rule with this text where the condition does not hold.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::conformance::failure::Failure::new(format!($($text)+)));
        }
    };
}
pub(crate) use ensure;
