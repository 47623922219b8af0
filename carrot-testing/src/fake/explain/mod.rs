//! The text of a failure: what came, what was expected instead, and what to write for it.

use std::{collections::BTreeMap, fmt::Write as _};

use carrot_core::{ErrorKind, Sent};

pub(super) mod calls;
mod snippet;

use super::{
    log::{Expected, Record, Reply, Step, Unexpected},
    matcher::{Verdict, lines},
    record::RecordedCall,
};

/// More numbers of calls than these are not told one by one.
const MAX_NUMBERS: usize = 8;
/// More problems than these are counted and not told.
const MAX_PROBLEMS: usize = 10;
/// More differences than these are counted and not shown.
const MAX_DIFFERENCES: usize = 12;

/// The whole story, or `None` when everything was as expected.
pub(super) fn problems(record: &Record, with_unmet: bool) -> Option<String> {
    let unmet: Vec<usize> = (0..record.expected.len())
        .filter(|_| with_unmet)
        .filter(|at| record.expected.get(*at).is_some_and(Record::is_unmet))
        // That it has no reply was said of the call then.
        .filter(|at| {
            let has_replies = |one: &Expected| !one.steps.is_empty();
            record.expected.get(*at).is_some_and(has_replies) || explained(record, *at).is_none()
        })
        .collect();
    let count = record.unexpected.len() + unmet.len();
    if count == 0 {
        return None;
    }
    let noun = if count == 1 { "problem" } else { "problems" };
    let mut text = format!("the fake was not used as expected: {count} {noun}\n");
    for (at, unexpected) in record.unexpected.iter().take(MAX_PROBLEMS).enumerate() {
        let _ = write!(text, "\n{}) ", at + 1);
        text += &indented(&tell_unexpected(record, unexpected));
    }
    let hidden = record.unexpected.iter().skip(MAX_PROBLEMS);
    let hidden = hidden.filter_map(|one| record.calls.get(one.call));
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    hidden.for_each(|call| *by_name.entry(call.name()).or_default() += 1);
    if !by_name.is_empty() {
        text += "\nMore calls were not expected:\n\n";
    }
    for (name, count) in by_name.iter().take(MAX_PROBLEMS) {
        let _ = writeln!(text, "   {name}: {}", times(*count));
    }
    let more = by_name.len().saturating_sub(MAX_PROBLEMS);
    if more > 0 {
        let _ = writeln!(text, "   … and {more} more operations");
    }
    for (number, at) in unmet.iter().take(MAX_PROBLEMS).enumerate() {
        let _ = write!(text, "\n{}) ", record.unexpected.len() + number + 1);
        text += &indented(&tell_unmet(record, *at));
    }
    let more = unmet.len().saturating_sub(MAX_PROBLEMS);
    if more > 0 {
        let _ = writeln!(text, "\n… and {more} more expectations were not met");
    }
    if !unmet.is_empty() {
        text += &early_return(record);
    }
    text += &calls::list(record);
    Some(record.redact(&text))
}

/// How calls failed, which may be why later ones never came.
fn early_return(record: &Record) -> String {
    // An unexpected call is reported already.
    let unexpected = record.unexpected.iter();
    let names: Vec<&str> = unexpected
        .filter_map(|one| record.calls.get(one.call).map(RecordedCall::operation))
        .collect();
    let is_told = |operation, kind| kind == ErrorKind::Transport && names.contains(&operation);
    let failed = record.failed.iter();
    let failed: Vec<_> = failed
        .filter(|(operation, kind)| !is_told(*operation, *kind))
        .collect();
    if failed.is_empty() {
        return String::new();
    }
    let mut text = "\nThese calls ended with an error:\n\n".to_owned();
    for (operation, kind) in failed.iter().take(MAX_NUMBERS) {
        let why = match kind {
            ErrorKind::Unreadable => "the client could not read the response".to_owned(),
            kind => kind.as_str().replace('_', " "),
        };
        let _ = writeln!(text, "   {operation}: {why}");
    }
    text += "\nIf the code under test returns it, with `?` for example, the calls after it never come.\n";
    text
}

/// The calls, below another failure: with the story of those that came unexpected, which are often its
/// cause.
pub(super) fn what_came(record: &Record) -> String {
    match problems(record, false) {
        Some(problems) => format!("\n{problems}"),
        None => calls::list(record),
    }
}

