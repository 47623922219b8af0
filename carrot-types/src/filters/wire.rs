//! How a filter stands in JSON: `{"type": …, "property_name": …, "value": {…}}`.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap,
    ser::SerializeStruct,
};
use serde_json::Value;

use super::{Condition, Filter, OtherCondition, TimeAgo};
use crate::{InvalidValue, PropertyName, json::Object, serde_util::digits::parse_digits};

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let condition = self.condition();
        let mut fields = serializer.serialize_struct("Filter", 3)?;
        fields.serialize_field("type", condition.as_str())?;
        fields.serialize_field("property_name", self.property())?;
        match condition {
            Condition::Other(other) => fields.serialize_field("value", &other.value)?,
            known => fields.serialize_field("value", &Operand(known))?,
        }
        fields.end()
    }
}

/// The `value` of a filter.
struct Operand<'a>(&'a Condition);

impl Serialize for Operand<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        match self.0 {
            Condition::Known
            | Condition::Unknown
            | Condition::IsTrue
            | Condition::IsFalse
            | Condition::Other(_) => {}
            Condition::GreaterThan(number)
            | Condition::GreaterThanOrUnknown(number)
            | Condition::LessThan(number)
            | Condition::LessThanOrUnknown(number)
            | Condition::Equals(number)
            | Condition::NotEquals(number) => fields.serialize_entry("value", number)?,
            Condition::Between { low, high } => {
                fields.serialize_entry("value1", low)?;
                fields.serialize_entry("value2", high)?;
            }
            Condition::TextEquals(text)
            | Condition::TextNotEquals(text)
            | Condition::TextContains(text)
            | Condition::TextNotContains(text)
            | Condition::ListContains(text) => fields.serialize_entry("value", text)?,
            Condition::MoreThanAgo(age)
            | Condition::MoreThanAgoOrUnknown(age)
            | Condition::LessThanAgo(age)
            | Condition::LessThanAgoOrUnknown(age) => {
                fields.serialize_entry("value", &age.amount)?;
                if let Some(unit) = &age.unit {
                    fields.serialize_entry("unit", unit)?;
                }
            }
        }
        fields.end()
    }
}

/// Reads what was sent, and what segments store: numbers may be strings of digits, the value of a
/// condition that needs none may be anything, and the key `cls` of segments is not looked at.
impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Filter")]
        struct Stored {
            r#type: String,
            property_name: PropertyName,
            #[serde(default)]
            value: Value,
        }
        let Object(stored) = Object::<Stored>::deserialize(deserializer)?;
        let condition = read(&stored.r#type, stored.value).map_err(D::Error::custom)?;
        Ok(Filter::new(stored.property_name, condition))
    }
}

fn read(kind: &str, value: Value) -> Result<Condition, InvalidValue> {
    Ok(match kind {
        "known" => Condition::Known,
        "unknown" => Condition::Unknown,
        "gt" => Condition::GreaterThan(number(&value, "value")?),
        "gt_or_unknown" => Condition::GreaterThanOrUnknown(number(&value, "value")?),
        "lt" => Condition::LessThan(number(&value, "value")?),
        "lt_or_unknown" => Condition::LessThanOrUnknown(number(&value, "value")?),
        "range" => Condition::Between {
            low: number(&value, "value1")?,
            high: number(&value, "value2")?,
        },
        "eq" => Condition::Equals(number(&value, "value")?),
        "neq" => Condition::NotEquals(number(&value, "value")?),
        "str_eq" => Condition::TextEquals(text(&value)?),
        "str_neq" => Condition::TextNotEquals(text(&value)?),
        "str_contains" => Condition::TextContains(text(&value)?),
        "str_notcontains" => Condition::TextNotContains(text(&value)?),
        "bool_true" => Condition::IsTrue,
        "bool_false" => Condition::IsFalse,
        "daysmore" => Condition::MoreThanAgo(age(&value)?),
        "daysmore_or_unknown" => Condition::MoreThanAgoOrUnknown(age(&value)?),
        "daysless" => Condition::LessThanAgo(age(&value)?),
        "daysless_or_unknown" => Condition::LessThanAgoOrUnknown(age(&value)?),
        "lcontains" => Condition::ListContains(text(&value)?),
        other => Condition::Other(OtherCondition {
            kind: other.into(),
            value,
        }),
    })
}

fn wrong(key: &'static str, rule: &'static str) -> InvalidValue {
    InvalidValue::new(format!("filter {key}"), rule)
}

fn number(value: &Value, key: &'static str) -> Result<i64, InvalidValue> {
    let number = &value[key];
    number
        .as_i64()
        .or_else(|| number.as_str()?.parse().ok())
        .ok_or_else(|| wrong(key, "must be an integer of 64 bits, or a string of one"))
}

fn text(value: &Value) -> Result<String, InvalidValue> {
    value["value"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| wrong("value", "must be a string"))
}

fn age(value: &Value) -> Result<TimeAgo, InvalidValue> {
    let amount = &value["value"];
    let amount = amount
        .as_u64()
        .or_else(|| parse_digits(amount.as_str()?))
        .ok_or_else(|| wrong("value", "must be an integer, 0 or more, or its digits"))?;
    let unit = match &value["unit"] {
        Value::Null => None,
        Value::String(unit) => Some(unit.as_str().into()),
        _ => return Err(wrong("unit", "must be a string")),
    };
    Ok(TimeAgo { amount, unit })
}
