//! The filters of the list of leads.
//!
//! Source: <https://developers.dashly.io/filters>

use serde_json::Value;

use crate::sandbox::{rules::date, rules::response::Failure, store::Columns};

/// Conditions that all have to hold, or one of them. No conditions fit everybody.
#[derive(Default)]
pub(in crate::sandbox) struct Filters {
    any: bool,
    leaves: Vec<Leaf>,
}

struct Leaf {
    property: String,
    test: Test,
    /// Users without the property fit too.
    or_unknown: bool,
}

enum Test {
    Known,
    Unknown,
    Greater(f64),
    Less(f64),
    Range(f64, f64),
    Equal(f64),
    NotEqual(f64),
    TextEqual(String),
    TextNotEqual(String),
    Contains(String),
    NotContains(String),
    Is(bool),
    /// More than this many seconds ago.
    MoreThanAgo(f64),
    LessThanAgo(f64),
    ListContains(String),
}

impl Filters {
    pub(in crate::sandbox) fn read(json: &Value) -> Result<Self, Failure> {
        let any = match json.get("type").and_then(Value::as_str) {
            Some("and") => false,
            Some("or") => true,
            _ => return Err(wrong("must have the type `and` or `or`")),
        };
        let leaves = json.get("filters").and_then(Value::as_array);
        let leaves = leaves.ok_or_else(|| wrong("must have an array `filters`"))?;
        let leaves = leaves.iter().map(Leaf::read).collect::<Result<_, _>>()?;
        Ok(Self { any, leaves })
    }

    pub(in crate::sandbox) fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The properties that they look at.
    pub(in crate::sandbox) fn properties(&self) -> impl Iterator<Item = &str> {
        self.leaves.iter().map(|leaf| leaf.property.as_str())
    }

    /// The rows of the leads that fit, in the order of ids.
    pub(in crate::sandbox) fn rows(&self, columns: &Columns, now: i64) -> Vec<usize> {
        let leaves: Vec<(&Leaf, &[Option<Value>])> = self
            .leaves
            .iter()
            .map(|leaf| (leaf, columns.values(&leaf.property)))
            .collect();
        let fits = |row: &usize| {
            let fits = |(leaf, values): &(&Leaf, &[Option<Value>])| {
                leaf.fits(values.get(*row).and_then(Option::as_ref), now)
            };
            match (leaves.is_empty(), self.any) {
                (true, _) => true,
                (false, true) => leaves.iter().any(fits),
                (false, false) => leaves.iter().all(fits),
            }
        };
        columns.leads().filter(fits).collect()
    }
}

impl Leaf {
    fn read(json: &Value) -> Result<Self, Failure> {
        let text = |name| json.get(name).and_then(Value::as_str);
        let kind = text("type").ok_or_else(|| wrong("must each have a `type`"))?;
        if kind == "and" || kind == "or" {
            return Err(wrong("must not be nested"));
        }
        let property = text("property_name").filter(|name| !name.is_empty());
        let property = property.ok_or_else(|| wrong("must each have a `property_name`"))?;
        let (kind, or_unknown) = match kind.strip_suffix("_or_unknown") {
            Some(kind) if OR_UNKNOWN.contains(&kind) => (kind, true),
            _ => (kind, false),
        };
        let value = Argument::read(json.get("value"))?;
        let test = match kind {
            "known" => Test::Known,
            "unknown" => Test::Unknown,
            "gt" => Test::Greater(value.number("value")?),
            "lt" => Test::Less(value.number("value")?),
            "range" => Test::Range(value.number("value1")?, value.number("value2")?),
            "eq" => Test::Equal(value.number("value")?),
            "neq" => Test::NotEqual(value.number("value")?),
            "str_eq" => Test::TextEqual(value.text()?.to_lowercase()),
            "str_neq" => Test::TextNotEqual(value.text()?.to_lowercase()),
            "str_contains" => Test::Contains(value.text()?.to_lowercase()),
            "str_notcontains" => Test::NotContains(value.text()?.to_lowercase()),
            "bool_true" => Test::Is(true),
            "bool_false" => Test::Is(false),
            "daysmore" => Test::MoreThanAgo(value.seconds()?),
            "daysless" => Test::LessThanAgo(value.seconds()?),
            "lcontains" => Test::ListContains(value.text()?.to_owned()),
            _ => return Err(wrong("must each have a `type` that exists")),
        };
        Ok(Self {
            property: property.to_owned(),
            test,
            or_unknown,
        })
    }

