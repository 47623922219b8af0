//! Odd values in every place of every sample, one at a time: which of them cost the record.
//!
//! What they cost is listed in `required.rs` by the type and the path, with the reason. Everything else must
//! survive: objects of the API and responses, webhooks as a form, as JSON and in a queue, and realtime messages.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::{required::REQUIRED, same_json::differences};

/// Reads a sample, and writes what was read where told to. `None` where it cannot be read.
type Read<'a> = &'a dyn Fn(&str, bool) -> Option<Value>;

/// Objects that may stand as the list of their values, with the reason.
const LISTS: &[(&str, &str, &str)] = &[
    ("Conversation", "user.events", V1_LIST),
    ("User", "events", V1_LIST),
    ("Envelope<Conversation>", "data.user.events", V1_LIST),
];

const V1_LIST: &str = "v1 of the API lists the events that v2 names by their type";

/// Values of every form, which no field expects all of.
fn odd_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(7),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("1"),
        json!("{}"),
        json!({}),
        json!({"id": "x"}),
        json!({"id": 7}),
        json!([]),
        json!([[], null, 1e300, "x"]),
    ]
}

/// The same value in another form. It must survive in every place, also where it is required.
fn other_forms(name: &str, value: &Value) -> Vec<Value> {
    let is_id = ["id", "user", "conversation"].contains(&name) || name.ends_with("_id");
    match value {
        Value::Number(number) if number.is_u64() => {
            let whole = number.as_u64().unwrap();
            let mut forms = vec![json!(number.to_string())];
            if name.ends_with("_count") || name == "size" {
                forms.push(json!(format!(" {number} ")));
            }
            if whole < 1 << 53 {
                forms.push(json!(whole as f64));
            }
            if is_id {
                forms.push(json!({"id": whole}));
                forms.push(json!({"id": number.to_string(), "name": "x"}));
            }
            forms
        }
        Value::String(text) => match text.parse::<u64>() {
            Ok(number) => vec![json!(number)],
            Err(_) => Vec::new(),
        },
        Value::Bool(flag) => vec![
            json!(u8::from(*flag)),
            json!(u8::from(*flag).to_string()),
            json!(flag.to_string()),
        ],
        _ => Vec::new(),
    }
}

/// What was tried, and what failed.
#[derive(Default)]
pub(crate) struct Mutations {
    /// Types with their paths: what one sample has shown needs no other.
    tried: BTreeSet<(String, String)>,
    /// Where an odd value costs the record.
    pub(crate) failures: BTreeSet<(String, String)>,
    /// Where another form of the same value costs the record.
    pub(crate) forms: BTreeSet<(String, String)>,
    /// Where another form of the same value was read as another value, or as none.
    pub(crate) changed: BTreeSet<(String, String)>,
    /// Where an array was read as an object, field by field in their order.
    pub(crate) by_position: BTreeSet<(String, String)>,
}

impl Mutations {
    /// Tries every odd value in every place of a sample of a type.
    pub(crate) fn try_all(&mut self, name: &str, sample: &str, read: Read<'_>) {
        let sample: Value = serde_json::from_str(sample).unwrap();
        let mut places: Vec<Vec<String>> = vec![Vec::new()];
        walk(&sample, &mut Vec::new(), &mut places);
        let whole = read(&sample.to_string(), true).unwrap_or_else(|| panic!("{name}: {sample}"));
        // What stands deeper in a response or a message is an object that has a sample of its own.
        let is_object = name.chars().all(char::is_alphanumeric);
        let places = places
            .into_iter()
            .filter(|steps| is_object || steps.len() <= 3);
        for steps in places {
            let key = (name.to_owned(), path(&steps));
            if self.tried.insert(key.clone()) {
                self.try_place(&key, &steps, &sample, &whole, read);
            }
        }
    }

