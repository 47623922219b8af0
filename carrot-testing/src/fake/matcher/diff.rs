//! What differs between the parameters that were expected and those that came.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, value::RawValue};

/// Longer texts are cut: around the place where they differ, or else in their middle.
const MAX_CHARS: usize = 120;
/// How much of what is equal is left in front of a difference.
const LEAD_CHARS: usize = 24;
/// How much of the end is left of a text that is cut in its middle.
const TAIL_CHARS: usize = 40;

/// One place that differs; `None` for nothing there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) place: String,
    pub(crate) expected: Option<String>,
    pub(crate) got: Option<String>,
}

/// True for a JSON object or array.
pub(in crate::fake) fn is_json(text: &str) -> bool {
    text.starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(text).is_ok()
}

/// A parameter on a line. JSON stands without quotes, which make it hard to read.
pub(in crate::fake) fn shown(name: &str, value: &str) -> String {
    match is_json(value) {
        true => format!("{name} = {}", middle_cut(value, MAX_CHARS)),
        false => format!("{name} = {}", quoted(value)),
    }
}

/// The differences between two values of a parameter: field by field where both are JSON.
pub(in crate::fake) fn values(
    name: &str,
    expected: Option<&str>,
    got: Option<&str>,
) -> Vec<Difference> {
    let json = |text: Option<&str>| {
        let value: Value = serde_json::from_str(text?).ok()?;
        (value.is_object() || value.is_array()).then_some(value)
    };
    if let (Some(expected), Some(got)) = (json(expected), json(got)) {
        let mut found = Vec::new();
        compare(name, Some(&expected), Some(&got), &mut found);
        return found;
    }
    match expected == got {
        true => Vec::new(),
        false => vec![texts(name, expected, got)],
    }
}

/// The differences between two lists of parameters, whose order does not count.
pub(in crate::fake) fn parameters(
    expected: &[(String, String)],
    got: &[(String, String)],
) -> Vec<Difference> {
    let (expected, got) = (by_name(expected), by_name(got));
    let names: BTreeSet<&str> = expected.keys().chain(got.keys()).copied().collect();
    let mut found = Vec::new();
    for name in names {
        let expected = expected.get(name).map_or(&[][..], Vec::as_slice);
        let got = got.get(name).map_or(&[][..], Vec::as_slice);
        for at in 0..expected.len().max(got.len()) {
            let (expected, got) = (expected.get(at).copied(), got.get(at).copied());
            found.extend(values(name, expected, got));
        }
    }
    found
}

fn by_name(pairs: &[(String, String)]) -> BTreeMap<&str, Vec<&str>> {
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in pairs {
        by_name.entry(name).or_default().push(value);
    }
    by_name
}

/// The differences between two JSON values, found at a place of this name.
pub(crate) fn json(name: &str, expected: &Value, got: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(name, Some(expected), Some(got), &mut found);
    found
}

fn compare(
    place: &str,
    expected: Option<&Value>,
    got: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    match (expected, got) {
        (Some(Value::Object(expected)), Some(Value::Object(got))) => {
            let names: BTreeSet<&String> = expected.keys().chain(got.keys()).collect();
            for name in names {
                let place = format!("{place}.{name}");
                compare(&place, expected.get(name), got.get(name), found);
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(got))) => {
            for at in 0..expected.len().max(got.len()) {
                let place = format!("{place}[{at}]");
                compare(&place, expected.get(at), got.get(at), found);
            }
        }
        (expected, got) if expected == got => {}
        (Some(Value::String(expected)), Some(Value::String(got))) => {
            found.push(texts(place, Some(expected), Some(got)));
        }
        (expected, got) => found.push(difference(
            place,
            expected.map(Value::to_string),
            got.map(Value::to_string),
        )),
    }
}

pub(in crate::fake) fn difference(
    place: &str,
    expected: Option<String>,
    got: Option<String>,
) -> Difference {
    let same = same(expected.as_deref(), got.as_deref());
    let shown = |text: String| {
        let (front, part, back, count) = window(&text, same);
        format!("{front}{part}{back}{count}")
    };
    Difference {
        place: place.to_owned(),
        expected: expected.map(shown),
        got: got.map(shown),
    }
}

/// The same for texts, which are put in quotes.
fn texts(place: &str, expected: Option<&str>, got: Option<&str>) -> Difference {
    let same = same(expected, got);
    let shown = |text: &str| {
        let (front, part, back, count) = window(text, same);
        format!("{front}{part:?}{back}{count}")
    };
    Difference {
        place: place.to_owned(),
        expected: expected.map(shown),
        got: got.map(shown),
    }
}

