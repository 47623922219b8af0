//! The calls that came, in lines.

use std::{fmt::Write as _, time::Duration};

use super::super::{log::Record, record::RecordedCall};

/// More calls than these are counted and not listed.
const MAX_LISTED: usize = 20;
/// More pairs of operations than these are not compared.
const MAX_ALIGNED: usize = 1_000_000;

/// The calls so far, one in a line.
pub(in crate::fake) fn list(record: &Record) -> String {
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
pub(in crate::fake) fn order(record: &Record, expected: &[&str]) -> Option<String> {
    let first_attempts = record.calls.iter().filter(|call| call.attempt() == 1);
    let got: Vec<String> = first_attempts.map(RecordedCall::name).collect();
    if got == expected {
        return None;
    }
    let width = expected.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default().max("expected".len());
    let mut text = format!(
        "the operations that were called are others, or in another order\n\n      {:width$}  got\n",
        "expected"
    );
    for (expected, got) in aligned(expected, &got) {
        let mark = if expected == got { '✓' } else { '✗' };
        let (expected, got) = (expected.unwrap_or("nothing"), got.unwrap_or("nothing"));
        let _ = writeln!(text, "  {mark}   {expected:width$}  {got}");
    }
    Some(text)
}

/// Puts what is the same in both side by side, as much of it as the order allows.
fn aligned<'a>(expected: &[&'a str], got: &'a [String]) -> Vec<(Option<&'a str>, Option<&'a str>)> {
    // The length of the longest common subsequence of what is left from here and from there. Of very
    // many calls it is not known, and only what is side by side already stays so.
    let rows = match expected.len().saturating_mul(got.len()) {
        ..=MAX_ALIGNED => expected.len() + 1,
        _ => 0,
    };
    let mut common = vec![vec![0_usize; got.len() + 1]; rows];
    let at = |common: &[Vec<usize>], left: usize, right: usize| {
        let row = common.get(left).and_then(|row| row.get(right));
        row.copied().unwrap_or_default()
    };
    for (left, wanted) in expected.iter().enumerate().rev() {
        for (right, came) in got.iter().enumerate().rev() {
            let longest = match wanted == came {
                true => at(&common, left + 1, right + 1) + 1,
                false => at(&common, left + 1, right).max(at(&common, left, right + 1)),
            };
            if let Some(cell) = common.get_mut(left).and_then(|row| row.get_mut(right)) {
                *cell = longest;
            }
        }
    }
    let (mut left, mut right, mut rows) = (0, 0, Vec::new());
    loop {
        let (wanted, came) = (
            expected.get(left).copied(),
            got.get(right).map(String::as_str),
        );
        let skips_expected = at(&common, left + 1, right) >= at(&common, left, right + 1);
        match (wanted, came) {
            (None, None) => return rows,
            (Some(one), Some(other)) if one == other => {
                rows.push((wanted, came));
                (left, right) = (left + 1, right + 1);
            }
            (Some(_), None) => {
                rows.push((wanted, None));
                left += 1;
            }
            (Some(_), Some(_)) if skips_expected => {
                rows.push((wanted, None));
                left += 1;
            }
            _ => {
                rows.push((None, came));
                right += 1;
            }
        }
    }
}