    fn try_place(
        &mut self,
        key: &(String, String),
        steps: &[String],
        sample: &Value,
        whole: &Value,
        read: Read<'_>,
    ) {
        let pointer = pointer(steps);
        let value = sample.pointer(&pointer).unwrap();
        let with = |odd: Value, writes: bool| {
            let mut mutated = sample.clone();
            *mutated.pointer_mut(&pointer).unwrap() = odd;
            read(&mutated.to_string(), writes)
        };
        let fails = |odd: Value| with(odd, false).is_none();
        if let Value::Object(fields) = value {
            let in_order = with(fields.values().cloned().collect(), true);
            let found = in_order.as_ref().and_then(|read| read.pointer(&pointer));
            if !fields.is_empty() && found.is_some() && found == whole.pointer(&pointer) {
                self.by_position.insert(key.clone());
            }
        }
        let Some(last) = steps.last() else {
            return;
        };
        if other_forms(last, value).into_iter().any(fails) {
            self.forms.insert(key.clone());
        }
        // Where JSON is kept as it came, another form is another value.
        let is_raw = |step: &String| {
            step.starts_with("props") || step.starts_with('$') || step == "presence_details"
        };
        if !steps.iter().any(is_raw) && !key.1.contains("_position") {
            let forms = other_forms(last, value).into_iter();
            let mut read = forms
                .filter(|form| !form.is_object())
                .map(|form| with(form, true));
            if read.any(|read| read.is_some_and(|read| !differences(whole, &read).is_empty())) {
                self.changed.insert(key.clone());
            }
        }
        let odd_fails = odd_values().into_iter().any(fails);
        if odd_fails || repeated_or_missing_fails(steps, sample, read) {
            self.failures.insert(key.clone());
        }
    }

    /// Asserts that what failed is what is listed, each path of each type.
    pub(crate) fn assert_listed(&self) {
        let lists = LISTS
            .iter()
            .map(|(name, path, _)| ((*name).to_owned(), (*path).to_owned()));
        assert_eq!(
            self.by_position,
            lists.collect(),
            "read from an array by position"
        );
        assert_eq!(
            self.changed,
            BTreeSet::new(),
            "another form of the value changed what it says"
        );
        assert_eq!(
            self.forms,
            BTreeSet::new(),
            "another form of the value was rejected"
        );
        let mut listed = BTreeSet::new();
        for (types, paths) in REQUIRED {
            for name in *types {
                for (path, _) in *paths {
                    let is_new = listed.insert(((*name).to_owned(), (*path).to_owned()));
                    assert!(is_new, "{name} lists {path} twice");
                }
            }
        }
        let missing: Vec<_> = self.failures.difference(&listed).collect();
        let stale: Vec<_> = listed.difference(&self.failures).collect();
        assert!(
            missing.is_empty() && stale.is_empty(),
            "an odd value costs the record, and is not listed: {missing:#?}\nlisted and costs nothing: {stale:#?}"
        );
    }
}

/// True if the record does not survive that a member is missing, or that it comes twice.
fn repeated_or_missing_fails(steps: &[String], sample: &Value, read: Read<'_>) -> bool {
    let (last, parents) = steps.split_last().unwrap();
    let mut rest = sample.clone();
    let Some(Value::Object(fields)) = rest.pointer_mut(&pointer(parents)) else {
        return false;
    };
    let value = fields.remove(last).unwrap();
    if read(&rest.to_string(), false).is_none() {
        return true;
    }
    [[&value, &json!({"x": [1]})], [&json!(["x"]), &value]]
        .into_iter()
        .any(|pair| read(&repeated(sample, steps, pair), false).is_none())
}

/// Writes the sample with the member at `steps` twice.
fn repeated(value: &Value, steps: &[String], pair: [&Value; 2]) -> String {
    let Some((first, below)) = steps.split_first() else {
        return value.to_string();
    };
    match value {
        Value::Object(fields) => object(fields, first, below, pair),
        Value::Array(items) => {
            let items = items
                .iter()
                .enumerate()
                .map(|(at, item)| match at.to_string() == *first {
                    true => repeated(item, below, pair),
                    false => item.to_string(),
                });
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn object(fields: &Map<String, Value>, first: &str, below: &[String], pair: [&Value; 2]) -> String {
    let mut members = Vec::new();
    for (name, value) in fields {
        let key = json!(name);
        match name == first {
            true if below.is_empty() => {
                members.extend(pair.map(|value| format!("{key}:{value}")));
            }
            true => members.push(format!("{key}:{}", repeated(value, below, pair))),
            false => members.push(format!("{key}:{value}")),
        }
    }
    format!("{{{}}}", members.join(","))
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

fn pointer(steps: &[String]) -> String {
    let steps = steps.iter();
    steps
        .map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1")))
        .collect()
}

/// The path, where `[]` is any place of a list.
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

#[test]
fn members_are_repeated_in_their_place() {
    let sample = json!({"a": [{"b": 1, "c": 2}], "d": 3});
    let steps = ["a", "0", "b"].map(str::to_owned);
    let text = repeated(&sample, &steps, [&json!("x"), &json!(null)]);
    assert_eq!(text, r#"{"a":[{"b":"x","b":null,"c":2}],"d":3}"#);
}
