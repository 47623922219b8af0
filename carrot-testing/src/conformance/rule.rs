use std::fmt;

use super::{bench::Bench, failure::Check, stack::Capability};

/// One duty of a transport.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Rule {
    /// The family and a number that stays for ever, such as `RSP-02`.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// What a transport does.
    pub title: &'static str,
    /// What goes wrong where it does not.
    pub why: &'static str,
    /// The name of its test: the id and a few words.
    pub test: &'static str,
    /// What a stack must be able to do for the rule to apply.
    pub needs: &'static [Capability],
    pub(crate) check: fn(&Bench<'_>) -> Check,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("id", &self.id)
            .field("level", &self.level)
            .field("title", &self.title)
            .finish_non_exhaustive()
    }
}

/// How binding a rule is, in the words of RFC 2119.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// A client over a transport that breaks it loses, doubles or leaks something.
    Must,
    /// Breaking it costs speed, a retry or a clear message.
    Should,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        })
    }
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The transport keeps the rule.
    Passed,
    /// The rule does not apply, and why.
    Skipped(&'static str),
    /// The transport breaks the rule: what was expected, what came, and what the server saw.
    Failed(String),
}
