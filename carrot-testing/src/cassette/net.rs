//! The second net: it reads a finished file and knows nothing of how it was redacted. Here is a list of
//! its own, so that a mistake of the redactor is not repeated.

use std::{collections::BTreeSet, fmt, sync::LazyLock};

use percent_encoding::percent_decode_str;
use regex_lite::Regex;
use serde_json::Value;

/// Parts of a secret that are shorter are not searched.
const WINDOW: usize = 8;
/// A shorter value of a person may be a word that the service uses too.
const SHORTEST: usize = 6;
/// A text may be encoded so often.
const DEPTH: usize = 3;
/// A text that can be decoded in more ways is not searched to its end, and rejected.
const MAX_LAYERS: usize = 400;

/// What must not be in a file, by its looks. What the kit itself writes in the place of something is left
/// out.
const SHAPES: [(&str, &str, &str); 8] = [
    (
        "a token of the service",
        r"(?i)\b(app|user)\.\d+\.[a-z0-9]{6,}",
        "",
    ),
    ("a JSON Web Token", r"eyJ[A-Za-z0-9_-]{8,}\.", ""),
    (
        "an Authorization header",
        r"(?i)\b(token|bearer|basic) [a-z0-9._~+/=-]{8,}",
        "",
    ),
    (
        "an e-mail address",
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+",
        r"@example\.(com|org|net)$",
    ),
    ("a phone number", r"\+\d{10,}", r"^\+7000000\d{4}$"),
    ("a long number", r"\d{11,}", r"^7000000\d{4}$"),
    ("a long hexadecimal text", r"(?i)\b[0-9a-f]{32,}\b", ""),
    (
        "a UUID",
        r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        "",
    ),
];

/// What was found, and where: never the value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    place: String,
    what: &'static str,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

pub(super) struct Net {
    /// All parts of the secrets, and of the same backwards.
    windows: BTreeSet<String>,
    whole: BTreeSet<String>,
    people: BTreeSet<String>,
}

/// What something looks like, and what looks alike and is meant.
type Shape = (&'static str, Regex, Option<Regex>);

static COMPILED: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let shapes = SHAPES.iter().filter_map(|(what, shape, but)| {
        let but = (!but.is_empty())
            .then(|| Regex::new(but))
            .transpose()
            .ok()?;
        Some((*what, Regex::new(shape).ok()?, but))
    });
    shapes.collect()
});

impl Net {
    pub(super) fn new(secrets: &[String], people: &[String]) -> Self {
        let mut windows = BTreeSet::new();
        let mut whole = BTreeSet::new();
        for secret in secrets {
            let secret = secret.to_lowercase();
            let backwards: String = secret.chars().rev().collect();
            for secret in [secret, backwards] {
                for part in secret.split(|one: char| !one.is_alphanumeric()) {
                    let part: Vec<char> = part.chars().collect();
                    windows.extend(
                        part.windows(WINDOW)
                            .map(|window| window.iter().collect::<String>()),
                    );
                }
                if secret.len() >= SHORTEST {
                    whole.insert(secret);
                }
            }
        }
        let is_a_word = |text: &str| {
            text.bytes()
                .all(|one| one.is_ascii_lowercase() || one == b'_')
        };
        let people = people
            .iter()
            .filter(|text| text.chars().count() >= SHORTEST);
        let is_short_number =
            |text: &str| text.len() < 9 && text.bytes().all(|one| one.is_ascii_digit());
        let people = people
            .filter(|text| !is_a_word(text) && !is_short_number(text))
            .map(|text| text.to_lowercase());
        Self {
            windows,
            whole,
            people: people.collect(),
        }
    }

    /// Passes a text that holds nothing of the kind; the error lists the places, one in a line.
    pub(super) fn pass(&self, text: &str) -> Result<(), String> {
        let hits = self.check(text);
        match hits.is_empty() {
            true => Ok(()),
            false => Err(hits.iter().map(|hit| format!("\n  {hit}")).collect()),
        }
    }

