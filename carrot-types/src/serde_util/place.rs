//! Finds the place of an error in a JSON document from its text.
//!
//! A reader that keeps track of the place while it reads would be a second copy of the code of every type.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

/// The most names and indexes of a path: invalid JSON may be nested as deep as a sender likes.
const MAX_SEGMENTS: usize = 8;
/// The longest name that a path shows.
const MAX_NAME: usize = 64;
/// The most tokens between the one that an error is about and the position of the error, both included.
const TOKENS: usize = 4;

/// The path of an error of reading a `T` from `text`, such as `data[3].id`; `.` for the whole.
pub(super) fn path<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> String {
    let end = offset(text, error);
    match error.classify() {
        Category::Syntax => Position::of_invalid(text, end.saturating_sub(1)),
        Category::Eof | Category::Io => Position::of_invalid(text, end),
        Category::Data => {
            let fails = |end: usize| {
                let start = (0..=end).rev().find_map(|end| text.get(..end));
                serde_json::from_str::<T>(start.unwrap_or_default())
                    .is_err_and(|error| error.is_data())
            };
            Position::of_value(text, end, fails)
        }
    }
    .to_path()
}

/// The number of bytes that were read before the error was made.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let Some(lines) = error.line().checked_sub(1) else {
        // Without a position, the error was made at the end.
        return text.len();
    };
    let lines = text.split_inclusive('\n').take(lines).map(str::len);
    // An error may repeat the position in another text, which was made up.
    text.len()
        .min(lines.sum::<usize>().saturating_add(error.column()))
}

/// A list or an object that has not ended.
enum Container<'a> {
    List { index: usize },
    Object { key: &'a str },
}

/// What was read last in a container.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// Nothing of the next value, nor of its name.
    Between,
    /// The name of a value, but not the colon behind it.
    Named,
    /// A part of a value, or the colon before it.
    Inside,
    /// A whole value.
    After,
}

/// Where a reader stands.
struct Position<'a> {
    /// The outer ones, which a path shows.
    containers: Vec<Container<'a>>,
    /// How many more there are inside of these.
    deeper: usize,
    state: State,
    /// Where the last tokens end, the latest first.
    ends: [usize; TOKENS],
}

impl<'a> Position<'a> {
    /// The place at which the JSON is invalid: the object, if it is not one of its values.
    fn of_invalid(text: &'a str, end: usize) -> Self {
        let mut place = Self::at(text, end);
        let is_list = matches!(place.containers.last(), Some(Container::List { .. }));
        let starts_value = !matches!(text.as_bytes().get(end), None | Some(b']'));
        place.state = match place.state {
            State::Between if is_list && starts_value => State::Inside,
            State::After | State::Named => State::Between,
            state => state,
        };
        place
    }

    /// The place of a value that is rejected. A reader fails at the end of a token and then goes on to the end of
    /// the object at most, so the value is where the shortest start of the text ends that it rejects too.
    fn of_value(text: &'a str, end: usize, fails: impl Fn(usize) -> bool) -> Self {
        let ends = Self::at(text, end).ends;
        let end = match ends.iter().position(|end| !fails(*end)) {
            Some(passed @ 1..) => ends[passed - 1],
            // An error that repeats that of another text has the position in that text.
            Some(0) | None => first(text.len(), &fails),
        };
        Self::at(text, end)
    }

    /// Reads the first `end` bytes, to where they are not JSON any more.
    fn at(text: &'a str, end: usize) -> Self {
        let mut place = Self {
            containers: Vec::new(),
            deeper: 0,
            state: State::Between,
            ends: [0; TOKENS],
        };
        let bytes = &text.as_bytes()[..end];
        let mut start = 0;
        while let Some(byte) = bytes.get(start) {
            let length = match byte {
                b' ' | b'\n' | b'\r' | b'\t' => {
                    start += 1;
                    continue;
                }
                b'"' => string(&bytes[start..]),
                b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
                _ => word(&bytes[start..]),
            };
            let token = text.get(start..start + length).unwrap_or_default();
            start += length;
            if !place.read(token) {
                break;
            }
            if !matches!(token, "," | ":") {
                place.ends.rotate_right(1);
                place.ends[0] = start;
            }
        }
        place
    }

