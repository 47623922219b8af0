use std::{fmt, panic::Location};

use super::{play::Played, trouble::Trouble};

/// How much a [`Torture`](crate::torture::Torture) tried. Every story passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TortureReport {
    /// The requests of the scenario without faults; 0 where only one story was run.
    pub requests: u64,
    /// How many times the scenario waits without faults; 0 where only one story was run.
    pub awaits: u64,
    /// The stories that were run, the one without faults included.
    pub stories: u64,
}

/// As in `10 requests, 21 awaits, 112 stories`.
impl fmt::Display for TortureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requests,
            awaits,
            stories,
        } = self;
        write!(f, "{requests} requests, {awaits} awaits, {stories} stories")
    }
}

/// The text of a story that failed.
pub(super) fn failure(
    place: &Location<'_>,
    troubles: &[Trouble],
    played: &Played,
    passed: u64,
) -> String {
    let mut text = String::new();
    let title: Vec<String> = troubles.iter().map(ToString::to_string).collect();
    let title = match title.as_slice() {
        [] => "without any fault".to_owned(),
        some => some.join("; then "),
    };
    let problem = played.problem.as_deref().unwrap_or_default();
    text.push_str(&format!(
        "the scenario at {place} fails this story: {title}\n\n{problem}\n\nWhat happened:\n\n"
    ));
    let most = 60;
    let skipped = played.lines.len().saturating_sub(most);
    if skipped > 0 {
        text.push_str(&format!("  ({skipped} lines before)\n"));
    }
    for (number, line) in played.lines.iter().enumerate().skip(skipped) {
        text.push_str(&format!("  {}. {line}\n", number + 1));
    }
    text.push_str(&format!("\n{passed} shorter or earlier stories passed."));
    if !troubles.is_empty() {
        let name: Vec<String> = troubles.iter().map(|one| one.in_name()).collect();
        let list: Vec<String> = troubles
            .iter()
            .map(|one| format!("Trouble::{one:?}"))
            .collect();
        text.push_str(&format!(
            " This one as a test, where `scenario`, `set_up` and `check` are those of {place}:\n\n\
             #[test]\n\
             fn {}() {{\n    \
                 torture(scenario).set_up(set_up).only([{}]).check(check);\n\
             }}",
            name.join("_then_"),
            list.join(", "),
        ));
    }
    text
}
