//! What has to come back, and how a service would respond for which it does not hold.

use serde_json::{Value, json};

/// One thing that a response has to show.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Expectation {
    /// `=> 400 ValidationError`: the status, and the name of the error.
    Status(u16, Option<String>),
    /// `/data/closed = false`: the value there.
    Is(String, String),
    /// `/data/closed not true`: it has another value.
    Not(String, String),
    /// `/data/id exists`.
    Exists(String),
    /// `/data/id missing`.
    Missing(String),
    /// `/data/id type whole`: whole, number, text, list, object, bool or null.
    Type(String, String),
    /// `/data has 7`: one of the values there, where `*` stands for every item of a list.
    Has(String, String),
    /// `/data/*/id lacks 7`: none of the values there.
    Lacks(String, String),
}

use Expectation::{Exists, Has, Is, Lacks, Missing, Not, Status, Type};

impl Expectation {
    /// Reads a line of the script.
    pub(super) fn read(line: &str) -> Option<Self> {
        if let Some(status) = line.strip_prefix("=> ") {
            let (status, error) = match status.split_once(' ') {
                Some((status, error)) => (status, Some(error.to_owned())),
                None => (status, None),
            };
            return Some(Status(status.parse().ok()?, error));
        }
        let (pointer, rest) = line.split_once(' ')?;
        let pointer = pointer.to_owned();
        let (word, value) = rest.split_once(' ').unwrap_or((rest, ""));
        let value = value.to_owned();
        Some(match word {
            "=" => Is(pointer, value),
            "not" => Not(pointer, value),
            "exists" => Exists(pointer),
            "missing" => Missing(pointer),
            "type" => Type(pointer, value),
            "has" => Has(pointer, value),
            "lacks" => Lacks(pointer, value),
            _ => return None,
        })
    }

    /// The same with names filled in.
    pub(super) fn fill(&self, fill: impl Fn(&str) -> String) -> Self {
        match self {
            Is(pointer, value) => Is(fill(pointer), fill(value)),
            Not(pointer, value) => Not(fill(pointer), fill(value)),
            Has(pointer, value) => Has(fill(pointer), fill(value)),
            Lacks(pointer, value) => Lacks(fill(pointer), fill(value)),
            other => other.clone(),
        }
    }

    /// Why a response does not show it; `None` where it does.
    pub(super) fn problem(&self, status: u16, body: &Value) -> Option<String> {
        let found = |pointer: &str| match body.pointer(pointer) {
            Some(value) => format!("`{pointer}` is {}", short(value)),
            None => format!("`{pointer}` is missing"),
        };
        let at = |pointer: &str| body.pointer(pointer);
        let problem = match self {
            Status(wanted, error) => {
                let name = body.pointer("/meta/error").and_then(Value::as_str);
                let is_right = status == *wanted && (error.is_none() || name == error.as_deref());
                return (!is_right).then(|| {
                    let error = error.as_deref().unwrap_or_default();
                    let wanted = format!("{wanted} {error}");
                    format!("{}, not {}", said(status, body), wanted.trim_end())
                });
            }
            Is(pointer, value) if at(pointer) != Some(&parse(value)) => {
                format!("{}, not {value}", found(pointer))
            }
            Not(pointer, value) if at(pointer).is_none_or(|found| *found == parse(value)) => {
                found(pointer)
            }
            Exists(pointer) if at(pointer).is_none() => found(pointer),
            Missing(pointer) if at(pointer).is_some() => found(pointer),
            Type(pointer, name) if at(pointer).is_none_or(|value| type_of(value) != name) => {
                format!("{}, which is not of type {name}", found(pointer))
            }
            // The values are not shown: they may be of other users.
            Has(pointer, value) if !all(body, pointer).contains(&&parse(value)) => {
                format!("`{pointer}` lacks {value}")
            }
            Lacks(pointer, value) if all(body, pointer).contains(&&parse(value)) => {
                format!("`{pointer}` has {value}")
            }
            _ => return None,
        };
        Some(match status {
            200 => problem,
            _ => format!("{problem}: {}", said(status, body)),
        })
    }