/// Every line but the first goes below the number.
fn indented(text: &str) -> String {
    let mut shown = String::new();
    for (at, line) in text.lines().enumerate() {
        if at > 0 && !line.is_empty() {
            shown += "   ";
        }
        shown += line;
        shown.push('\n');
    }
    shown
}

/// The short story, for the error that the code under test gets.
pub(super) fn in_one_line(record: &Record, unexpected: &Unexpected) -> String {
    let Some(call) = record.calls.get(unexpected.call) else {
        return String::new();
    };
    let name = call.name();
    let why = match (&unexpected.because, nearest(record, call, unexpected)) {
        (Some(because), _) => because.clone(),
        (None, None) => "no expectation is about this operation".to_owned(),
        (None, Some((at, verdicts))) => {
            let missing: Vec<String> = verdicts
                .iter()
                .filter_map(|verdict| {
                    let problem = verdict.problem.as_ref()?.trim_end_matches(':');
                    Some(format!("{} ({problem})", verdict.wants))
                })
                .collect();
            let place = record.expected.get(at).map(|expected| expected.written_at);
            let place = place.map(ToString::to_string).unwrap_or_default();
            format!("nearest is {place}, but {}", missing.join(", and "))
        }
    };
    let text = format!("the fake expected no such call of {name}; {why}");
    record.redact(&text)
}

fn tell_unexpected(record: &Record, unexpected: &Unexpected) -> String {
    let Some(call) = record.calls.get(unexpected.call) else {
        return String::new();
    };
    let number = unexpected.call + 1;
    let mut text = format!("Call {number} was not expected: {}\n\n", call.name());
    text += &lines::request(call);
    if let Some(because) = &unexpected.because {
        let _ = writeln!(text, "\nIt got no response: {because}.");
        return text;
    }
    let mut later = record.expected.iter().skip(unexpected.known);
    if let Some(late) = later.find(|one| one.wanted.holds(call)) {
        let place = late.written_at;
        let _ = writeln!(
            text,
            "\nThe expectation at {place} matches it, and was written after it came."
        );
        return text;
    }
    if call.operation().is_empty() {
        text += match record.is_served {
            true => {
                "\nNo operation is known at this address. If it is one of your own, say once where it is:\n\n    \
                 fake.route(call);\n"
            }
            false => {
                "\nIt names no operation, so no expectation can be about it: only a `Client` says which \
                 operation it calls.\n"
            }
        };
        return text;
    }
    match nearest(record, call, unexpected) {
        Some((at, verdicts)) => {
            if let Some(expected) = record.expected.get(at) {
                let place = expected.written_at;
                let _ = writeln!(text, "\nThe nearest expectation is at {place}:\n");
                text += &marked(&verdicts);
                if let Some(hint) = hint(call, expected, &verdicts) {
                    return text + &hint;
                }
            }
        }
        None => text += &others(record, unexpected),
    }
    text += "\nThis would have matched:\n\n";
    text += &snippet::expectation(record, call);
    text
}

/// What the expectations are about, where none is about the operation that came.
fn others(record: &Record, unexpected: &Unexpected) -> String {
    let known = record.expected.iter().take(unexpected.known);
    let mut names: Vec<&str> = known.map(|expected| expected.wanted.operation).collect();
    names.sort_unstable();
    names.dedup();
    match names.is_empty() {
        true => "\nNothing was expected at all when it came.\n".to_owned(),
        false => format!(
            "\nNo expectation is about this operation; there are some about {}.\n",
            names.join(", ")
        ),
    }
}

/// What to do about an expectation whose replies are used up.
fn hint(call: &RecordedCall, expected: &Expected, verdicts: &[Verdict]) -> Option<String> {
    let all_but_replies = verdicts.iter().filter(|verdict| !verdict.holds()).count() == 1;
    if !all_but_replies || !Record::is_spent(expected) {
        return None;
    }
    if expected.steps.is_empty() {
        return Some("\nEnd that expectation with `.reply(…)`.\n".to_owned());
    }
    Some(match call.attempt() {
        1 => "\nIf more calls are right, say `.times(n)` or `.repeatedly()` after its reply.\n"
            .to_owned(),
        attempt => format!(
            "\nThis is attempt {attempt} of a call: the client repeats what failed. If that is \
             right, go on there\nwith `.then()` and another reply.\n"
        ),
    })
}

