//! What is wrong with the file of an import, as far as it can be seen before sending. The service reads the file
//! later and tells nobody but the admin panel.

use std::collections::HashMap;

use super::delimiter::Delimiter;
use crate::types::{InvalidValue, system::property};

/// The vendor says "below 30 MB". The smaller meaning of MB is safe.
pub(super) const MAX_CSV_BYTES: usize = 30_000_000;

pub(super) fn check(
    csv: &[u8],
    delimiter: Delimiter,
    merge_field: &str,
) -> Result<(), InvalidValue> {
    let problem = encoding(csv).and_then(|text| {
        let names = header(text, delimiter);
        check_header(&names, text, delimiter, merge_field)?;
        check_lines(text, delimiter)?;
        check_phones(&names, text, delimiter)
    });
    problem.map_err(|rule| InvalidValue::new("file", rule))
}

fn encoding(csv: &[u8]) -> Result<&str, String> {
    let bytes = csv.len();
    if bytes >= MAX_CSV_BYTES {
        return Err(format!(
            "must be below {MAX_CSV_BYTES} bytes (30 MB), got {bytes}"
        ));
    }
    // The zero bytes of UTF-16 without a byte order mark are UTF-8.
    let starts_as_utf_16 = csv.starts_with(b"\xff\xfe") || csv.starts_with(b"\xfe\xff");
    if starts_as_utf_16 || csv.contains(&0) {
        let found = match starts_as_utf_16 {
            true => "it is UTF-16",
            false => "it has zero bytes, as UTF-16 has",
        };
        return Err(format!("must be UTF-8: {found}, save it as CSV UTF-8"));
    }
    let text = std::str::from_utf8(csv).map_err(
        |_| "must be UTF-8: a file from Excel is often Windows-1251, save it as CSV UTF-8",
    )?;
    if text.starts_with('\u{feff}') {
        return Err("must not start with a byte order mark (BOM), the bytes EF BB BF".into());
    }
    Ok(text)
}

fn check_header(
    names: &[String],
    text: &str,
    delimiter: Delimiter,
    merge_field: &str,
) -> Result<(), String> {
    if !names.iter().any(|name| name == merge_field) {
        return Err(format!(
            "must name the column `{merge_field}` in its first line, delimited by {:?}{}",
            delimiter.as_str(),
            hints(text, delimiter, merge_field)
        ));
    }
    let mut seen = HashMap::new();
    // Columns without a name are a spreadsheet's empty ones.
    for (second, name) in (1..).zip(names).filter(|(_, name)| !name.is_empty()) {
        if let Some(first) = seen.insert(name, second) {
            return Err(format!(
                "must name each column once: the columns {first} and {second} have one name"
            ));
        }
    }
    Ok(())
}

/// What makes the column look absent: each of these is common, and two of them may meet.
fn hints(text: &str, delimiter: Delimiter, merge_field: &str) -> String {
    if text.trim().is_empty() {
        return "; it is empty".into();
    }
    let all = [delimiter]
        .into_iter()
        .chain(Delimiter::ALL.iter().copied());
    let found = all.into_iter().find_map(|delimiter| {
        let mut names = header(text, delimiter).into_iter();
        let name = names.find(|name| bare(name) == bare(merge_field))?;
        Some((delimiter, name))
    });
    let Some((other, name)) = found else {
        return String::new();
    };
    let mut hints = String::new();
    if other != delimiter {
        hints += &format!("; it is delimited by {:?}", other.as_str());
    }
    if Some(&*name) == merge_field.strip_prefix('$') {
        hints += &format!("; it names `{name}`, without the `$` of system properties");
    } else if name != merge_field {
        hints += "; it has that name in other letters, or with blanks or invisible characters";
    }
    hints
}

/// A name without what people do not see, or do not think of.
fn bare(name: &str) -> String {
    let is_seen = |c: &char| c.is_alphanumeric() || c.is_ascii_punctuation() && *c != '$';
    name.chars()
        .filter(is_seen)
        .collect::<String>()
        .to_lowercase()
}

/// Checks what the service is assumed to leave out without a word, as it does in [`SetProps`](super::SetProps).
fn check_phones(names: &[String], text: &str, delimiter: Delimiter) -> Result<(), String> {
    let Some(column) = names.iter().position(|name| name == property::PHONE) else {
        return Ok(());
    };
    let mut reader = reader(text, delimiter);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let phone = record.get(column).unwrap_or_default().trim_ascii_start();
        if phone.starts_with(b"+") {
            let start = record.position().map_or(0, |start| start.byte() as usize);
            let line = line_at(text, start);
            return Err(format!(
                "must not have a `$phone` that starts with `+`, as line {line} has: the service does not \
                 store it from other requests, send only the digits"
            ));
        }
    }
    Ok(())
}

/// The line of the first character of a record from this place on: before it may stand the end of the line before,
/// and empty lines.
fn line_at(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    let ends = bytes.iter().skip(start).take_while(is_end).count();
    let before = bytes.iter().take(start + ends);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// The names of the columns, which stand in the first line that is not empty.
fn header(text: &str, delimiter: Delimiter) -> Vec<String> {
    let first = reader(text, delimiter)
        .into_records()
        .next()
        .and_then(Result::ok);
    let names = first.iter().flatten();
    names.map(str::to_owned).collect()
}

/// Reads all lines, the header too.
fn reader(text: &str, delimiter: Delimiter) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter.as_byte())
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Checks that no carriage return stands alone outside of quotes, where whoever ends lines by line feeds would read
/// one line of many, and that no cell starts with a quotation mark that is not closed, which would swallow the rest.
fn check_lines(text: &str, delimiter: Delimiter) -> Result<(), String> {
    let mut bytes = text.bytes().peekable();
    let mut is_start_of_cell = true;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if is_start_of_cell => loop {
                match bytes.next() {
                    None => return Err("must be CSV: a quotation mark is not closed".into()),
                    // Two of them are one that belongs to the text.
                    Some(b'"') if bytes.next_if_eq(&b'"').is_none() => break,
                    Some(_) => {}
                }
            },
            b'\r' if bytes.peek() != Some(&b'\n') => {
                return Err(
                    "must end lines with a line feed: a carriage return (CR) stands alone".into(),
                );
            }
            _ => {}
        }
        is_start_of_cell = byte == b'\n' || byte == delimiter.as_byte();
    }
    Ok(())
}
