//! What `SECURITY.md` says of tests is so.

use std::{collections::BTreeSet, fs, path::Path};

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

/// The functions of a source file that are tests.
fn tests(source: &str) -> BTreeSet<&str> {
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        }
        // A rule of the contract, which is a test of every transport: `rsp_02_redirects "RSP-02" Must …`.
        if let [rule, id, "Must", ..] = line.split(' ').collect::<Vec<_>>()[..] {
            if id.starts_with('"') {
                tests.insert(rule);
            }
        }
        let function = line.strip_prefix("async ").unwrap_or(line);
        if let Some((name, _)) = function
            .strip_prefix("fn ")
            .and_then(|rest| rest.split_once('('))
        {
            if is_test {
                tests.insert(name);
            }
            is_test = false;
        }
    }
    tests
}

#[test]
fn every_threat_has_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
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
