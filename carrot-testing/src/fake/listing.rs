//! The calls that came, in lines.

use std::{fmt::Write as _, time::Duration};

use super::{RecordedCall, diff, report::redacted, state::Record};

/// More calls than these are counted and not listed.
const MAX_LISTED: usize = 20;

/// A request, in lines.
pub(super) fn request(call: &RecordedCall) -> String {
    let request = call.request();
    let mut text = format!("    {} {}\n", request.method(), request.path());
    for (name, value) in call.params() {
        let _ = writeln!(text, "      {}", diff::shown(name, value));
    }
    for (name, upload) in request.files() {
        let (file, bytes) = (upload.name(), upload.content().len());
        let _ = writeln!(text, "      {name} = the file {file:?} of {bytes} bytes");
    }
    text
}

/// The calls so far, one in a line.
pub(super) fn list(record: &Record) -> String {
    if record.calls.is_empty() {
        return String::new();
    }
    let shown: Vec<(usize, [String; 3])> = record
        .calls
        .iter()
        .enumerate()
        .map(|(at, call)| (at, columns(call)))
        .collect();
    let skipped = shown.len().saturating_sub(MAX_LISTED);
    let shown = shown.get(skipped..).unwrap_or_default();
    let width = |column: usize| {
        let texts = shown.iter().filter_map(|(_, columns)| columns.get(column));
        texts
            .map(|text| text.chars().count())
            .max()
            .unwrap_or_default()
    };
    let (first, second) = (width(0), width(1));
    let mut text = "\nThe calls:\n\n".to_owned();
    if skipped > 0 {
        let _ = writeln!(text, "   … {skipped} earlier ones");
    }
    for (at, [name, address, outcome]) in shown {
        let number = at + 1;
        let _ = writeln!(
            text,
            "{number:>4}. {name:first$}  {address:second$}  {outcome}"
        );
    }
    text
}

fn columns(call: &RecordedCall) -> [String; 3] {
    let request = call.request();
    let name = match (call.operation(), call.attempt()) {
        ("", _) => "(no operation)".to_owned(),
        (operation, 1) => operation.to_owned(),
        (operation, attempt) => format!("{operation} (attempt {attempt})"),
    };
    let when = match call.at() {
        Duration::ZERO => "0s".to_owned(),
        at => format!("{at:?}"),
    };
    let outcome = format!("at {when} → {}", call.outcome);
    [
        name,
        format!("{} {}", request.method(), request.path()),
        outcome,
    ]
}

/// Compares the order of the operations with the one that was expected, if they differ.
pub(super) fn order(record: &Record, expected: &[&str]) -> Option<String> {
    let first_attempts = record.calls.iter().filter(|call| call.attempt() == 1);
    let got: Vec<String> = first_attempts.map(RecordedCall::name).collect();
    if got == expected {
        return None;
    }
    let expected: Vec<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    let width = expected.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default().max("expected".len());
    let mut text = format!(
        "the operations were called in another order\n\n    {:>4}  {:width$}  got\n",
        "", "expected"
    );
    for at in 0..expected.len().max(got.len()) {
        let (expected, got) = (expected.get(at), got.get(at));
        let mark = if expected == got { '✓' } else { '✗' };
        let shown = |name: Option<&String>| name.map_or("nothing", String::as_str).to_owned();
        let (expected, got) = (shown(expected), shown(got));
        let _ = writeln!(text, "  {mark} {:>4}. {expected:width$}  {got}", at + 1);
    }
    text += &list(record);
    Some(redacted(record, &text))
}
