//! Helpers to read a recorded request.

use std::fmt::Write as _;

use carrot_testing::RecordedRequest;

/// Returns the method and the path with the query.
pub(crate) fn line(request: &RecordedRequest) -> String {
    let target = request.uri().path_and_query();
    let target = target.map_or("", |target| target.as_str());
    format!("{} {target}", request.method())
}

/// The parameters of a request without files.
pub(crate) trait Parameters {
    /// Returns the parameters of the query, then of the form.
    fn parameters(&self) -> Vec<(String, String)>;

    /// Returns the value of a parameter that occurs once.
    fn parameter(&self, name: &str) -> Option<String>;
}

impl Parameters for RecordedRequest {
    fn parameters(&self) -> Vec<(String, String)> {
        let is_form = self.header("content-type") == Some("application/x-www-form-urlencoded");
        let form = if is_form { self.form_pairs() } else { &[] };
        [self.query_pairs(), form].concat()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let mut values = self.parameters().into_iter().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "`{name}` occurs twice");
        value
    }
}

/// Returns the request in readable lines.
pub(crate) fn readable(request: &RecordedRequest) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for name in ["authorization", "content-type"] {
        let Some(value) = request.headers().get(name) else {
            continue;
        };
        // A sensitive value is not shown.
        let shown = match value.is_sensitive() {
            true => "[sensitive]",
            false => value.to_str().expect("visible characters"),
        };
        let _ = writeln!(text, "{name}: {shown}");
    }
    for (name, value) in request.parameters() {
        let _ = writeln!(text, "  {name} = {}", visible(&value));
    }
    let body = std::str::from_utf8(request.body()).expect("the bodies of these tests are text");
    for line in body.split_inclusive('\n') {
        let _ = writeln!(text, "  | {}", visible(line));
    }
    text
}

/// Returns the text with control characters as escapes.
fn visible(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        match character.is_control() {
            true => shown.extend(character.escape_debug()),
            false => shown.push(character),
        }
    }
    shown
}
