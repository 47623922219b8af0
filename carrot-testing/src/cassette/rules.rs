use serde::{Deserialize, Serialize};

use super::class::{Class, Field, Keys};

/// What the user of a cassette says about fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rules {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) show: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hide: Vec<String>,
}

impl Rules {
    pub(super) fn is_empty(&self) -> bool {
        self.show.is_empty() && self.hide.is_empty()
    }

    /// What is said about the field at a path.
    pub(super) fn of(&self, path: &str) -> Option<Field> {
        let ends = |rule: &String| {
            let before = path.strip_suffix(rule.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        if self.hide.iter().any(ends) {
            return Some(Field::HIDDEN);
        }
        self.show.iter().any(ends).then_some(Field {
            value: Class::Plain,
            keys: Keys::Hidden,
        })
    }
}
