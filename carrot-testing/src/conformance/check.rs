use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    bench::Bench,
    failure::Failure,
    list::RULES,
    rule::{Level, Rule, Verdict},
    stack::Stack,
};
use crate::fail;

/// Returns all rules, in the order of their ids.
#[must_use]
pub fn rules() -> &'static [Rule] {
    RULES
}

/// Returns the rule with this id, such as `RSP-02`.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Checks one rule, and blocks until it is decided.
#[must_use]
pub fn check(stack: &dyn Stack, rule: &Rule) -> Verdict {
    check_on(&Bench::new(stack), rule)
}

pub(crate) fn check_on(bench: &Bench<'_>, rule: &Rule) -> Verdict {
    if let Some(missing) = rule.needs.iter().find(|need| !bench.can(**need)) {
        return Verdict::Skipped(bench.lacks(*missing));
    }
    let text = match catch_unwind(AssertUnwindSafe(|| (rule.check)(bench))) {
        Ok(Ok(())) => return Verdict::Passed,
        Ok(Err(Failure::Impossible(why))) => return Verdict::Skipped(why),
        Ok(Err(Failure::Broken(text))) => text,
        Err(panic) => format!("a panic: {}", said_by(&*panic)),
    };
    Verdict::Failed(format!(
        "{} ({}): {}\n  {}\n\n  why: {}\n\n{}",
        rule.id,
        rule.level,
        rule.title,
        text.replace('\n', "\n  "),
        rule.why,
        bench.log(),
    ))
}

fn said_by(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// Checks one rule as a test does: it panics where the rule fails and is not among the known failures,
/// and where it passes and is among them.
///
/// # Panics
///
/// See above; or there is no such rule.
#[track_caller]
pub fn assert_rule(stack: &dyn Stack, id: &str, known: &[KnownFailure]) {
    assert_rule_in(stack, id, known, None);
}

#[track_caller]
pub(crate) fn assert_rule_in(
    stack: &dyn Stack,
    id: &str,
    known: &[KnownFailure],
    module: Option<&str>,
) {
    let Some(rule) = rule(id) else {
        fail(&format!("there is no rule {id}"));
    };
    let mut bench = Bench::new(stack);
    if let Some(module) = module {
        bench.run_child_as(module, rule.test);
    }
    let verdict = check_on(&bench, rule);
    match (Judged::of(rule, &verdict, known), verdict) {
        (Judged::Failed, Verdict::Failed(text)) => fail(&text),
        (Judged::Unexpected, _) => fail(&format!(
            "{id} passes and is listed as a known failure: take it off the list"
        )),
        (_, Verdict::Skipped(why)) => println!("{id} skipped: {why}"),
        _ => {}
    }
}

/// Fails where a known failure names a rule that does not exist.
///
/// # Panics
///
/// See above.
#[track_caller]
pub fn assert_known(known: &[KnownFailure]) {
    for (id, _) in known {
        if rule(id).is_none() {
            fail(&format!("the known failure {id} is not a rule"));
        }
    }
}

/// The id of a rule that a stack breaks, and why.
pub type KnownFailure = (&'static str, &'static str);

/// A verdict in the light of the known failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Passed,
    Skipped,
    Failed,
    /// Failed, as the list says.
    Known(&'static str),
    /// Passed, and the list says that it fails.
    Unexpected,
}

impl Judged {
    pub(crate) fn of(rule: &Rule, verdict: &Verdict, known: &[KnownFailure]) -> Self {
        let known = known.iter().find(|(id, _)| *id == rule.id);
        match (verdict, known) {
            (Verdict::Passed, None) => Self::Passed,
            (Verdict::Passed, Some(_)) => Self::Unexpected,
            (Verdict::Failed(_), None) => Self::Failed,
            (Verdict::Failed(_), Some((_, why))) => Self::Known(why),
            (Verdict::Skipped(_), _) => Self::Skipped,
        }
    }
}

/// Returns the number of rules of this level.
#[must_use]
pub fn count(level: Level) -> usize {
    RULES.iter().filter(|rule| rule.level == level).count()
}
