//! The README of this package: its commands are run, and its output is compared. Nothing of a person is in it.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use carrot_examples::transcript::replay;

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let written = fs::read_to_string(&readme).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_telemetry"));
    let folder = std::env::temp_dir().join(format!("carrot-telemetry-{}", std::process::id()));
    let now = replay(&written, binary, &folder).unwrap();
    let spans = fs::read_to_string(folder.join("spans.log")).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    expect_test::expect_file![&readme].assert_eq(&now);

    let repeated = "status=429 outcome=Failed(Service)";
    assert!(spans.contains(repeated), "{spans}");
    // What happened in the shop before is not part of it.
    assert!(!spans.contains("users.set_props"), "{spans}");
    // What the calls hold: the token, texts, ids.
    let printed = now.lines().filter(|line| !line.starts_with('$'));
    let all: String = printed.chain(spans.lines()).collect();
    for held in ["app.1", "On its way", "order-4", "example.com", "215566"] {
        assert!(!all.contains(held), "{held} is in {all}");
    }
}