    /// Reads a token. False if it is not whole, or not of a JSON document.
    fn read(&mut self, token: &'a str) -> bool {
        if self.deeper > 0 {
            return self.read_deeper(token);
        }
        let is_full = self.containers.len() == MAX_SEGMENTS;
        let container = self.containers.last_mut();
        match (token, container, self.state) {
            (",", Some(Container::List { index }), State::After) => {
                *index += 1;
                self.state = State::Between;
            }
            (",", Some(Container::Object { .. }), State::After) => self.state = State::Between,
            (":", Some(Container::Object { .. }), State::Named) => self.state = State::Inside,
            ("]", Some(Container::List { .. }), State::Between | State::After)
            | ("}", Some(Container::Object { .. }), State::Between | State::After) => {
                self.containers.pop();
                self.state = State::After;
            }
            ("," | ":" | "]" | "}", ..) | (_, _, State::After | State::Named) => return false,
            (name, Some(Container::Object { key }), State::Between) => {
                let is_name = name.starts_with('"') && is_whole(name);
                if is_name {
                    *key = name;
                    self.state = State::Named;
                }
                return is_name;
            }
            ("[" | "{", ..) if is_full => {
                self.deeper = 1;
                self.state = State::Between;
            }
            ("[", ..) => {
                self.containers.push(Container::List { index: 0 });
                self.state = State::Between;
            }
            ("{", ..) => {
                self.containers.push(Container::Object { key: "" });
                self.state = State::Between;
            }
            (scalar, ..) => {
                let is_whole = is_whole(scalar);
                self.state = match is_whole {
                    true => State::After,
                    false => State::Inside,
                };
                return is_whole;
            }
        }
        true
    }

    /// Reads a token inside of what a path does not show: only where it ends matters.
    fn read_deeper(&mut self, token: &str) -> bool {
        match token {
            "[" | "{" => self.deeper += 1,
            "]" | "}" => self.deeper -= 1,
            "," | ":" => {}
            scalar => return is_whole(scalar),
        }
        if self.deeper == 0 {
            self.state = State::After;
        }
        true
    }

    fn to_path(&self) -> String {
        let hidden = usize::from(self.state == State::Between && self.deeper == 0);
        let shown = self.containers.len().saturating_sub(hidden);
        let mut path = String::new();
        for container in self.containers.iter().take(shown.min(MAX_SEGMENTS)) {
            match container {
                Container::List { index } => path += &format!("[{index}]"),
                Container::Object { key } => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path += shown_name(key);
                }
            }
        }
        match path.is_empty() {
            true => ".".to_owned(),
            false => path,
        }
    }
}

/// The name of a field without its quotation marks. Others than those of fields may be somebody's data, or break
/// the line of a log.
fn shown_name(key: &str) -> &str {
    let name = key.trim_matches('"');
    let is_of_field = |byte: u8| byte.is_ascii_alphanumeric() || b"_$-.".contains(&byte);
    match name.len() <= MAX_NAME && name.bytes().all(is_of_field) {
        true => name,
        false => "(hidden)",
    }
}

/// The least number for which `is` holds, given that it holds for `end` and for all between.
fn first(end: usize, is: impl Fn(usize) -> bool) -> usize {
    let (mut not, mut end) = (0, end);
    while not < end {
        let middle = not + (end - not) / 2;
        match is(middle) {
            true => end = middle,
            false => not = middle + 1,
        }
    }
    end
}

/// The length of the string at the start, with the quotation marks.
fn string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The length of the number or of the word at the start.
fn word(bytes: &[u8]) -> usize {
    let ends = |byte: &u8| b" \n\r\t{}[],:\"".contains(byte);
    bytes.iter().position(ends).unwrap_or(bytes.len())
}

/// Whether a token is a value of JSON, not the start of one.
fn is_whole(token: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(token).is_ok()
}