    /// What a service responds for which it does not hold, made from a response that shows it.
    pub fn flip(&self, status: &mut u16, body: &mut Value) {
        match self {
            Status(200, _) => {
                *status = 400;
                let meta = json!({"status": 400, "error": "ValidationError", "error_message": ""});
                *body = json!({"data": {}, "meta": meta});
            }
            Status(..) => {
                *status = 200;
                *body = json!({"data": {}, "meta": {"status": 200}});
            }
            Is(pointer, _) => put(body, pointer, json!("flipped")),
            Not(pointer, value) => put(body, pointer, parse(value)),
            Exists(pointer) => remove(body, pointer),
            Missing(pointer) => put(body, pointer, json!("flipped")),
            Type(pointer, name) => {
                let other = if name == "object" {
                    json!([])
                } else {
                    json!({})
                };
                put(body, pointer, other);
            }
            Has(pointer, value) => {
                let value = parse(value);
                visit(body, &segments(pointer), &mut |found| {
                    if *found == value {
                        *found = json!("flipped");
                    } else if let Value::Array(items) = found {
                        items.retain(|item| *item != value);
                    }
                });
            }
            Lacks(pointer, value) => insert(body, &segments(pointer), parse(value)),
        }
    }
}

/// The status, the error and its text: what the service said, without its data.
pub(super) fn said(status: u16, body: &Value) -> String {
    let text = |name| body.pointer(name).and_then(Value::as_str);
    let error = text("/meta/error").unwrap_or_default();
    let message = text("/meta/error_message").unwrap_or_default();
    let said: String = format!("{status} {error} {message}")
        .chars()
        .take(200)
        .collect();
    said.trim_end().to_owned()
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}

/// A value of the script: JSON, else a text.
fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "whole",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn segments(pointer: &str) -> Vec<&str> {
    pointer.split('/').skip(1).collect()
}

/// Every value at a pointer with `*`; the items of a list at a pointer without.
fn all<'a>(body: &'a Value, pointer: &str) -> Vec<&'a Value> {
    let mut found = vec![body];
    for segment in segments(pointer) {
        found = match segment {
            "*" => found
                .into_iter()
                .filter_map(Value::as_array)
                .flatten()
                .collect(),
            name => {
                let name = format!("/{name}");
                found
                    .into_iter()
                    .filter_map(|value| value.pointer(&name))
                    .collect()
            }
        };
    }
    if pointer.contains('*') {
        return found;
    }
    found
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .collect()
}

fn visit(value: &mut Value, segments: &[&str], change: &mut impl FnMut(&mut Value)) {
    match segments {
        [] => change(value),
        ["*", rest @ ..] => {
            let items = value.as_array_mut().into_iter().flatten();
            items.for_each(|item| visit(item, rest, change));
        }
        [name, rest @ ..] => {
            if let Some(inner) = value.pointer_mut(&format!("/{name}")) {
                visit(inner, rest, change);
            }
        }
    }
}

fn put(body: &mut Value, pointer: &str, value: Value) {
    if let Some(there) = body.pointer_mut(pointer) {
        *there = value;
    } else if let Some((parent, name)) = pointer.rsplit_once('/') {
        match body.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.insert(name.to_owned(), value)),
            Some(Value::Array(items)) => items.push(value),
            _ => {}
        }
    }
}

fn remove(body: &mut Value, pointer: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return;
    };
    match body.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(name)),
        Some(Value::Array(items)) => items.clear(),
        _ => {}
    }
}

/// Adds a value where `*` stands for a new item.
fn insert(body: &mut Value, segments: &[&str], value: Value) {
    match segments {
        [] => {
            if let Value::Array(items) = body {
                items.push(value);
            }
        }
        ["*", rest @ ..] => {
            let item = rest
                .iter()
                .rev()
                .fold(value, |inner, name| json!({*name: inner}));
            if let Value::Array(items) = body {
                items.push(item);
            }
        }
        [name, rest @ ..] => {
            if let Some(inner) = body.pointer_mut(&format!("/{name}")) {
                insert(inner, rest, value);
            }
        }
    }
}
