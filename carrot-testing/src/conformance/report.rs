use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    bench::Bench,
    check::{Judged, KnownFailure, check_on},
    list::RULES,
    rule::{Rule, Verdict},
    stack::Stack,
};

/// How many rules are checked at once: most of their time they wait.
const AT_ONCE: usize = 8;

/// Checks every rule.
#[must_use]
pub fn run(stack: &dyn Stack, known: &[KnownFailure]) -> Report {
    run_in(stack, known, None)
}

/// As [`run`], from the module in which [`conformance!`](crate::conformance!) made the tests: those rules
/// that need a process of their own are checked too.
#[must_use]
pub fn run_in(stack: &dyn Stack, known: &[KnownFailure], module: Option<&str>) -> Report {
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(rule) = RULES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut bench = Bench::new(stack);
                    if let Some(module) = module {
                        bench.run_child_as(module, rule.test);
                    }
                    let verdict = check_on(&bench, rule);
                    let mut verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
                    verdicts.push((rule, verdict));
                }
            });
        }
    });
    let mut verdicts = verdicts
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    verdicts.sort_by_key(|(rule, _)| RULES.iter().position(|other| other.id == rule.id));
    Report {
        lines: verdicts
            .into_iter()
            .map(|(rule, verdict)| Line {
                judged: Judged::of(rule, &verdict, known),
                rule,
                verdict,
            })
            .collect(),
    }
}

/// What came of every rule. `Display` is a table of plain text with the text of every failure.
#[derive(Clone, Debug)]
pub struct Report {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    rule: &'static Rule,
    verdict: Verdict,
    judged: Judged,
}

impl Line {
    fn word(&self) -> &'static str {
        match self.judged {
            Judged::Passed => "passed",
            Judged::Skipped => "skipped",
            Judged::Failed => "FAILED",
            Judged::Known(_) => "known failure",
            Judged::Unexpected => "PASSED, and listed as a known failure",
        }
    }

    fn note(&self) -> &'static str {
        match (&self.judged, &self.verdict) {
            (Judged::Known(why), _) | (_, Verdict::Skipped(why)) => why,
            _ => "",
        }
    }
}

impl Report {
    /// Returns every rule with its verdict, in the order of the ids.
    pub fn verdicts(&self) -> impl Iterator<Item = (&'static Rule, &Verdict)> {
        self.lines.iter().map(|line| (line.rule, &line.verdict))
    }

    /// Returns true if every rule passed, was skipped, or failed as the list of known failures says; and
    /// none of the list passed.
    #[must_use]
    pub fn is_conformant(&self) -> bool {
        let bad = [Judged::Failed, Judged::Unexpected];
        !self.lines.iter().any(|line| bad.contains(&line.judged))
    }

    fn count(&self, counts: impl Fn(Judged) -> bool) -> usize {
        self.lines.iter().filter(|line| counts(line.judged)).count()
    }

    /// Returns one line: `87 passed, 1 failed (1 as known), 3 skipped`.
    #[must_use]
    pub fn summary(&self) -> String {
        let known = self.count(|judged| matches!(judged, Judged::Known(_)));
        format!(
            "{} passed, {} failed ({known} as known), {} skipped",
            self.count(|judged| matches!(judged, Judged::Passed | Judged::Unexpected)),
            known + self.count(|judged| judged == Judged::Failed),
            self.count(|judged| judged == Judged::Skipped),
        )
    }

    /// Returns the report as a section of Markdown with this title: the summary, and a table of all that
    /// did not simply pass.
    #[must_use]
    pub fn to_markdown(&self, title: &str) -> String {
        let mut text = format!("## {title}\n\n{}\n", self.summary());
        let mut rest = self
            .lines
            .iter()
            .filter(|line| line.judged != Judged::Passed)
            .peekable();
        if rest.peek().is_some() {
            text.push_str("\n| rule | level | what a transport does | verdict | why |\n");
            text.push_str("|---|---|---|---|---|\n");
        }
        for line in rest {
            let Rule {
                id, level, title, ..
            } = line.rule;
            text.push_str(&format!(
                "| {id} | {level} | {title} | {} | {} |\n",
                line.word(),
                line.note()
            ));
        }
        text
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let Rule {
                id, level, title, ..
            } = line.rule;
            write!(f, "{id:6} {level:6} {:8} {title}", line.word())?;
            match line.note() {
                "" => writeln!(f)?,
                why => writeln!(f, ": {why}")?,
            }
        }
        for line in &self.lines {
            if let (Judged::Failed, Verdict::Failed(text)) = (line.judged, &line.verdict) {
                writeln!(f, "\n{text}")?;
            }
        }
        f.write_str(&self.summary())
    }
}
