//! The parameters of a request by the rules of the service.
//!
//! Source: <https://developers.dashly.io/webapi/types/>

use std::ops::RangeInclusive;

use carrot_core::types::Timestamp;
use serde_json::Value;

use super::response::Failure;
use crate::wire::{FilePart, Pairs};

/// The parameters of query and body. Of two with one name, the later counts, and the body is later
/// than the query.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Parameters {
    pub(in crate::sandbox) pairs: Pairs,
    pub(in crate::sandbox) files: Vec<FilePart>,
}

impl Parameters {
    /// A text. An empty one is a text; only an absent parameter is `None`.
    pub(in crate::sandbox) fn text(&self, name: &str) -> Option<&str> {
        let pair = self.pairs.iter().rev().find(|(key, _)| key == name)?;
        Some(&pair.1)
    }

    pub(in crate::sandbox) fn required_text(&self, name: &str) -> Result<&str, Failure> {
        self.text(name)
            .ok_or_else(|| Failure::validation(name, "is required"))
    }

    /// A text of this many characters.
    pub(in crate::sandbox) fn text_of(
        &self,
        name: &str,
        characters: RangeInclusive<usize>,
    ) -> Result<Option<&str>, Failure> {
        match self.text(name) {
            Some(text) if !characters.contains(&text.chars().count()) => {
                let (least, most) = characters.into_inner();
                let rule = format!("must have {least} to {most} characters");
                Err(Failure::validation(name, &rule))
            }
            text => Ok(text),
        }
    }

    /// One of the texts listed.
    pub(in crate::sandbox) fn one_of(
        &self,
        name: &str,
        allowed: &[&'static str],
    ) -> Result<Option<&'static str>, Failure> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let found = allowed.iter().find(|option| **option == text);
        found.copied().map(Some).ok_or_else(|| {
            let rule = format!("must be one of `{}`", allowed.join("`, `"));
            Failure::validation(name, &rule)
        })
    }

    /// A yes or no: `false` in any letter case, `0` and the empty text are no, everything else is yes.
    pub(in crate::sandbox) fn flag(&self, name: &str) -> Option<bool> {
        let text = self.text(name)?;
        Some(!(text.is_empty() || text == "0" || text.eq_ignore_ascii_case("false")))
    }

    /// A flag that is false when absent.
    pub(in crate::sandbox) fn is_set(&self, name: &str) -> bool {
        self.flag(name).unwrap_or(false)
    }

    /// An id: 1 to 2^64-1.
    pub(in crate::sandbox) fn id(&self, name: &str) -> Result<Option<u64>, Failure> {
        match self.id_or_zero(name)? {
            Some(0) => Err(Failure::validation(name, ID_RULE)),
            id => Ok(id),
        }
    }

    /// An id, or 0 where that has a meaning of its own.
    pub(in crate::sandbox) fn id_or_zero(&self, name: &str) -> Result<Option<u64>, Failure> {
        self.text(name)
            .map(|text| digits(text).ok_or_else(|| Failure::validation(name, ID_RULE)))
            .transpose()
    }

    /// An integer within limits.
    pub(in crate::sandbox) fn integer(
        &self,
        name: &str,
        limits: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Failure> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|number| limits.contains(number));
        number.map(Some).ok_or_else(|| {
            let (least, most) = limits.into_inner();
            let rule = format!("must be an integer from {least} to {most}");
            Failure::validation(name, &rule)
        })
    }

    /// A moment, in microseconds since 1970.
    pub(in crate::sandbox) fn moment(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.text(name)
            .map(|text| {
                micros(text).ok_or_else(|| {
                    Failure::validation(name, "must be seconds since 1970, integer or decimal")
                })
            })
            .transpose()
    }

    /// A JSON value inside the text.
    pub(in crate::sandbox) fn json(&self, name: &str) -> Result<Option<Value>, Failure> {
        self.text(name)
            .map(|text| {
                serde_json::from_str(text).map_err(|_| Failure::validation(name, "must be JSON"))
            })
            .transpose()
    }

    /// A JSON object inside the text.
    pub(in crate::sandbox) fn object(&self, name: &str) -> Result<Option<Value>, Failure> {
        match self.json(name)? {
            Some(value) if !value.is_object() => {
                Err(Failure::validation(name, "must be a JSON object"))
            }
            value => Ok(value),
        }
    }

    /// A list of texts: a JSON array, or texts with commas between them.
    pub(in crate::sandbox) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        self.text(name).map(|text| texts(name, text)).transpose()
    }

    pub(in crate::sandbox) fn file(&self, name: &str) -> Option<&FilePart> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// A list of texts: a JSON array, or texts with commas between them.
pub(in crate::sandbox) fn texts(name: &str, text: &str) -> Result<Vec<String>, Failure> {
    if !text.trim_start().starts_with('[') {
        let items = text.split(',').filter(|item| !item.is_empty());
        return Ok(items.map(str::to_owned).collect());
    }
    serde_json::from_str(text)
        .map_err(|_| Failure::validation(name, "must be a JSON array of strings"))
}

const ID_RULE: &str = "must be an id from 1 to 2^64-1";

/// Decimal digits and nothing else.
pub(in crate::sandbox) fn digits(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Microseconds of a number of seconds; digits beyond the sixth decimal are cut.
pub(in crate::sandbox) fn micros(seconds: &str) -> Option<i64> {
    let moment: Timestamp = seconds.parse().ok()?;
    moment
        .seconds()
        .checked_mul(1_000_000)?
        .checked_add(i64::from(moment.nanoseconds() / 1000))
}
