//! The tables of the documentation, from what was measured.

use std::{collections::BTreeSet, fmt::Write as _};

use carrot_core::Sent;

use super::{Fault, KINDS, MEASURED, Outcome, every_fault};
use crate::support::assert_snapshot;

/// A column of the documentation: faults that all operations handle in the same way.
struct Class {
    name: &'static str,
    column: &'static str,
    faults: Vec<Fault>,
}

fn classes() -> Vec<Class> {
    let class = |name, column, is_in: fn(Fault) -> bool| Class {
        name,
        column,
        faults: every_fault()
            .into_iter()
            .filter(|one| is_in(*one))
            .collect(),
    };
    vec![
        class(
            "no connection, or one that was closed, and the request was certainly not sent",
            "not connected",
            |fault| fault.sent() == Sent::Never && fault.is_unavailable(),
        ),
        class(
            "another failure, and the request was certainly not sent",
            "not sent",
            |fault| fault.sent() == Sent::Never && !fault.is_final() && !fault.is_unavailable(),
        ),
        class(
            "the certificate, the protocol or the transport itself rejects the request",
            "rejected",
            |fault| fault.sent() == Sent::Never && fault.is_final(),
        ),
        class(
            "no response in time, and the request may have reached the server",
            "maybe sent",
            |fault| fault.sent() == Sent::Maybe && !fault.is_hopeless() && !fault.is_unavailable(),
        ),
        class("the response took too long", "slow", |fault| {
            matches!(fault, Fault::Transport(_, Sent::Yes))
                && !fault.is_hopeless()
                && !fault.is_unavailable()
        }),
        class(
            "no connection, or one that was closed, and the request may have reached the server",
            "lost",
            |fault| {
                matches!(fault, Fault::Transport(..))
                    && fault.sent() != Sent::Never
                    && fault.is_unavailable()
            },
        ),
        class(
            "the response is too large or invalid, or the transport rejects a request that may have been sent",
            "too large",
            |fault| {
                matches!(fault, Fault::Transport(..))
                    && fault.is_hopeless()
                    && fault.sent() != Sent::Never
            },
        ),
        class(
            "a redirect, or another status below 400",
            "below 400",
            |fault| fault.status().is_some_and(|status| status < 400),
        ),
        class("status 408", "408", |fault| fault.status() == Some(408)),
        class("status 429, too many requests", "429", |fault| {
            fault.status() == Some(429)
        }),
        class("any other status from 400 to 451", "other 4xx", |fault| {
            let status = fault.status();
            status.is_some_and(|status| {
                (400..=451).contains(&status) && ![408, 429].contains(&status)
            })
        }),
        class(
            "status 452 to 499, which only gateways use",
            "452 to 499",
            |fault| {
                fault
                    .status()
                    .is_some_and(|status| (452..500).contains(&status))
            },
        ),
        class(
            "status 502, 503, 504, 520 to 524 or 529",
            "outage",
            |fault| fault.status().is_some() && fault.is_unavailable(),
        ),
        class("status 501, 505 or 511", "501, 505, 511", |fault| {
            fault.status().is_some() && fault.is_final()
        }),
        class("any other status of 500 and above", "other 5xx", |fault| {
            fault.status().is_some_and(|status| status >= 500)
                && !fault.is_unavailable()
                && !fault.is_final()
        }),
        class("a response that cannot be decoded", "unreadable", |fault| {
            fault == Fault::Unreadable
        }),
    ]
}

impl Class {
    /// Describes the faults of the class: statuses, or kinds of transport errors.
    fn measured_with(&self) -> String {
        let mut kinds = BTreeSet::new();
        let mut others = Vec::new();
        for fault in &self.faults {
            match fault {
                Fault::Transport(kind, _) => {
                    kinds.insert(format!("{kind:?}"));
                }
                Fault::Status(status) => others.push(status.to_string()),
                Fault::Envelope(status) => others.push(format!("{status} in the envelope")),
                Fault::Unreadable => others.push("a success without JSON".to_owned()),
            }
        }
        if kinds.is_empty() {
            return others.join(", ");
        }
        let all = KINDS.iter().map(|kind| format!("{kind:?}"));
        let missing: Vec<String> = all.filter(|kind| !kinds.contains(kind)).collect();
        let list = |kinds: Vec<String>| {
            // Without the fields of a variant.
            let names = kinds
                .iter()
                .map(|kind| kind.split(' ').next().unwrap_or(kind));
            let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            quoted.join(", ")
        };
        match (missing.len(), kinds.len()) {
            (0, _) => "every kind of `TransportErrorKind`".to_owned(),
            (missing, kinds_in) if kinds_in <= missing => list(kinds.into_iter().collect()),
            _ => format!("every kind except {}", list(missing)),
        }
    }
}

