//! Which placeholder stands for which value. The file holds 24 bits of a hash of each value: enough to
//! find the placeholder of a value that comes again, and too few to find the value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::{
    class::{self, Class},
    walk::Leaf,
};

/// When the first request of every cassette is made: the start of a `VirtualClock`.
pub(super) const START: i64 = 1_700_000_000;
/// In the place of a moment that is not a number.
const DATE: &str = "2023-11-14T22:13:20+00:00";
const SECRET: &str = "[secret]";
/// A key that no JSON of the service has.
pub(super) const ANYTHING: &str = "(holds something of a response)";

/// The placeholders of a file, by the hash of what they stand for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Book {
    salt: u64,
    placeholders: BTreeMap<String, String>,
}

impl Book {
    /// The name of a value in the file.
    fn hash(salt: u64, class: Class, text: &str) -> String {
        // FNV-1a, with the last mix of MurmurHash3.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let class = format!("{salt}{class:?}:");
        for byte in class.bytes().chain(text.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 33;
        format!("{:06x}", hash & 0x00ff_ffff)
    }

    /// The book as it is kept: the nonces of one run are not those of another.
    pub(super) fn without_nonces(mut self) -> Self {
        self.placeholders
            .retain(|_, placeholder| !is_nonce(placeholder));
        self
    }

    fn find(&self, class: Class, text: &str) -> Option<&String> {
        self.placeholders.get(&Self::hash(self.salt, class, text))
    }
}

/// Writes down every value before it is known which placeholder it gets.
#[derive(Debug, Default)]
pub(super) struct Collector {
    /// In the order in which they came.
    values: Vec<(Class, String)>,
    known: BTreeSet<(Class, String)>,
    /// The fields that are hidden since nobody knows them.
    pub(super) unknown: BTreeSet<String>,
}

impl Collector {
    /// Gives each value its placeholder.
    pub(super) fn into_book(self) -> (Book, Vec<String>) {
        let mut numbers: Vec<u64> = self
            .values
            .iter()
            .filter_map(|(class, text)| (*class == Class::Id).then(|| text.parse().ok())?)
            .collect();
        numbers.sort_unstable();
        let mut counts: BTreeMap<(Class, bool), usize> = BTreeMap::new();
        let placeholders: Vec<String> = self
            .values
            .iter()
            .map(|(class, text)| {
                let count = counts.entry((*class, is_number(text))).or_default();
                *count += 1;
                // Ids keep their order, as the service gives them.
                let rank = text
                    .parse()
                    .ok()
                    .and_then(|id| numbers.binary_search(&id).ok());
                placeholder(*class, text, *count, rank)
            })
            .collect();
        // Few values collide; a salt under which none does is near.
        let mut salt = 0;
        let placeholders = loop {
            let hashes = self.values.iter();
            let hashes = hashes.map(|(class, text)| Book::hash(salt, *class, text));
            let by_hash: BTreeMap<String, String> =
                hashes.zip(placeholders.iter().cloned()).collect();
            if by_hash.len() == placeholders.len() || salt > 10_000 {
                break by_hash;
            }
            salt += 1;
        };
        let originals = self
            .values
            .into_iter()
            .filter(|(class, _)| is_of_a_person(*class));
        let originals = originals.map(|(_, text)| text).collect();
        (Book { salt, placeholders }, originals)
    }
}

/// True for the placeholder of a nonce.
pub(super) fn is_nonce(text: &str) -> bool {
    let number: Option<u64> = text.parse().ok();
    text.starts_with("nonce-")
        || number.is_some_and(|one| (2_000_000_001..2_001_000_000).contains(&one))
}

fn is_of_a_person(class: Class) -> bool {
    !matches!(class, Class::Nonce | Class::Number)
}

fn is_number(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn placeholder(class: Class, text: &str, count: usize, rank: Option<usize>) -> String {
    let is_number = is_number(text);
    match class {
        Class::Id => match rank {
            Some(rank) => (1_000_001 + rank).to_string(),
            // A number of a cursor.
            None if is_number => (3_000_000 + count).to_string(),
            None => format!("id-{count}"),
        },
        Class::Nonce if is_number => (2_000_000_000 + count).to_string(),
        Class::Nonce => format!("nonce-{count}"),
        Class::Name => format!("Name {count}"),
        Class::Email => format!("person-{count}@example.com"),
        Class::Phone => format!("+7000000{count:04}"),
        Class::Url => format!("https://example.com/{count}"),
        Class::Number => count.to_string(),
        _ => format!("text {count} of {} characters", text.chars().count()),
    }
}

/// What a value is hidden as; `None` where nothing is hidden.
fn kind(class: Class, value: &Value) -> Option<(Class, String)> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let class = match class {
        Class::Plain if class::is_plain(&text) => return None,
        Class::Key if class::is_key(&text) => return None,
        Class::Id | Class::Nonce if class::is_word_for_id(&text) => return None,
        Class::Time | Class::Secret => return None,
        Class::Key => Class::Name,
        Class::Plain | Class::Text | Class::Name if value.is_number() => Class::Number,
        Class::Plain => Class::Text,
        Class::Text if text.starts_with("http://") || text.starts_with("https://") => Class::Url,
        class => class,
    };
    (!text.is_empty()).then_some((class, text))
}

/// The placeholder in the type of the value.
fn in_type(value: &Value, placeholder: &str) -> Value {
    let whole: Option<u64> = placeholder.parse().ok();
    match (value, whole) {
        (Value::Number(number), Some(whole)) if number.is_f64() => {
            let number = Number::from_f64(whole as f64 + 0.5);
            number.map_or(Value::Null, Value::Number)
        }
        (Value::Number(_), Some(whole)) => whole.into(),
        _ => placeholder.into(),
    }
}

/// The values that are neither shown nor in the book.
fn other(class: Class, value: &Value, shift: i64) -> Value {
    match (class, value) {
        (Class::Secret, Value::String(_) | Value::Number(_)) => SECRET.into(),
        (Class::Time, Value::Number(number)) => moment(number, shift),
        (Class::Time, Value::String(text)) if !text.is_empty() => DATE.into(),
        (Class::Text, Value::Bool(_)) => false.into(),
        (_, value) => value.clone(),
    }
}

fn moment(number: &Number, shift: i64) -> Value {
    match (number.as_i64(), number.as_f64()) {
        (Some(seconds), _) => seconds.saturating_add(shift).into(),
        (None, Some(seconds)) => (seconds + shift as f64).into(),
        _ => Value::Null,
    }
}

impl Leaf for Collector {
    fn leaf(&mut self, class: Class, value: &Value) -> Value {
        if let Some(found) = kind(class, value) {
            if self.known.insert(found.clone()) {
                self.values.push(found);
            }
        }
        // A name is told in the path of what is not known.
        match (class, value) {
            (Class::Key, Value::String(text)) if !class::is_key(text) => "(hidden)".into(),
            _ => value.clone(),
        }
    }