/// How many characters two texts start with alike.
fn same(expected: Option<&str>, got: Option<&str>) -> usize {
    let (Some(expected), Some(got)) = (expected, got) else {
        return 0;
    };
    let pairs = expected.chars().zip(got.chars());
    pairs.take_while(|(left, right)| left == right).count()
}

/// What stands around this character of a text that does not fit on a line, what stands for the rest
/// in front and behind, and its length.
fn window(text: &str, around: usize) -> (&'static str, &str, &'static str, String) {
    let count = text.chars().count();
    if count <= MAX_CHARS {
        return ("", text, "", String::new());
    }
    // The end of a text is as near to its difference as a place in the middle.
    let from = match around + LEAD_CHARS < MAX_CHARS {
        true => 0,
        false => around.saturating_sub(LEAD_CHARS),
    };
    let front = if from > 0 { "…" } else { "" };
    let back = if from + MAX_CHARS < count { "…" } else { "" };
    (
        front,
        part(text, from, from + MAX_CHARS),
        back,
        length(count),
    )
}

/// From one character of a text up to another.
fn part(text: &str, from: usize, to: usize) -> &str {
    let at = |number| {
        text.char_indices()
            .nth(number)
            .map_or(text.len(), |at| at.0)
    };
    text.get(at(from)..at(to)).unwrap_or_default()
}

fn length(characters: usize) -> String {
    format!(" ({characters} characters)")
}

/// A text in quotes that fits on a line.
pub(in crate::fake) fn quoted(text: &str) -> String {
    let count = text.chars().count();
    match count <= MAX_CHARS {
        true => format!("{text:?}"),
        false => {
            let front = part(text, 0, MAX_CHARS - TAIL_CHARS);
            let back = part(text, count - TAIL_CHARS, count);
            format!("{front:?}…{back:?}{}", length(count))
        }
    }
}

/// The start and the end of a text, at most `max` characters.
pub(in crate::fake) fn middle_cut(text: &str, max: usize) -> String {
    let count = text.chars().count();
    match count <= max {
        true => text.to_owned(),
        false => {
            let tail = max / 3;
            let front = part(text, 0, max - tail);
            format!("{front}…{}", part(text, count - tail, count))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_the_place_of_every_difference() {
        let expected = json!([{"op": "add", "key": "a", "value": 1}, {"op": "delete"}]);
        let got = json!([{"op": "add", "value": "1", "more": null}]);
        let places: Vec<String> = json("operations", &expected, &got)
            .into_iter()
            .map(|one| format!("{} {:?} {:?}", one.place, one.expected, one.got))
            .collect();
        assert_eq!(
            places,
            [
                r#"operations[0].key Some("\"a\"") None"#,
                r#"operations[0].more None Some("null")"#,
                r#"operations[0].value Some("1") Some("\"1\"")"#,
                r#"operations[1] Some("{\"op\":\"delete\"}") None"#,
            ]
        );
    }

    #[test]
    fn order_and_json_spelling_do_not_count() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let one = [pair("a", "1"), pair("b", r#"{"x": 1, "y": 2}"#)];
        let other = [pair("b", r#"{"y":2,"x":1}"#), pair("a", "1")];
        assert_eq!(parameters(&one, &other), []);
        assert_eq!(parameters(&one, &other[..1]).len(), 1);
        assert_eq!(values("a", Some("1"), Some("1.0")).len(), 1);
    }

    #[test]
    fn a_long_text_is_cut_around_what_differs() {
        let expected = format!("{}a", "x".repeat(500));
        let got = format!("{}b{}", "x".repeat(500), "y".repeat(500));
        let found = values("body", Some(&expected), Some(&got));
        let [one] = found.as_slice() else {
            panic!("{found:?}");
        };
        let (expected, got) = (one.expected.clone().unwrap(), one.got.clone().unwrap());
        assert!(
            expected.starts_with("…\"xxx") && expected.ends_with("xa\" (501 characters)"),
            "{expected}"
        );
        assert!(
            got.contains("xby") && got.ends_with("y\"… (1001 characters)"),
            "{got}"
        );
    }

    proptest! {
        #[test]
        fn only_unequal_values_differ(
            one in ".{0,300}", other in ".{0,300}",
        ) {
            prop_assert!(values("x", Some(&one), Some(&one)).is_empty());
            prop_assert_eq!(values("x", Some(&one), Some(&other)).is_empty(), one == other);
        }
    }
}