/// The outcomes of one operation for every class, in both API versions and with all options that are
/// equally idempotent.
struct Row {
    operation: &'static str,
    is_idempotent: bool,
    options: Vec<String>,
    outcomes: Vec<Outcome>,
}

fn rows(classes: &[Class]) -> Vec<Row> {
    let mut keys: Vec<(&str, bool)> = Vec::new();
    for one in &*MEASURED {
        let key = (one.operation, one.is_idempotent);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let row = |(operation, is_idempotent)| {
        let of_row = MEASURED
            .iter()
            .filter(|one| (one.operation, one.is_idempotent) == (operation, is_idempotent));
        let mut options: Vec<String> = of_row.clone().map(|one| one.option.clone()).collect();
        options.dedup();
        let outcome = |class: &Class| {
            let of_class = of_row
                .clone()
                .filter(|one| class.faults.contains(&one.fault));
            same(of_class.map(|one| one.outcome))
        };
        Row {
            operation,
            is_idempotent,
            options,
            outcomes: classes.iter().map(outcome).collect(),
        }
    };
    keys.into_iter().map(row).collect()
}

/// Returns the outcome that all of them are.
fn same(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut outcomes = outcomes.peekable();
    let first = *outcomes.peek().expect("one at least");
    for outcome in outcomes {
        assert_eq!(outcome, first);
    }
    first
}

#[test]
fn documented_retry_tables_are_current() {
    let classes = classes();
    for fault in every_fault() {
        let of = classes.iter().filter(|class| class.faults.contains(&fault));
        assert_eq!(of.count(), 1, "{fault:?} is in one class");
    }
    let rows = rows(&classes);
    assert_snapshot("docs/retry.md", &summary(&classes, &rows));
    assert_snapshot("docs/retry_operations.md", &by_operation(&classes, &rows));
}

fn summary(classes: &[Class], rows: &[Row]) -> String {
    let mut text = String::from(
        "| failure | measured with | attempts, idempotent | attempts, not idempotent | kind of the error \
         | may have been applied |\n|---|---|---|---|---|---|\n",
    );
    for (index, class) in classes.iter().enumerate() {
        let outcome = |is_idempotent| {
            let rows = rows.iter().filter(|row| row.is_idempotent == is_idempotent);
            same(rows.map(|row| row.outcomes[index]))
        };
        let (idempotent, not_idempotent) = (outcome(true), outcome(false));
        assert_eq!(idempotent.kind, not_idempotent.kind);
        assert_eq!(
            idempotent.may_have_been_applied,
            not_idempotent.may_have_been_applied
        );
        let applied = if idempotent.may_have_been_applied {
            "yes"
        } else {
            "no"
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | `{:?}` | {applied} |",
            class.name,
            class.measured_with(),
            idempotent.attempts,
            not_idempotent.attempts,
            idempotent.kind,
        );
    }
    text
}

fn by_operation(classes: &[Class], rows: &[Row]) -> String {
    let mut text = String::from("| operation |");
    classes.iter().for_each(|class| {
        let _ = write!(text, " {} |", class.column);
    });
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(classes.len()));
    for row in rows {
        let of_operation = rows.iter().filter(|other| other.operation == row.operation);
        let idempotency = match (of_operation.count(), row.is_idempotent) {
            (1, _) => String::new(),
            (_, true) => ", idempotent".to_owned(),
            (_, false) => {
                let options = row.options.iter().filter(|one| *one != "every option");
                let options: Vec<&str> = options.map(String::as_str).collect();
                format!(", not idempotent: {}", options.join(", "))
            }
        };
        let _ = write!(text, "| `{}`{idempotency} |", row.operation);
        for outcome in &row.outcomes {
            let mark = if outcome.may_have_been_applied {
                " ?"
            } else {
                ""
            };
            let _ = write!(text, " {} of {}{mark} |", outcome.seen, outcome.attempts);
        }
        text.push('\n');
    }
    text
}