    /// What a file holds that it must not hold.
    pub(super) fn check(&self, text: &str) -> Vec<Hit> {
        let mut hits = BTreeSet::new();
        match serde_json::from_str::<Value>(text) {
            Ok(json) => self.search("", &json, &mut hits),
            Err(_) => self.search_text("", text, &mut hits),
        }
        // Also what stands between the values, whatever a reader of JSON makes of it.
        let lower = text.to_lowercase();
        if self
            .whole
            .iter()
            .any(|secret| lower.contains(secret.as_str()))
        {
            hits.insert(hit("", "a secret"));
        }
        hits.into_iter().collect()
    }

    fn search(&self, place: &str, value: &Value, hits: &mut BTreeSet<Hit>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let before = hits.len();
                    self.search_text(place, name, hits);
                    // A name that holds a secret is not told as a place.
                    let name = if hits.len() > before { "…" } else { name };
                    self.search(&format!("{place}/{name}"), value, hits);
                }
            }
            Value::Array(items) => {
                for (at, value) in items.iter().enumerate() {
                    self.search(&format!("{place}/{at}"), value, hits);
                }
            }
            Value::String(text) => self.search_text(place, text, hits),
            Value::Number(number) => self.search_text(place, &number.to_string(), hits),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn search_text(&self, place: &str, text: &str, hits: &mut BTreeSet<Hit>) {
        let mut layers = vec![text.to_owned()];
        let mut from = 0;
        for _ in 0..DEPTH {
            let end = layers.len();
            for at in from..end {
                let decoded = layers
                    .get(at)
                    .map(|layer| decode(layer))
                    .unwrap_or_default();
                for one in decoded {
                    if !layers.contains(&one) {
                        layers.push(one);
                    }
                }
                if layers.len() > MAX_LAYERS {
                    hits.insert(hit(place, "a text that is encoded in too many ways"));
                    return;
                }
            }
            from = end;
        }
        for (depth, layer) in layers.iter().enumerate() {
            let lower = layer.to_lowercase();
            let has =
                |known: &BTreeSet<String>| known.iter().any(|one| lower.contains(one.as_str()));
            if has(&self.windows) || has(&self.whole) {
                hits.insert(hit(place, "a secret, or a part of one"));
            }
            if has(&self.people) {
                hits.insert(hit(place, "a value that the service told"));
            }
            for (what, shape, but) in COMPILED.iter() {
                // Decoded noise has numbers of every length.
                let is_noise = depth > 0 && *what == "a long number";
                let mut found = shape.find_iter(layer).map(|found| found.as_str());
                let is_meant = |text: &str| but.as_ref().is_none_or(|but| !but.is_match(text));
                if !is_noise && found.any(is_meant) {
                    hits.insert(hit(place, what));
                }
            }
        }
    }
}

fn hit(place: &str, what: &'static str) -> Hit {
    let place = match place {
        "" => "/".to_owned(),
        place => place.to_owned(),
    };
    Hit { place, what }
}

/// The texts that a text may stand for.
fn decode(text: &str) -> Vec<String> {
    let mut decoded = Vec::new();
    if text.contains('%') {
        decoded.push(percent_decode_str(text).decode_utf8_lossy().into_owned());
    }
    if text.contains('+') {
        decoded.push(text.replace('+', " "));
    }
    if text.contains('\\') {
        decoded.push(unescape(text));
    }
    if text.contains("&#") {
        decoded.push(entities(text));
    }
    let is_encoded = |one: char| one.is_ascii_alphanumeric() || "+/-_=".contains(one);
    for run in text.split(|one| !is_encoded(one)) {
        let is_hex = run.len() >= 12 && run.bytes().all(|one| one.is_ascii_hexdigit());
        if is_hex {
            for skip in 0..2 {
                decoded.extend(readable(&hex(run.get(skip..).unwrap_or_default())));
            }
        }
        if run.len() >= 8 {
            for skip in 0..4 {
                decoded.extend(readable(&base64(run.get(skip..).unwrap_or_default())));
            }
        }
    }
    decoded
}

/// Decoded bytes, where most of them are text.
fn readable(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let odd = text
        .chars()
        .filter(|one| one.is_control() || *one == '\u{fffd}')
        .count();
    let count = text.chars().count();
    (count >= 6 && odd * 4 <= count).then_some(text)
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

/// Of both alphabets, with padding or without.
fn base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// `\u0041`, `\x41` and what stands behind other backslashes.
fn unescape(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        shown += before;
        let (digits, radix_len) = match after.as_bytes().first() {
            Some(b'u') => (after.get(1..5), 5),
            Some(b'x') => (after.get(1..3), 3),
            _ => (None, 0),
        };
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(one) => {
                shown.push(one);
                rest = after.get(radix_len..).unwrap_or_default();
            }
            None => rest = after,
        }
    }
    shown + rest
}

