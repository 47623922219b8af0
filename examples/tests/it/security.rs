//! What `SECURITY.md` says of tests is so.

use std::fs;

use crate::support::{root, tests};

/// The last column of every row of the table.
fn proofs(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_end_matches('|').rsplit('|').next().unwrap())
        .collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_threat_has_a_test_that_exists() {
    let root = root();
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let proofs = proofs(&text);
    assert!(proofs.len() >= 20, "the table is gone");
    for proof in proofs {
        let mut source = None;
        let mut number = 0;
        for word in quoted(proof) {
            if word.ends_with(".rs") {
                let found = fs::read_to_string(root.join(word));
                source = Some((
                    word,
                    found.unwrap_or_else(|error| panic!("{word}: {error}")),
                ));
                continue;
            }
            let (file, source) = source.as_ref().expect("a file before its tests");
            assert!(tests(source).contains(word), "{file} has no test `{word}`");
            number += 1;
        }
        assert!(number > 0, "no test in: {proof}");
    }
}
