//! Snapshots of the request of every operation with every option, in both API versions.
//!
//! The snapshots are in `tests/requests/<operation>.txt`. Run with `UPDATE_EXPECT=1` to update them, and
//! compare the changes with the vendor's pages.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use carrot_core::ApiVersion;

use crate::support::{
    assert_snapshot,
    operations::{Operation, every_operation},
    request::readable,
};

#[test]
fn requests_match_snapshots() {
    for operation in every_operation() {
        let path = format!("tests/requests/{}.txt", operation.name);
        assert_snapshot(&path, &snapshot(&operation));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/requests");
    let stored: BTreeSet<_> = std::fs::read_dir(folder)
        .expect("a folder of requests")
        .map(|file| file.expect("a file").file_name().into_string())
        .collect();
    let expected = every_operation().into_iter();
    let expected: BTreeSet<_> = expected
        .map(|one| Ok(format!("{}.txt", one.name)))
        .collect();
    assert_eq!(stored, expected, "a file belongs to no operation");
}

fn snapshot(operation: &Operation) -> String {
    let mut text = operation.name.to_owned();
    for case in &operation.cases {
        for (version, request) in ApiVersion::ALL.iter().zip(&case.requests) {
            let _ = write!(text, "\n\n== {}, {}\n", case.option, version.segment());
            text += &match request {
                Ok(request) => readable(request),
                Err(error) => format!("rejected: {error}\n"),
            };
            text.truncate(text.trim_end().len());
        }
    }
    text + "\n"
}

#[test]
fn snapshots_cover_all_operations() {
    let mut listed: Vec<&str> = every_operation().iter().map(|one| one.name).collect();
    listed.sort_unstable();
    let names: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(names.len(), listed.len(), "an operation is listed twice");

    let mut declared = BTreeSet::new();
    for folder in ["apps", "conversations", "users"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("src/operations")
            .join(folder);
        for file in std::fs::read_dir(folder).expect("a folder of operations") {
            let file = file.expect("a file").path();
            // An operation is a file; a folder is what is made of several operations.
            if file.is_dir() {
                continue;
            }
            let source = std::fs::read_to_string(file).expect("a source");
            let names = source.split("const NAME: &'static str = \"").skip(1);
            declared.extend(names.map(|rest| rest.split('"').next().expect("a name").to_owned()));
        }
    }
    let declared: BTreeSet<&str> = declared.iter().map(String::as_str).collect();
    assert_eq!(names, declared);
}
