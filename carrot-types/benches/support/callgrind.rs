//! Counts instructions and allocations with callgrind. Unlike time, they do not depend on what else
//! the machine does, and hardly on which machine it is.
#![allow(clippy::expect_used)]

use std::{
    collections::HashMap,
    env, fs, io,
    process::{self, Command, ExitCode},
};

/// What doing the work once costs, freeing the result included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    /// Calls of the C library's `malloc`, `calloc`, `realloc`, `memalign` and `posix_memalign`.
    pub(crate) allocations: f64,
}

/// What a whole process did.
#[derive(Default)]
struct Counts {
    instructions: u64,
    allocations: u64,
}

/// One row of a table below [`HEAD`]: what `measured` costs, and how many times `bare` that is.
pub(crate) fn row(name: &str, measured: Cost, bare: Cost) -> String {
    format!(
        "{name:<10} | {:>12.0} {:>12.0} {:>6.3} | {:>11.0} {:>11.0} {:>6.3}",
        measured.instructions,
        bare.instructions,
        measured.instructions / bare.instructions,
        measured.allocations,
        bare.allocations,
        measured.allocations / bare.allocations,
    )
}

pub(crate) const HEAD: &str =
    "           | instructions         bare  ratio | allocations        bare  ratio";

/// Counts `work(mode, times)` in processes of their own, `few` times and twice as often, for every
/// mode; `report` prints what was counted, in the order of the modes.
///
/// `modes` is called in the process that reports, and not where the work is done. Without `--bench`,
/// as `cargo test --benches` has it, every mode is only tried once.
pub(crate) fn main(
    modes: impl FnOnce() -> Vec<String>,
    few: u32,
    work: impl Fn(&str, u32),
    report: impl FnOnce(&[Cost]),
) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, mode, times] = &arguments[..] {
        if flag == "--child" {
            work(mode, times.parse().expect("a number"));
            return ExitCode::SUCCESS;
        }
    }
    let modes = modes();
    if !arguments.iter().any(|argument| argument == "--bench") {
        modes.iter().for_each(|mode| work(mode, 1));
        return ExitCode::SUCCESS;
    }
    match modes.iter().map(|mode| measure(mode, few)).collect() {
        Ok::<Vec<_>, _>(costs) => {
            report(&costs);
            ExitCode::SUCCESS
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            println!(
                "not measured: `valgrind` is not installed; it comes with `apt-get install \
                 valgrind`, `dnf install valgrind`, or from <https://valgrind.org>"
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("not measured: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The difference of a long and a short run holds nothing of the start of the process.
fn measure(mode: &str, times: u32) -> io::Result<Cost> {
    let few = run(mode, times)?;
    let many = run(mode, 2 * times)?;
    let once = |few: u64, many: u64| many.saturating_sub(few) as f64 / f64::from(times);
    Ok(Cost {
        instructions: once(few.instructions, many.instructions),
        allocations: once(few.allocations, many.allocations),
    })
}

fn run(mode: &str, times: u32) -> io::Result<Counts> {
    let file = env::temp_dir().join(format!("carrot-callgrind.{}", process::id()));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(env::current_exe()?)
        .args(["--child", mode, &times.to_string()])
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{mode}: {said}")));
    }
    let text = fs::read_to_string(&file)?;
    fs::remove_file(&file)?;
    read(&text).ok_or_else(|| io::Error::other("valgrind wrote no counts"))
}

/// Reads callgrind's file. A function is named at its first mention, `cfn=(7) malloc`, and by its
/// number alone from then on; `calls=3 …` follows the function that was called three times.
/// Source: <https://valgrind.org/docs/manual/cl-format.html>
fn read(text: &str) -> Option<Counts> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut called = "";
    let mut counts = Counts::default();
    for line in text.lines() {
        if let Some(total) = line.strip_prefix("totals: ") {
            counts.instructions = total.trim().parse().ok()?;
        } else if let Some((is_callee, function)) = function(line) {
            let (number, name) = function.split_once(' ').unwrap_or((function, ""));
            if !name.is_empty() {
                names.insert(number, name);
            }
            if is_callee {
                called = names.get(number).copied().unwrap_or_default();
            }
        } else if let Some(calls) = line.strip_prefix("calls=") {
            if is_allocator(called) {
                let count: u64 = calls.split(' ').next()?.parse().ok()?;
                counts.allocations += count;
            }
        }
    }
    (counts.instructions > 0).then_some(counts)
}

fn function(line: &str) -> Option<(bool, &str)> {
    match line.strip_prefix("cfn=") {
        Some(function) => Some((true, function)),
        None => line.strip_prefix("fn=").map(|function| (false, function)),
    }
}

fn is_allocator(name: &str) -> bool {
    let allocators = ["malloc", "calloc", "realloc", "memalign", "posix_memalign"];
    allocators.contains(&name.split(['@', '\'']).next().unwrap_or(name))
}
