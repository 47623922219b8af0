//! What the service takes as the value of a property.
//!
//! Source: <https://developers.dashly.io/props>

use serde_json::Value;

/// Integers go from the negative of this to this: 2^53.
pub(in crate::sandbox) const MAX_INTEGER: i64 = 9_007_199_254_740_992;
pub(in crate::sandbox) const MAX_ITEMS: usize = 30;
const MAX_CHARS: usize = 255;

/// The rule that a value of a user's property breaks.
pub(in crate::sandbox) fn check(value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Bool(_) => Ok(()),
        Value::Number(_) => {
            let integer = value.as_i64().is_some_and(is_integer);
            rule(integer, "must have integers from -2^53 to 2^53 as numbers")
        }
        Value::String(text) => rule(is_short(text), "must have texts of at most 255 characters"),
        Value::Array(items) => {
            let texts = items.iter().all(|item| item.as_str().is_some_and(is_short));
            let rule_text = "must have lists of at most 30 texts of at most 255 characters";
            rule(texts && items.len() <= MAX_ITEMS, rule_text)
        }
        Value::Null | Value::Object(_) => {
            Err("must have values that are numbers, texts, booleans, dates or lists of texts")
        }
    }
}

/// The rule that a value of an event's property breaks. The vendor's plugin sends decimals and lists of numbers,
/// and other clients dictionaries.
pub(in crate::sandbox) fn check_event(value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Number(number) if number.is_f64() => Ok(()),
        Value::Array(_) | Value::Object(_) => rule(
            is_small(value),
            "must have lists and dictionaries of at most 30 values, with texts of at most 255 characters",
        ),
        other => check(other),
    }
}

/// Whether nothing in it breaks a limit. What may stand in lists and dictionaries nobody documents.
fn is_small(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => is_short(text),
        Value::Array(items) => items.len() <= MAX_ITEMS && items.iter().all(is_small),
        Value::Object(entries) => entries.len() <= MAX_ITEMS && entries.values().all(is_small),
    }
}

pub(in crate::sandbox) fn is_integer(number: i64) -> bool {
    (-MAX_INTEGER..=MAX_INTEGER).contains(&number)
}

pub(in crate::sandbox) fn is_short(text: &str) -> bool {
    text.chars().count() <= MAX_CHARS
}

/// True for what the service takes for no value.
pub(in crate::sandbox) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The integer that a value is or spells.
pub(in crate::sandbox) fn integer(value: &Value) -> Option<i64> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_i64()?,
    };
    is_integer(number).then_some(number)
}

/// Finds the type of a text: one that spells an integer becomes it.
pub(in crate::sandbox) fn detect(value: Value) -> Value {
    match value.as_str().and(integer(&value)) {
        Some(number) => number.into(),
        None => value,
    }
}

fn rule(holds: bool, text: &'static str) -> Result<(), &'static str> {
    holds.then_some(()).ok_or(text)
}
