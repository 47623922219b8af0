//! Counts instructions and allocations of a process with callgrind. Unlike time, they do not depend on
//! what else the machine does, and hardly on which machine it is.

use std::{
    collections::HashMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

use serde::{Deserialize, Serialize};

/// What a piece of work costs, freeing the result included.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    /// Calls of the C library's functions that allocate.
    pub(crate) allocations: f64,
    /// Calls of its `realloc`.
    pub(crate) reallocations: f64,
}

impl Cost {
    fn per(self, times: u32) -> Self {
        let times = f64::from(times);
        Self {
            instructions: self.instructions / times,
            allocations: self.allocations / times,
            reallocations: self.reallocations / times,
        }
    }
}

/// Counts what a program does between its two [marks](crate::mark), for each of `times`.
pub(crate) fn count(program: &Path, arguments: &[&str], times: u32) -> io::Result<Cost> {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let file = env::temp_dir().join(format!("carrot-callgrind.{}.{run}", process::id()));
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--quiet",
            "--dump-before=*callgrind_mark*",
        ])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args(arguments)
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::new(
                io::ErrorKind::NotFound,
                "`valgrind` is not installed; it comes with `apt-get install valgrind`, \
                 `dnf install valgrind`, or from <https://valgrind.org>",
            ),
            _ => error,
        })?;
    // Before the first mark, between the two, and after the second.
    let [before, counted, after] = [".1", ".2", ""].map(|part| {
        let mut file = file.clone().into_os_string();
        file.push(part);
        PathBuf::from(file)
    });
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{arguments:?}: {said}")));
    }
    let text = fs::read_to_string(&counted)?;
    // With the name of a work, the whole profile is kept for `callgrind_annotate`.
    match env::var_os("CARROT_KEEP_PROFILE") {
        Some(kept) => drop(fs::rename(&counted, kept)),
        None => fs::remove_file(&counted)?,
    }
    fs::remove_file(before)?;
    fs::remove_file(after)?;
    let cost = read(&text).ok_or_else(|| io::Error::other("valgrind wrote no counts"))?;
    Ok(cost.per(times))
}

/// The time of the same on the wall, in microseconds. Unlike counts it depends on the machine, and on what else it
/// does.
pub(crate) fn time(program: &Path, arguments: &[&str], times: u32) -> io::Result<f64> {
    let run = Command::new(program).args(arguments).output()?;
    let text = String::from_utf8_lossy(&run.stdout);
    let nanoseconds: f64 = text.trim().parse().map_err(|_| {
        let said = String::from_utf8_lossy(&run.stderr);
        io::Error::other(format!("{arguments:?}: {said}"))
    })?;
    Ok(nanoseconds / 1e3 / f64::from(times))
}

/// Reads callgrind's file. A function is named at its first mention, `cfn=(7) malloc`, and by its
/// number alone from then on; `calls=3 …` follows the function that was called three times.
/// Source: <https://valgrind.org/docs/manual/cl-format.html>
fn read(text: &str) -> Option<Cost> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut called = "";
    let mut cost = Cost::default();
    for line in text.lines() {
        if let Some(total) = line.strip_prefix("totals: ") {
            cost.instructions = total.trim().parse().ok()?;
        } else if let Some((is_callee, function)) = function(line) {
            let (number, name) = function.split_once(' ').unwrap_or((function, ""));
            if !name.is_empty() {
                names.insert(number, name);
            }
            if is_callee {
                called = names.get(number).copied().unwrap_or_default();
            }
        } else if let Some(calls) = line.strip_prefix("calls=") {
            let count: f64 = calls.split(' ').next()?.parse().ok()?;
            // The name may go on with a version or a recursion level.
            match called.split(['@', '\'']).next() {
                Some("malloc" | "calloc" | "memalign" | "posix_memalign" | "aligned_alloc") => {
                    cost.allocations += count;
                }
                Some("realloc") => cost.reallocations += count,
                _ => {}
            }
        }
    }
    (cost.instructions > 0.0).then_some(cost)
}

fn function(line: &str) -> Option<(bool, &str)> {
    match line.strip_prefix("cfn=") {
        Some(function) => Some((true, function)),
        None => line.strip_prefix("fn=").map(|function| (false, function)),
    }
}
