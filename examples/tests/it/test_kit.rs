//! The page of reports: every row links to its report and names a test that exists.

use std::{collections::BTreeSet, fs, path::Path};

use crate::support::{root, tests};

/// The names of the tests in the Rust files below `folder`.
fn tests_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, found);
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        found.extend(tests(&text).into_iter().map(str::to_owned));
    }
}

#[test]
fn every_report_has_its_test() {
    let page = fs::read_to_string(root().join("docs/test-kit.md")).unwrap();
    let mut known = BTreeSet::new();
    tests_below(&root().join("carrot-testing/tests/it"), &mut known);
    let mut reports = BTreeSet::new();
    for row in page.lines().filter(|line| line.starts_with("| [")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [report, what, test] = cells[..] else {
            panic!("not three cells: {row}");
        };
        let (_, address) = report.split_once("](https://github.com/").expect(row);
        assert!(reports.insert(address.to_owned()), "twice: {row}");
        assert!(!what.is_empty(), "{row}");
        let test = test.trim_matches('`');
        assert!(known.contains(test), "no test `{test}`: {row}");
    }
    assert!(reports.len() >= 30, "{} reports", reports.len());
}