    fn unknown(&mut self, path: &str) {
        self.unknown.insert(path.to_owned());
    }
}

/// Writes placeholders while a cassette is recorded.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) book: &'a Book,
    /// What is added to a moment, in seconds.
    pub(super) shift: i64,
}

impl Leaf for Writer<'_> {
    fn leaf(&mut self, class: Class, value: &Value) -> Value {
        match kind(class, value) {
            Some((class, text)) => match self.book.find(class, &text) {
                Some(placeholder) => in_type(value, placeholder),
                None => Value::Null,
            },
            None => other(class, value, self.shift),
        }
    }
}

/// Writes placeholders into a request that comes while a cassette is replayed. What the cassette does not
/// know stays as it is, and matches nothing.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) book: &'a Book,
}

impl Reader<'_> {
    fn is_placeholder(&self, text: &str) -> bool {
        self.book.placeholders.values().any(|one| one == text)
    }

    /// True where a text was made of something that a response told.
    fn holds_one(&self, text: &str) -> bool {
        let long = |one: &&String| one.chars().count() >= 6;
        let mut all = self.book.placeholders.values().filter(long);
        all.any(|one| text.contains(one.as_str()))
    }
}

impl Leaf for Reader<'_> {
    fn leaf(&mut self, class: Class, value: &Value) -> Value {
        let Some((class, text)) = kind(class, value) else {
            return other(class, value, 0);
        };
        // A nonce is another one in each run; see `settle`.
        let is_of_a_response = class == Class::Id && self.is_placeholder(&text);
        if class == Class::Nonce || is_of_a_response {
            return value.clone();
        }
        match self.book.find(class, &text) {
            Some(placeholder) => in_type(value, placeholder),
            None if self.holds_one(&text) => serde_json::json!({ ANYTHING: text }),
            None => value.clone(),
        }
    }
}
