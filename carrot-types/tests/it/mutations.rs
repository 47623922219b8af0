//! Odd values in every field of every sample, one at a time: what a record does not survive.

use std::{any::type_name, collections::BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Every path where an odd value costs the record, with the reason. A path stands for all samples; `[]` is
/// any place of a list.
pub(crate) const REQUIRED: &[(&str, &str)] = &[
    ("[]", "is a record"),
    ("id", "names the record"),
    ("data", "is the record, or the list of records"),
    ("data.id", "names the record"),
    ("data[].id", "names the record"),
    (
        "data[]",
        "is a record: an unreadable one is reported to the caller",
    ),
    ("data.conversation", "is the result of the call"),
    ("data.message", "is the result of the call"),
    ("meta", "says whether the call succeeded"),
    ("meta.status", "says whether the call succeeded"),
    ("meta.next_after_position", CURSOR),
    ("meta.next_before_position", CURSOR),
    ("data.total", "says whether the list goes on"),
    ("data.users", "is the list of records"),
    ("data.users[]", "is a record"),
    ("data.users[].id", "names the record"),
];

const CURSOR: &str =
    "says where the list goes on: taken for the end, it would lose the other pages";

fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("x"),
        json!({}),
        json!({"id": "x"}),
        json!([]),
        json!([{}]),
        json!([[], null, 1, "x"]),
    ]
}

/// What was tried, and what failed.
#[derive(Default)]
pub(crate) struct Mutations {
    /// Types with their paths: what one sample has shown needs no other.
    tried: BTreeSet<(&'static str, String)>,
    pub(crate) failures: BTreeSet<String>,
}

impl Mutations {
    /// Tries every odd value in every place of a sample of a `T`.
    pub(crate) fn try_all<T: DeserializeOwned>(&mut self, sample: &str) {
        let sample: Value = serde_json::from_str(sample).unwrap();
        let mut places = Vec::new();
        walk(&sample, &mut Vec::new(), &mut places);
        for steps in places {
            let path = path(&steps);
            if !self.tried.insert((type_name::<T>(), path.clone())) {
                continue;
            }
            let steps = steps
                .iter()
                .map(|step| format!("/{}", step.replace('/', "~1")));
            let pointer: String = steps.collect();
            let mut mutated = sample.clone();
            for odd in odd_values() {
                *mutated.pointer_mut(&pointer).unwrap() = odd;
                if serde_json::from_str::<T>(&mutated.to_string()).is_err() {
                    self.failures.insert(path);
                    break;
                }
            }
        }
    }
}

fn walk(value: &Value, steps: &mut Vec<String>, places: &mut Vec<Vec<String>>) {
    let mut down = |step: String, value: &Value| {
        steps.push(step);
        places.push(steps.clone());
        walk(value, steps, places);
        steps.pop();
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| down(name.clone(), value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, item)| down(at.to_string(), item)),
        _ => {}
    }
}

fn path(steps: &[String]) -> String {
    let mut path = String::new();
    for step in steps {
        match step.parse::<usize>() {
            Ok(_) => path.push_str("[]"),
            Err(_) if path.is_empty() => path.push_str(step),
            Err(_) => path.extend([".", step]),
        }
    }
    path
}
