//! A call in lines, and the code that would have expected it.

use std::fmt::Write as _;

use super::{RecordedCall, diff, operations};

/// A request, in lines.
pub(super) fn request(call: &RecordedCall) -> String {
    let request = call.request();
    let mut text = format!("    {} {}\n", request.method(), request.path());
    for (name, value) in call.params() {
        let _ = writeln!(text, "      {}", diff::shown(name, value));
    }
    for file in request.files() {
        let (name, bytes) = (&file.filename, file.bytes.len());
        let _ = writeln!(
            text,
            "      {} = the file {name:?} of {bytes} bytes",
            file.name
        );
    }
    text
}

/// An expectation that the call would have met, to be copied into the test.
pub(super) fn expectation(call: &RecordedCall) -> String {
    let operation = operations::of(call.operation());
    let type_path = match operation {
        Some(operation) => operation.type_path.to_owned(),
        None => format!("/* the type of `{}` */", call.name()),
    };
    let mut text = format!("    fake.on::<{type_path}>()\n");
    let mut line = |line: String| {
        let _ = writeln!(text, "        {line}");
    };
    let is_own = call.param("by_user_id") == Some("true");
    if let Some(id) = call.path_id() {
        match id {
            "$self_app" => {}
            id if is_own => line(format!(".user({id:?})")),
            id => line(format!(".path_id({id:?})")),
        }
    }
    for (name, value) in call.params() {
        if is_own && name == "by_user_id" {
            continue;
        }
        line(match diff::is_json(value) {
            true => format!(".param_json({name:?}, json!({value}))"),
            false => format!(".param({name:?}, {value:?})"),
        });
    }
    line(match operation {
        Some(operation) => format!(".reply({});", operation.sample),
        None => ".reply_json(json!({}));".to_owned(),
    });
    text
}
