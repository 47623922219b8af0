//! How a program starts and ends: its runtime, Ctrl-C, a closed pipe, its exit code.

use std::{
    error::Error,
    fmt::Arguments,
    fs::OpenOptions,
    future::Future,
    io::{self, ErrorKind, Write},
    path::Path,
    process::ExitCode,
};

use tokio::{runtime::Runtime, signal};

/// Why a program ends before its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// Ctrl-C, with what to do next. The exit code is 130.
    Interrupted(String),
    /// The reader of the output went away, such as `head`: no failure of this program.
    ClosedPipe,
    /// Everything else. The exit code is 1; a wrong command line has 2.
    Error(Box<dyn Error + Send + Sync>),
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// Runs a program to its end, or until Ctrl-C: then it says `next`, what the user does to continue.
pub fn run(name: &str, next: &str, program: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return end(name, Err(error.into())),
    };
    let result = runtime.block_on(until_ctrl_c(Box::pin(program), next));
    // A name lookup that hangs must not keep the process.
    runtime.shutdown_background();
    end(name, result)
}

/// The exit code of a program that ended so. Errors go to stderr, after the name of the program.
pub fn end(name: &str, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(Failure::Interrupted(next)) => {
            crate::warn!("{name}: interrupted. {next}");
            ExitCode::from(130)
        }
        Err(Failure::Error(error)) => {
            crate::warn!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does the work unless Ctrl-C comes first.
///
/// # Errors
///
/// [`Failure::Interrupted`] with `next`, what the user does to continue; or the failure of the work.
pub async fn until_ctrl_c<T>(
    work: impl Future<Output = Result<T, Failure>>,
    next: impl Into<String>,
) -> Result<T, Failure> {
    tokio::select! {
        // It listens for Ctrl-C before the work starts.
        biased;
        pressed = signal::ctrl_c() => {
            pressed?;
            Err(Failure::Interrupted(next.into()))
        }
        result = work => result,
    }
}

/// Checks that a file can be written, before the work that fills it; what it holds stays. `option` is how the user
/// names it.
///
/// # Errors
///
/// It cannot be written.
pub fn check_writable(option: &str, file: &Path) -> Result<(), Failure> {
    let open = OpenOptions::new().append(true).create(true).open(file);
    match open {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{option} {}: {error}", file.display()).into()),
    }
}

/// Prints a line to stdout.
///
/// # Errors
///
/// [`Failure::ClosedPipe`] where nobody reads any more, such as before `| head`.
pub fn print_line(line: Arguments<'_>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{line}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::ClosedPipe),
        result => Ok(result?),
    }
}

/// Prints a line to stderr. Where nobody reads it, the work goes on.
pub fn print_warning(line: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a line to stdout, as `println!` does, and returns the failure where nobody reads it.
#[macro_export]
macro_rules! say {
    ($($format:tt)*) => {
        $crate::program::print_line(format_args!($($format)*))?
    };
}

/// Prints a line to stderr, as `eprintln!` does, without a panic where nobody reads it.
#[macro_export]
macro_rules! warn {
    ($($format:tt)*) => {
        $crate::program::print_warning(format_args!($($format)*))
    };
}
