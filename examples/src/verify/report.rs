use std::fmt::{self, Write};

use super::{runner::Verdict, table::Statement};

/// What a run found out, statement by statement.
#[derive(Clone, Debug, Default)]
pub struct Report(Vec<(Statement, Verdict)>);

impl Report {
    /// Adds what was found out of one statement.
    pub fn add(&mut self, statement: Statement, verdict: Verdict) {
        self.0.push((statement, verdict));
    }

    /// How many statements are facts, are wrong, and were not checked.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |is: fn(&Verdict) -> bool| self.0.iter().filter(|(_, one)| is(one)).count();
        (
            count(|one| matches!(one, Verdict::Fact(_))),
            count(|one| matches!(one, Verdict::Wrong(_))),
            count(|one| matches!(one, Verdict::NotChecked(_))),
        )
    }

    /// The whole as a page of Markdown. `about` says what was asked, and when.
    #[must_use]
    pub fn page(&self, about: &str) -> String {
        let mut page = format!("# What holds of the sandbox's table\n\n{about}\n\n{self}\n");
        for (title, is) in [
            (
                "Wrong",
                (|one| matches!(one, Verdict::Wrong(_))) as fn(&Verdict) -> bool,
            ),
            ("Facts", |one| matches!(one, Verdict::Fact(_))),
            ("Not checked", |one| matches!(one, Verdict::NotChecked(_))),
        ] {
            let rows: Vec<_> = self.0.iter().filter(|(_, verdict)| is(verdict)).collect();
            if rows.is_empty() {
                continue;
            }
            let head = "| subject | so far | statement | the service |\n|---|---|---|---|";
            let _ = write!(page, "\n## {title}\n\n{head}\n");
            for (statement, verdict) in rows {
                let Statement {
                    subject,
                    kind,
                    text,
                } = statement;
                let (Verdict::Fact(said) | Verdict::Wrong(said) | Verdict::NotChecked(said)) =
                    verdict;
                let said = said.replace('|', "\\|").replace(['\n', '\r'], " ");
                let _ = writeln!(page, "| {subject} | {kind} | {text} | {said} |");
            }
        }
        page
    }
}

/// In one line: `120 facts, 2 wrong, 14 not checked`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (facts, wrong, open) = self.counts();
        write!(f, "{facts} facts, {wrong} wrong, {open} not checked")
    }
}

/// A line of the log.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(_) => f.write_str("fact"),
            Self::Wrong(said) => write!(f, "WRONG: {said}"),
            Self::NotChecked(why) => write!(f, "not checked: {why}"),
        }
    }
}
