//! What several of these tests need.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program of this package, with nothing of the caller's account.
pub(crate) fn program(name: &str) -> Command {
    let neighbour = Path::new(env!("CARGO_BIN_EXE_quickstart"));
    let mut command = Command::new(neighbour.with_file_name(name));
    for variable in ["CARROT_TOKEN", "CARROT_BASE_URL", "CARROT_APP_ID"] {
        command.env_remove(variable);
    }
    command
}

/// The functions of a source file that are tests.
pub(crate) fn tests(source: &str) -> BTreeSet<&str> {
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
