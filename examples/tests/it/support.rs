//! What several of these tests need.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use carrot_examples::transcript;

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program of this package, with nothing of the caller's account.
pub(crate) fn program(name: &str) -> Command {
    let neighbour = Path::new(env!("CARGO_BIN_EXE_quickstart"));
    transcript::program(neighbour.with_file_name(name))
}

/// Runs a program of this package against this sandbox, as against the real service.
#[cfg(unix)]
pub(crate) async fn run(
    server: &carrot_testing::sandbox::SandboxServer,
    name: &str,
    arguments: &[&str],
) -> std::process::Output {
    let mut command = program(name);
    command
        .env("CARROT_TOKEN", server.sandbox().token())
        .env("CARROT_BASE_URL", server.url())
        .args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.unwrap().unwrap()
}

#[cfg(unix)]
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
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