/// `&#65;` and `&#x41;`.
fn entities(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        shown += before;
        let Some((code, behind)) = after.split_once(';') else {
            rest = after;
            continue;
        };
        let number = match code.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => code.parse().ok(),
        };
        shown.extend(number.and_then(char::from_u32));
        rest = behind;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net() -> Net {
        Net::new(
            &["app.1000.c4nary7d1f9e2b8a60".to_owned()],
            &[
                "Ada Lovelace".to_owned(),
                "reply_admin".to_owned(),
                "1000001".to_owned(),
            ],
        )
    }

    fn hits(text: &str) -> Vec<String> {
        let file = serde_json::json!({"a": [{"b": text}]}).to_string();
        net().check(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_shape_is_an_expression() {
        assert_eq!(COMPILED.len(), SHAPES.len());
    }

    #[test]
    fn every_encoding_of_a_secret_is_found() {
        let each = |write: &dyn Fn(u8) -> String| {
            "c4nary7d1f9e2b8a60".bytes().map(write).collect::<String>()
        };
        for text in [
            "c4nary7d1f9e2b8a60",
            "C4NARY7D1F9E2B8A60",
            "x c4nary7d1 y",
            "and 9e2b8a60",
            "06a8b2e9f1d7yran4c",
            // Of three alignments.
            "YzRuYXJ5N2QxZjllMmI4YTYw",
            "YWM0bmFyeTdkMWY5ZTJiOGE2MA==",
            "YWJjNG5hcnk3ZDFmOWUyYjhhNjA",
            // In another one, and twice.
            "prefixYzRuYXJ5N2QxZjllMmI4YTYw",
            "WXpSdVlYSjVOMlF4WmpsbE1tSTRZVFl3",
            &each(&|byte| format!("%{byte:02x}")),
            &each(&|byte| format!("%25{byte:02X}")),
            &each(&|byte| format!("{byte:02x}")),
            &each(&|byte| format!("\\u{byte:04x}")),
            &each(&|byte| format!("\\\\u{byte:04x}")),
            &each(&|byte| format!("&#{byte};")),
            &each(&|byte| format!("&#x{byte:X};")),
        ] {
            let hits = hits(text);
            assert!(
                hits.contains(&"/a/0/b: a secret, or a part of one".to_owned()),
                "{text}: {hits:?}"
            );
        }
    }

    #[test]
    fn shapes_are_found_without_their_values() {
        for (text, what) in [
            ("user.7.abcdef123", "a token of the service"),
            ("eyJhbGciOiJIUzI1NiJ9.e30.x", "a JSON Web Token"),
            ("Bearer abcdefgh12", "an Authorization header"),
            ("write to ada@lovelace.org", "an e-mail address"),
            ("%2B79991234567", "a phone number"),
            ("2155668332815057077", "a long number"),
            (
                "d41d8cd98f00b204e9800998ecf8427e",
                "a long hexadecimal text",
            ),
            ("5eed0000-0000-4000-8000-000000000000", "a UUID"),
            ("Dear ada lovelace", "a value that the service told"),
        ] {
            let hits = hits(text);
            assert!(
                hits.contains(&format!("/a/0/b: {what}")),
                "{text}: {hits:?}"
            );
        }
    }

    #[test]
    fn placeholders_are_no_hit() {
        for text in [
            "text 1 of 17 characters",
            "person-1@example.com",
            "+70000000001",
            "1000001",
            "2000000001",
            "https://example.com/1",
            "2023-11-14T22:13:20+00:00",
            "reply_admin",
            "conversations.reply",
            "/v2/conversations/1000001/reply",
        ] {
            assert_eq!(hits(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn names_of_fields_are_searched() {
        let file = serde_json::json!({"c4nary7d1f9e2b8a60": {"x": "ada@lovelace.org"}}).to_string();
        let hits: Vec<String> = net().check(&file).iter().map(ToString::to_string).collect();
        assert_eq!(
            hits,
            ["/: a secret, or a part of one", "/…/x: an e-mail address"]
        );
    }
}