/// The expectation that the call comes closest to, and what each of its matchers says.
fn nearest(
    record: &Record,
    call: &RecordedCall,
    unexpected: &Unexpected,
) -> Option<(usize, Vec<Verdict>)> {
    let known = record.expected.iter().enumerate().take(unexpected.known);
    known
        .filter(|(_, expected)| expected.wanted.operation == call.operation())
        .map(|(at, expected)| {
            let mut verdicts = verdicts(expected, call);
            let is_spent = unexpected.spent.contains(&at);
            if is_spent {
                verdicts.push(spent(expected));
            }
            (at, is_spent, verdicts)
        })
        .min_by_key(|(_, is_spent, verdicts)| {
            let crosses = verdicts.iter().filter(|one| !one.holds()).count();
            (crosses, !is_spent, usize::MAX - verdicts.len())
        })
        .map(|(at, _, verdicts)| (at, verdicts))
}

fn verdicts(expected: &Expected, call: &RecordedCall) -> Vec<Verdict> {
    let operation = format!("operation is {}", expected.wanted.operation);
    let mut verdicts = vec![Verdict::new(operation, None)];
    let matchers = expected.wanted.matchers.iter();
    verdicts.extend(matchers.map(|matcher| matcher.verdict(call)));
    verdicts
}

fn spent(expected: &Expected) -> Verdict {
    let problem = match expected.calls.as_slice() {
        [] if expected.steps.is_empty() => "it has none at all".to_owned(),
        [] => "it may be used 0 times".to_owned(),
        [one] => format!("its only one went to call {}", one + 1),
        several => {
            let calls: Vec<String> = several.iter().map(|call| (call + 1).to_string()).collect();
            match calls.as_slice() {
                [first, .., last] if calls.len() > MAX_NUMBERS => {
                    format!(
                        "all {} went to the calls from {first} to {last}",
                        calls.len()
                    )
                }
                _ => format!("all went to the calls {}", calls.join(", ")),
            }
        }
    };
    Verdict::new("it has a reply left", Some(problem))
}

/// The matchers with a tick or a cross, and below each cross what differs.
pub(super) fn marked(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    for verdict in verdicts {
        let _ = match &verdict.problem {
            None => writeln!(text, "    ✓ {}", verdict.wants),
            Some(problem) => writeln!(text, "    ✗ {} — {problem}", verdict.wants),
        };
        for one in verdict.differences.iter().take(MAX_DIFFERENCES) {
            let _ = writeln!(text, "        {}", one.place);
            for (word, value) in [("expected", &one.expected), ("got     ", &one.got)] {
                let value = value.as_deref().unwrap_or("nothing");
                let _ = writeln!(text, "          {word} {value}");
            }
        }
        for line in verdict.saw.lines() {
            let _ = writeln!(text, "    {line}");
        }
        let more = verdict.differences.len().saturating_sub(MAX_DIFFERENCES);
        if more > 0 {
            let _ = writeln!(text, "        … and {more} more differences");
        }
    }
    text
}

fn tell_unmet(record: &Record, at: usize) -> String {
    let Some(expected) = record.expected.get(at) else {
        return String::new();
    };
    let place = expected.written_at;
    let mut text = match expected.steps.is_empty() {
        true => format!("The expectation at {place} has no reply: end it with `.reply(…)`.\n"),
        false => format!("The expectation at {place} {}.\n", used(expected)),
    };
    let mut replies = String::new();
    if expected.steps.len() > 1 {
        replies += "\nIts replies, in their order:\n\n";
        replies.extend(expected.steps.iter().map(tell_step));
    }
    if let Some(explained) = explained(record, at) {
        let space = if replies.is_empty() { "" } else { "\n" };
        return text + &replies + space + &explained;
    }
    text.push('\n');
    let _ = writeln!(text, "    operation is {}", expected.wanted.operation);
    for matcher in &expected.wanted.matchers {
        let _ = writeln!(text, "    {}", matcher.wants());
        for line in matcher.details() {
            let _ = writeln!(text, "      {line}");
        }
    }
    if expected.steps.is_empty() {
        return text;
    }
    text += &replies;
    text.push('\n');
    text += &nearest_call(record, expected);
    text
}

