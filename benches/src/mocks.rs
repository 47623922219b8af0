//! What a call of a test costs: through the test kit, and through servers that mock HTTP.

use std::{fmt::Write as _, io, path::Path, process::Command};

use crate::{callgrind, record};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Those that `benches/mocks` knows.
const WAYS: [(&str, &str); 6] = [
    ("fake", "the fake"),
    ("fake-port", "the fake on a port"),
    ("sandbox", "the sandbox"),
    ("sandbox-port", "the sandbox on a port"),
    ("wiremock", "wiremock"),
    ("httpmock", "httpmock"),
];
const COUNTED: u32 = 200;
const TIMED: u32 = 2000;
/// The least of several times is the one with which the rest of the machine interfered least.
const TIMES: u32 = 5;

/// Measures, and writes the table.
pub(crate) fn measure() -> io::Result<()> {
    let build = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--target-dir", "target"])
        .args(["--manifest-path", "benches/mocks/Cargo.toml"])
        .current_dir(ROOT)
        .status()?;
    if !build.success() {
        return Err(io::Error::other("benches/mocks does not compile"));
    }
    let program = Path::new(ROOT).join("target/release/carrot-mocks");
    let mut table = String::from("| | instructions | malloc + realloc | µs |\n|---|--:|--:|--:|\n");
    for (way, name) in WAYS {
        let cost = callgrind::count(&program, &[way, &COUNTED.to_string()], COUNTED)?;
        let timed = [way, &TIMED.to_string()];
        let took: io::Result<Vec<f64>> = (0..TIMES)
            .map(|_| callgrind::time(&program, &timed, TIMED))
            .collect();
        let least = took?.into_iter().fold(f64::INFINITY, f64::min);
        let instructions = record::grouped(cost.instructions);
        let (new, grown) = (cost.allocations, cost.reallocations);
        let _ = writeln!(
            table,
            "| {name} | {instructions} | {new:.0} + {grown:.0} | {least:.1} |"
        );
    }
    println!("{table}");
    record::write_to_page("mocks", &table)
}
