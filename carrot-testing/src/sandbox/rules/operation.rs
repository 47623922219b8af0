//! One operation on one property.

use serde_json::{Map, Value};

use super::values::{self, MAX_ITEMS};

/// System properties that a request may set; all others are the service's own.
///
/// Source: <https://developers.dashly.io/props>
const SETTABLE: [&str; 16] = [
    "$name",
    "$phone",
    "$email",
    "$cart_amount",
    "$cart_items",
    "$viewed_products",
    "$viewed_categories",
    "$ordered_items",
    "$ordered_categories",
    "$last_order_status",
    "$last_payment",
    "$revenue",
    "$profit",
    "$group",
    "$discount",
    "$orders_count",
];

/// What an operation did.
pub(in crate::sandbox) enum Outcome {
    Changed,
    Unchanged,
    Ignored(&'static str),
}

use Outcome::{Changed, Ignored, Unchanged};

/// An operation that names a property and something to do.
pub(in crate::sandbox) struct Operation<'a> {
    op: &'a str,
    pub(in crate::sandbox) key: &'a str,
    value: &'a Value,
}

impl<'a> Operation<'a> {
    /// Reads one; the error is the reason to ignore it.
    pub(in crate::sandbox) fn read(json: &'a Value) -> Result<Self, &'static str> {
        let text = |name| json.get(name).and_then(Value::as_str);
        let op = text("op").ok_or("`op` must be the name of an operation")?;
        let key = text("key").ok_or("`key` must be the name of a property")?;
        if key.is_empty() {
            return Err("`key` must not be empty");
        }
        if key.starts_with('$') && !SETTABLE.contains(&key) {
            return Err("`key` must be a custom property, or one of the system that can be set");
        }
        let value = json.get("value").unwrap_or(&Value::Null);
        Ok(Self { op, key, value })
    }

    /// Carries it out on the properties of its kind: the system's, or the custom ones.
    pub(in crate::sandbox) fn apply(
        &self,
        properties: &mut Map<String, Value>,
        detect: bool,
    ) -> Outcome {
        let key = self.key;
        match self.op {
            "update_or_create" => match self.new_value(detect) {
                Err(reason) => Ignored(reason),
                Ok(_) if self.is_phone_with_plus() => Unchanged,
                Ok(value) if properties.get(key) == Some(&value) => Unchanged,
                Ok(value) => set(properties, key, value),
            },
            "set_once" => match self.new_value(detect) {
                Err(reason) => Ignored(reason),
                Ok(_) if self.is_phone_with_plus() => Unchanged,
                Ok(_) if properties.contains_key(key) => Unchanged,
                Ok(value) => set(properties, key, value),
            },
            "delete" => match properties.remove(key) {
                Some(_) => Changed,
                None => Unchanged,
            },
            "add" => self.add(properties),
            "append" => self.change_list(properties, |items, item| {
                items.push(item.into());
                true
            }),
            "union" => self.change_list(properties, |items, item| {
                let new = !items.iter().any(|old| old == item);
                if new {
                    items.push(item.into());
                }
                new
            }),
            "exclude" => self.change_list(properties, |items, item| {
                let before = items.len();
                items.retain(|old| old != item);
                items.len() < before
            }),
            _ => Ignored("`op` must be one of the seven operations"),
        }
    }

    /// Observed: the service does not store `$phone` with a leading `+`, and reports it as not changed.
    fn is_phone_with_plus(&self) -> bool {
        let text = self.value.as_str();
        self.key == "$phone" && text.is_some_and(|text| text.trim_start().starts_with('+'))
    }

    fn new_value(&self, detect: bool) -> Result<Value, &'static str> {
        if values::is_empty(self.value) {
            return Err("the value is empty");
        }
        values::check(self.value)?;
        let value = self.value.clone();
        Ok(if detect && !self.key.starts_with('$') {
            values::detect(value)
        } else {
            value
        })
    }

    fn add(&self, properties: &mut Map<String, Value>) -> Outcome {
        let Some(amount) = values::integer(self.value) else {
            return Ignored("the value to add must be an integer");
        };
        let old = match properties.get(self.key) {
            None => 0,
            Some(value) => match values::integer(value) {
                Some(old) => old,
                None => return Ignored("the property is not a number"),
            },
        };
        let exists = properties.contains_key(self.key);
        match old
            .checked_add(amount)
            .filter(|sum| values::is_integer(*sum))
        {
            None => Ignored("the sum is not from -2^53 to 2^53"),
            Some(_) if amount == 0 && exists => Unchanged,
            Some(sum) => set(properties, self.key, sum.into()),
        }
    }

    fn change_list(
        &self,
        properties: &mut Map<String, Value>,
        change: impl FnOnce(&mut Vec<Value>, &str) -> bool,
    ) -> Outcome {
        let Some(item) = self.value.as_str().filter(|item| !item.is_empty()) else {
            return Ignored("the value must be one text");
        };
        if !values::is_short(item) {
            return Ignored("texts must have at most 255 characters");
        }
        let mut items = match properties.get(self.key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items.clone(),
            Some(_) => return Ignored("the property is not a list"),
        };
        if !change(&mut items, item) {
            return Unchanged;
        }
        if items.len() > MAX_ITEMS {
            return Ignored("lists must have at most 30 items");
        }
        set(properties, self.key, items.into())
    }
}

fn set(properties: &mut Map<String, Value>, key: &str, value: Value) -> Outcome {
    properties.insert(key.to_owned(), value);
    Changed
}
