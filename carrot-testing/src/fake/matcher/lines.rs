//! A request as lines of a failure text.

use std::fmt::Write as _;

use super::{super::record::RecordedCall, diff};

/// A request, in lines.
pub(in crate::fake) fn request(call: &RecordedCall) -> String {
    first_line(call) + &parameters(call)
}

/// The same, and its headers; never the token, nor what its sender marked as a secret.
pub(in crate::fake) fn request_with_headers(call: &RecordedCall) -> String {
    let mut text = first_line(call);
    for (name, value) in call.request().headers() {
        let value = match value.is_sensitive() {
            true => "[redacted]".to_owned(),
            false => diff::quoted(&String::from_utf8_lossy(value.as_bytes())),
        };
        let _ = writeln!(text, "      {name}: {value}");
    }
    text + &parameters(call)
}

fn first_line(call: &RecordedCall) -> String {
    let request = call.request();
    format!("    {} {}\n", request.method(), request.path())
}

fn parameters(call: &RecordedCall) -> String {
    let request = call.request();
    let mut text = String::new();
    for (name, value) in call.params() {
        let _ = writeln!(text, "      {}", diff::shown(name, value));
    }
    for (name, upload) in request.files() {
        let (file, bytes) = (upload.name(), upload.content().len());
        let _ = writeln!(text, "      {name} = the file {file:?} of {bytes} bytes");
    }
    text
}