/// One reply of a sequence, and whether it was given as often as it should be.
fn tell_step(step: &Step) -> String {
    let reply = match &step.reply {
        Reply::Fixed(response) => response.to_string(),
        Reply::Typed(_) => "a typed output".to_owned(),
        Reply::Computed(_) | Reply::Awaited(_) => "what a closure computes".to_owned(),
        Reply::Pages(_) => "the pages of a listing".to_owned(),
    };
    let given = match step.given {
        0 => "never given".to_owned(),
        given => format!("given {}", times(given as usize)),
    };
    match step.given >= step.at_least {
        true => format!("    ✓ {reply} — {given}\n"),
        false => {
            let should = times(step.at_least as usize);
            let or_more = if step.at_most.is_none() {
                " or more"
            } else {
                ""
            };
            format!("    ✗ {reply} — {given}, and should be {should}{or_more}\n")
        }
    }
}

/// How often an expectation should be used, and was.
fn used(expected: &Expected) -> String {
    let given = sum(expected.steps.iter().map(|step| step.given));
    let at_least = times(sum(expected.steps.iter().map(|step| step.at_least)));
    let or_more = match expected.steps.iter().any(|step| step.at_most.is_none()) {
        true => " or more",
        false => "",
    };
    let was = match given {
        0 => "never was".to_owned(),
        given => format!("was used {}", times(given)),
    };
    format!("should be used {at_least}{or_more}, and {was}")
}

fn sum(counts: impl Iterator<Item = u32>) -> usize {
    counts.fold(0, |sum, count| sum.saturating_add(count as usize))
}

pub(super) fn times(times: usize) -> String {
    match times {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    }
}

/// A reference to the unexpected call that comes closest to an expectation, where there is one.
fn explained(record: &Record, at: usize) -> Option<String> {
    let mut problems = record.unexpected.iter().take(MAX_PROBLEMS).enumerate();
    let (problem, one) = problems.find(|(_, one)| {
        let call = record.calls.get(one.call);
        let nearest = call.and_then(|call| nearest(record, call, one));
        nearest.is_some_and(|(nearest, _)| nearest == at)
    })?;
    let (call, problem) = (one.call + 1, problem + 1);
    Some(format!("Call {call} comes nearest: see {problem}).\n"))
}

/// The call that comes closest to an expectation that still waits.
fn nearest_call(record: &Record, expected: &Expected) -> String {
    let operation = expected.wanted.operation;
    let candidates =
        record.calls.iter().enumerate().filter(|(number, call)| {
            call.operation() == operation && !expected.calls.contains(number)
        });
    let found = candidates
        .map(|(number, call)| (number, verdicts(expected, call)))
        .min_by_key(|(_, verdicts)| verdicts.iter().filter(|one| !one.holds()).count());
    match found {
        None if record.calls.is_empty() => "Nothing was called at all.\n".to_owned(),
        None if expected.calls.is_empty() => format!("{operation} was never called.\n"),
        None if is_in_a_listing(expected) => {
            let calls = times(expected.calls.len());
            format!(
                "{operation} was called {calls}, and the last page of the listing was not asked for.\n"
            )
        }
        None => {
            let last = expected.calls.last().and_then(|at| record.calls.get(*at));
            let why = match last.is_some_and(is_doubtful) {
                true => "\nAfter such a failure a client repeats only what is idempotent.",
                false => "",
            };
            format!("{operation} was not called again.{why}\n")
        }
        Some((number, verdicts)) if verdicts.iter().all(Verdict::holds) => {
            let taker = record
                .expected
                .iter()
                .find(|one| one.calls.contains(&number));
            let number = number + 1;
            match taker {
                Some(taker) => format!(
                    "Call {number} is such a call, and went to the expectation at {}:\nof several that \
                     match, the one that is written first is used first.\n",
                    taker.written_at
                ),
                None => format!("Call {number} is such a call, and came before it was expected.\n"),
            }
        }
        Some((number, verdicts)) => {
            let number = number + 1;
            format!("Call {number} comes nearest:\n\n{}", marked(&verdicts))
        }
    }
}

/// True where the reply that comes next is a listing that was started.
fn is_in_a_listing(expected: &Expected) -> bool {
    let next = expected
        .steps
        .iter()
        .find(|step| step.given < step.at_least);
    next.is_some_and(|step| matches!(step.reply, Reply::Pages(_)))
}

/// True for a first attempt that may have had its effect though it failed.
fn is_doubtful(call: &RecordedCall) -> bool {
    let outcome = &call.outcome;
    let failed =
        outcome.starts_with('5') || !outcome.starts_with(|first: char| first.is_ascii_digit());
    call.attempt() == 1 && failed && !outcome.ends_with(&Sent::Never.to_string())
}
