//! Mends what no JSON parser takes and servers send all the same.

use std::borrow::Cow;

/// What servers put around their JSON: white space of any kind, byte order marks, zero bytes.
pub(crate) fn is_blank(char: char) -> bool {
    char.is_whitespace() || matches!(char, '\u{feff}' | '\0')
}

fn is_all_blank(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_blank))
}

/// The most bytes of a blank character.
const MAX_BLANK: usize = 3;

/// Returns the bytes without the blank characters at their start, whatever the rest is.
pub(super) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    let blank = |bytes: &[u8]| {
        let mut lengths = 1..=MAX_BLANK.min(bytes.len());
        lengths.find(|length| is_all_blank(&bytes[..*length]))
    };
    while let Some(length) = blank(bytes) {
        bytes = &bytes[length..];
    }
    bytes
}

/// Returns the bytes without the blank characters around them, whatever the rest is.
pub(super) fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = trim_start(bytes);
    let blank = |bytes: &[u8]| {
        let mut ends = bytes.len().saturating_sub(MAX_BLANK)..bytes.len();
        ends.find(|end| is_all_blank(&bytes[*end..]))
    };
    while let Some(end) = blank(bytes) {
        bytes = &bytes[..end];
    }
    bytes
}

/// Returns the JSON without what is blank around it, with `null` for `NaN`, `Infinity` and numbers that no
/// float can hold, with U+FFFD for a lone surrogate, and with control characters in strings escaped. `None`
/// where nothing of it is there: such JSON is wrong in another way.
pub(super) fn repair(json: &[u8]) -> Option<Vec<u8>> {
    let mut rest = trim(json);
    let mut mended = Vec::with_capacity(rest.len());
    while let Some((&first, _)) = rest.split_first() {
        let (length, text) = match first {
            b'"' => string(rest),
            b'-' | b'+' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => token(rest),
            _ => (1, Cow::Borrowed(&rest[..1])),
        };
        mended.extend_from_slice(&text);
        rest = &rest[length..];
    }
    (mended != json).then_some(mended)
}

/// The length of the object at the start, whether or not each of its values is sound. `None` where it does not
/// end, or has a line break in a string, where it was cut.
pub(crate) fn object_length(text: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            b'"' if depth > 0 => {
                at += 1 + string_length(text.get(at + 1..)?)?;
                continue;
            }
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return (byte == b'}').then_some(at);
        }
    }
    None
}

/// The length up to and with the quotation mark that ends the string.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            b'\n' | b'\r' => return None,
            _ => at += 1,
        }
    }
}

/// The length of the string at the start, and its text with every lone surrogate replaced and every control
/// character escaped.
fn string(json: &[u8]) -> (usize, Cow<'_, [u8]>) {
    let mut at = 1;
    let mut text = vec![b'"'];
    while let Some(&byte) = json.get(at) {
        let length = match byte {
            b'"' => {
                text.push(byte);
                return (at + 1, Cow::Owned(text));
            }
            0..b' ' => {
                text.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                at += 1;
                continue;
            }
            b'\\' => match (
                surrogate(&json[at..]),
                surrogate(json.get(at + 6..).unwrap_or(&[])),
            ) {
                (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
                (Some(0xD800..=0xDFFF), _) => {
                    text.extend_from_slice(b"\\uFFFD");
                    at += 6;
                    continue;
                }
                _ => 2,
            },
            _ => 1,
        };
        let end = json.len().min(at + length);
        text.extend_from_slice(&json[at..end]);
        at = end;
    }
    (json.len(), Cow::Borrowed(json))
}

/// The number of a `\uXXXX` at the start.
fn surrogate(json: &[u8]) -> Option<u32> {
    let digits = json.strip_prefix(b"\\u")?.get(..4)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The length of the number or the word at the start, and what stands for it.
fn token(json: &[u8]) -> (usize, Cow<'_, [u8]>) {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let length = json.iter().take_while(is_part).count().max(1);
    let token = &json[..length];
    let is_infinite = || {
        let number: Option<f64> = std::str::from_utf8(token).ok()?.parse().ok();
        number.filter(|number| !number.is_finite())
    };
    match is_infinite() {
        Some(_) => (length, Cow::Borrowed(b"null")),
        None => (length, Cow::Borrowed(token)),
    }
}

#[cfg(test)]
mod tests {
    use super::{object_length, repair};

    #[test]
    fn object_ends_with_its_last_brace() {
        for (text, rest) in [
            ("{}", Some("")),
            (r#"{"a": NaN}{"b""#, Some(r#"{"b""#)),
            (r#"{"}\" {": [{}, {"\\": {}}]} x"#, Some(" x")),
            ("{\n\"a\": 1e999\r\n}\n", Some("\n")),
            ("{bare: text}", Some("")),
            ("", None),
            ("x {}", None),
            ("} {}", None),
            ("[1]", None),
            (r#"{"a": {}"#, None),
            (r#"{"a": "\"#, None),
            ("{\"a\": \"cut\n{\"b\": \"\"}", None),
        ] {
            let after = object_length(text.as_bytes()).map(|length| &text[length..]);
            assert_eq!(after, rest, "{text}");
        }
    }

    #[test]
    fn mends_what_servers_send() {
        for (json, mended) in [
            ("\u{feff}{}", "{}"),
            ("{}\0\0", "{}"),
            (
                " \n\u{feff}\u{feff}{}\0\r\n\u{b}\u{c}\u{a0}\u{2028}\u{feff}",
                "{}",
            ),
            ("\0", ""),
            (
                "[nan, inf, -inf, infinity, true, null]",
                "[null, null, null, null, true, null]",
            ),
            (
                "{\"a\tb\": \"one\r\ntwo\0\u{1f}\"}\n",
                r#"{"a\u0009b": "one\u000d\u000atwo\u0000\u001f"}"#,
            ),
            (
                r#"[NaN, -Infinity, 1e999, -1E+400]"#,
                "[null, null, null, null]",
            ),
            (
                r#"["\ud83d", "\ude00x", "\ud83d\ude00 \ud83d"]"#,
                r#"["\uFFFD", "\uFFFDx", "\ud83d\ude00 \uFFFD"]"#,
            ),
            (
                r#"{"NaN": "NaN \" 1e999", "a": NaN}"#,
                r#"{"NaN": "NaN \" 1e999", "a": null}"#,
            ),
        ] {
            let text = repair(json.as_bytes()).expect(json);
            assert_eq!(String::from_utf8_lossy(&text), mended);
        }
    }

    #[test]
    fn leaves_other_json_alone() {
        for json in [
            "",
            "{",
            r#"["a\\"#,
            r#"{"a": [1.5e3, true, null, "\u00e9 \ud83d\ude00"]}"#,
            "[1 2]",
            "\"\\",
            "\"\\u12",
            "[\"cut\nx",
            "[0x1f, 007, +1, .5, 1.]",
            "{'id': 1, b: undefined, /* c */ \"d\": None,}",
            "call({});",
            "{}{}",
        ] {
            assert_eq!(repair(json.as_bytes()), None, "{json}");
        }
    }
}
