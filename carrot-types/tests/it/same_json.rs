//! Compares a sample with what a model writes after reading it.

use serde_json::Value;

/// Fields whose number may be written as a string and the other way round.
const NUMBER_OR_TEXT: &[&str] = &[
    "id",
    "app",
    "conversation",
    "from",
    "inbound_email",
    "message",
    "part_group",
    "random_id",
    "user",
];

/// Asserts that both values are equivalent, apart from the paths in `left_out`, such as `tags[].removed`.
///
/// Absent, `null`, `[]` and `{}` are equivalent, `1` and `1.0` too, and the number and the text of an
/// id. A path in `left_out` that does not differ fails too: an exception must not outlive its cause.
pub(crate) fn assert_same(what: &str, sample: &Value, written: &Value, left_out: &[&str]) {
    let differing = differences(sample, written);
    let mut expected: Vec<&str> = left_out.to_vec();
    expected.sort_unstable();
    assert_eq!(
        differing, expected,
        "{what}: the paths that differ\nsample:  {sample}\nwritten: {written}"
    );
}

/// The paths whose values are not equivalent.
pub(crate) fn differences(one: &Value, two: &Value) -> Vec<String> {
    let mut differing = Vec::new();
    collect("", "", one, two, &mut differing);
    differing.sort_unstable();
    differing.dedup();
    differing
}

fn collect(path: &str, key: &str, sample: &Value, written: &Value, differing: &mut Vec<String>) {
    match (sample, written) {
        (Value::Object(one), Value::Object(two)) => {
            for key in one.keys().chain(two.keys()) {
                let dot = if path.is_empty() { "" } else { "." };
                let values = [one, two].map(|object| object.get(key).unwrap_or(&Value::Null));
                let path = format!("{path}{dot}{key}");
                collect(&path, key, values[0], values[1], differing);
            }
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            let path = format!("{path}[]");
            for (one, two) in one.iter().zip(two) {
                collect(&path, key, one, two, differing);
            }
        }
        (one, two) if is_same_leaf(key, one, two) => {}
        _ => differing.push(path.to_owned()),
    }
}

fn is_same_leaf(key: &str, one: &Value, two: &Value) -> bool {
    let id = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let is_id = NUMBER_OR_TEXT.contains(&key) && id(one).is_some() && id(one) == id(two);
    let is_number = (one.is_f64() || two.is_f64()) && one.as_f64() == two.as_f64();
    one == two || is_id || is_number || (is_empty(one) && is_empty(two))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
