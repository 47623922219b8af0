//! Goes through JSON and says of each value what it is.

use serde_json::{Map, Value};

use super::{
    class::{self, Class, Field, Keys},
    rules::Rules,
};
use crate::wire::plain;

/// What is done with a text, number or flag.
pub(super) trait Leaf {
    /// The value to put in the place of another.
    fn leaf(&mut self, class: Class, value: &Value) -> Value;

    /// A field is hidden since nobody knows it.
    fn unknown(&mut self, path: &str) {
        let _ = path;
    }
}

/// A value with everything in it.
pub(super) fn walk(
    rules: &Rules,
    leaf: &mut dyn Leaf,
    field: Field,
    path: &str,
    value: &Value,
) -> Value {
    match value {
        Value::Array(items) => {
            let items = items.iter();
            Value::Array(
                items
                    .map(|item| walk(rules, leaf, field, path, item))
                    .collect(),
            )
        }
        Value::Object(fields) => {
            let mut written = Map::new();
            for (name, value) in fields {
                let (name, field) = member(rules, leaf, field.keys, path, name);
                let path = join(path, &name);
                let value = walk(rules, leaf, field, &path, value);
                written.insert(name, value);
            }
            Value::Object(written)
        }
        value => leaf.leaf(field.value, value),
    }
}

/// The name of a member as it is shown, and what it holds.
fn member(
    rules: &Rules,
    leaf: &mut dyn Leaf,
    keys: Keys,
    path: &str,
    name: &str,
) -> (String, Field) {
    let class = match keys {
        Keys::Ids => Class::Id,
        _ => Class::Key,
    };
    let shown = plain(&leaf.leaf(class, &name.into()));
    let here = join(path, &shown);
    let field = match keys {
        Keys::Fields => class::of_field(name),
        Keys::Properties => Some(Field::of(class::of_property(name))),
        Keys::Ids => Some(Field::ROOT),
        Keys::Hidden => Some(Field::HIDDEN),
    };
    let field = rules.of(&here).or(field).unwrap_or_else(|| {
        leaf.unknown(&here);
        Field::HIDDEN
    });
    (shown, field)
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}
