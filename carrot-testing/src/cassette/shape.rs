//! What JSON looks like, without its values: which fields there are, of which types, with which words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    class::{self, Class, Field, Keys},
    rules::Rules,
};

/// Everything that was seen at each place, over any number of bodies.
#[derive(Debug, Default)]
pub(super) struct Shape(pub(super) BTreeMap<String, Seen>);

#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How often something was there.
    pub(super) count: usize,
    /// How often that was an object.
    objects: usize,
    pub(super) types: BTreeSet<&'static str>,
    /// The words of the service.
    pub(super) words: BTreeSet<String>,
    /// The place of the object around it; empty for a whole body, an item, and what has a name that is data.
    parent: Option<String>,
}

impl Shape {
    /// Adds a body that holds no person's data any more.
    pub(super) fn add(&mut self, rules: &Rules, body: &Value) {
        self.visit(rules, Field::ROOT, "", None, body);
    }

    fn visit(
        &mut self,
        rules: &Rules,
        field: Field,
        place: &str,
        parent: Option<&str>,
        value: &Value,
    ) {
        let seen = self.0.entry(place.to_owned()).or_default();
        seen.count += 1;
        seen.objects += usize::from(value.is_object());
        seen.types.insert(type_of(value));
        seen.parent = parent.map(str::to_owned);
        match value {
            Value::String(text) if field.value == Class::Plain && is_word(text) => {
                seen.words.insert(text.clone());
            }
            Value::Array(items) => {
                let place = format!("{place}[]");
                for item in items {
                    self.visit(rules, field, &place, None, item);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    let shown = match field.keys {
                        Keys::Ids | Keys::Properties => "*",
                        // What the kit hid has a space in it.
                        _ if class::is_key(name) => name,
                        _ => "(hidden)",
                    };
                    let inner = match place {
                        "" => shown.to_owned(),
                        place => format!("{place}.{shown}"),
                    };
                    let known = match field.keys {
                        Keys::Fields => class::of_field(name),
                        Keys::Properties => Some(Field::of(class::of_property(name))),
                        Keys::Ids => Some(Field::ROOT),
                        Keys::Hidden => None,
                    };
                    let ruled = rules.of(&inner.replace("[]", ""));
                    let field = ruled.or(known).unwrap_or(Field::HIDDEN);
                    let parent = (shown != "*").then_some(place);
                    self.visit(rules, field, &inner, parent, value);
                }
            }
            _ => {}
        }
    }

    /// True where the objects around a place were there and none had it. A name that is data is in none of them.
    pub(super) fn lacks(&self, place: &str, seen: &Seen) -> bool {
        let around = seen.parent.as_ref().and_then(|parent| self.0.get(parent));
        around.is_some_and(|around| around.objects > 0) && !self.0.contains_key(place)
    }

    /// True where each object around a place had it.
    pub(super) fn always_has(&self, seen: &Seen) -> bool {
        let around = seen.parent.as_ref().and_then(|parent| self.0.get(parent));
        around.is_some_and(|around| around.objects == seen.count)
    }

    /// True where the object around a place was seen.
    pub(super) fn has_around(&self, seen: &Seen) -> bool {
        let around = seen.parent.as_ref().and_then(|parent| self.0.get(parent));
        around.is_some_and(|around| around.objects > 0)
    }
}

fn is_word(text: &str) -> bool {
    class::is_plain(text) && text.starts_with(|first: char| first.is_ascii_alphabetic())
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a flag",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(items) if items.is_empty() => "an empty list",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