    fn fits(&self, value: Option<&Value>, now: i64) -> bool {
        let Some(value) = value else {
            let negative = matches!(
                self.test,
                Test::Unknown | Test::NotEqual(_) | Test::TextNotEqual(_) | Test::NotContains(_)
            );
            return self.or_unknown || negative;
        };
        let number = || value.as_f64();
        let age = || {
            let moment = date::parse(value.as_str()?)?;
            Some(now as f64 / 1e6 - moment as f64)
        };
        match &self.test {
            Test::Known => true,
            Test::Unknown => false,
            Test::Greater(limit) => number().is_some_and(|number| number > *limit),
            Test::Less(limit) => number().is_some_and(|number| number < *limit),
            Test::Range(low, high) => {
                number().is_some_and(|number| (*low..=*high).contains(&number))
            }
            Test::Equal(wanted) => number() == Some(*wanted),
            Test::NotEqual(wanted) => number() != Some(*wanted),
            Test::TextEqual(wanted) => value.as_str().is_some_and(|text| is_same(text, wanted)),
            Test::TextNotEqual(wanted) => !value.as_str().is_some_and(|text| is_same(text, wanted)),
            Test::Contains(wanted) => value.as_str().is_some_and(|text| contains(text, wanted)),
            Test::NotContains(wanted) => !value.as_str().is_some_and(|text| contains(text, wanted)),
            Test::Is(wanted) => value.as_bool() == Some(*wanted),
            Test::MoreThanAgo(limit) => age().is_some_and(|age| age > *limit),
            Test::LessThanAgo(limit) => age().is_some_and(|age| age < *limit),
            Test::ListContains(item) => value
                .as_array()
                .is_some_and(|items| items.iter().any(|one| one == item)),
        }
    }
}

const OR_UNKNOWN: [&str; 4] = ["gt", "lt", "daysmore", "daysless"];

/// The `value` of a filter: an object, or nothing. Clients write the nothing in several ways, and one
/// writes the object as a text.
struct Argument(Value);

impl Argument {
    fn read(json: Option<&Value>) -> Result<Self, Failure> {
        let rule = "must each have an object as its `value`";
        match json {
            None | Some(Value::Null) => Ok(Self(Value::Null)),
            Some(Value::Array(items)) if items.is_empty() => Ok(Self(Value::Null)),
            Some(Value::String(text)) if text.is_empty() => Ok(Self(Value::Null)),
            Some(Value::String(text)) => match serde_json::from_str(text) {
                Ok(Value::Object(object)) => Ok(Self(object.into())),
                _ => Err(wrong(rule)),
            },
            Some(Value::Object(object)) => Ok(Self(object.clone().into())),
            Some(_) => Err(wrong(rule)),
        }
    }

    fn number(&self, name: &str) -> Result<f64, Failure> {
        let number = match self.0.get(name) {
            Some(Value::String(text)) => text.parse().ok(),
            value => value.and_then(Value::as_f64),
        };
        let number = number.filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| wrong("must have a number to compare with"))
    }

    fn text(&self) -> Result<&str, Failure> {
        let text = self.0.get("value").and_then(Value::as_str);
        text.ok_or_else(|| wrong("must have a text to compare with"))
    }

    /// Days where no unit is given.
    fn seconds(&self) -> Result<f64, Failure> {
        let unit = match self.0.get("unit").map(Value::as_str) {
            None | Some(Some("days")) => 86_400.0,
            Some(Some("minutes")) => 60.0,
            Some(Some("hours")) => 3_600.0,
            Some(Some("weeks")) => 604_800.0,
            Some(_) => return Err(wrong("must have a unit of minutes, hours, days or weeks")),
        };
        Ok(self.number("value")? * unit)
    }
}

/// Whether a text is another in small letters. Most texts are ASCII, and need no copy.
fn is_same(text: &str, wanted: &str) -> bool {
    if text.is_ascii() {
        text.eq_ignore_ascii_case(wanted)
    } else {
        text.to_lowercase() == wanted
    }
}

/// As [`is_same`], for a piece of the text.
fn contains(text: &str, wanted: &str) -> bool {
    let Some(first) = wanted.as_bytes().first() else {
        return true;
    };
    if !text.is_ascii() {
        return text.to_lowercase().contains(wanted);
    }
    let same = |piece: &[u8]| {
        piece[0].eq_ignore_ascii_case(first) && piece.eq_ignore_ascii_case(wanted.as_bytes())
    };
    text.as_bytes().windows(wanted.len()).any(same)
}

fn wrong(rule: &str) -> Failure {
    Failure::validation("filters", rule)
}
