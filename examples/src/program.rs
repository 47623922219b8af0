//! How a program starts and ends: its runtime, Ctrl-C, a closed pipe, its exit code.

use std::{
    error::Error,
    fmt::Arguments,
    future::Future,
    io::{self, ErrorKind, Write},
    process::{self, ExitCode},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{runtime::Runtime, signal, time::sleep};

/// How the user, or the system, stops a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// Ctrl-C.
    Interrupted,
    /// `kill`, or the end of a container or a service.
    Terminated,
}

impl Stop {
    fn exit_code(self) -> u8 {
        match self {
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// Waits for one. From then on the process ends by itself alone.
    async fn wait() -> io::Result<Self> {
        #[cfg(unix)]
        let terminated = async {
            let mut signals = signal::unix::signal(signal::unix::SignalKind::terminate())?;
            signals.recv().await;
            Ok(())
        };
        #[cfg(not(unix))]
        let terminated = std::future::pending::<io::Result<()>>();
        tokio::select! {
            pressed = signal::ctrl_c() => pressed.map(|()| Self::Interrupted),
            ended = terminated => ended.map(|()| Self::Terminated),
        }
    }
}

/// How long a program that was stopped may take to end by itself.
const LINGER: Duration = Duration::from_millis(500);

/// Whether the work matters also where nobody reads the output.
static WORKS_WITHOUT_READER: AtomicBool = AtomicBool::new(false);

/// Why a program ends before its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// Ctrl-C or SIGTERM, with what to do next. The exit code is 130 or 143.
    Stopped(Stop, String),
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

/// Runs a program to its end, or until Ctrl-C or SIGTERM: then it says `next`, what the user does to continue.
pub fn run(name: &str, next: &str, program: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return end(name, Err(error.into())),
    };
    runtime.spawn(end_anyway(name.to_owned(), next.to_owned()));
    let result = runtime.block_on(until_stopped(Box::pin(program), next));
    // A name lookup that hangs must not keep the process.
    runtime.shutdown_background();
    end(name, result)
}

/// The exit code of a program that ended so. Errors go to stderr, after the name of the program.
pub fn end(name: &str, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) | Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(Failure::Stopped(stop, next)) => {
            crate::warn!("{name}: {}. {next}", stop.as_str());
            stop.exit_code().into()
        }
        Err(Failure::Error(error)) => {
            crate::warn!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does the work unless Ctrl-C or SIGTERM comes first.
///
/// # Errors
///
/// [`Failure::Stopped`] with `next`, what the user does to continue; or the failure of the work.
pub async fn until_stopped<T>(
    work: impl Future<Output = Result<T, Failure>>,
    next: impl Into<String>,
) -> Result<T, Failure> {
    tokio::select! {
        // It listens before the work starts.
        biased;
        stop = Stop::wait() => Err(Failure::Stopped(stop?, next.into())),
        result = work => result,
    }
}

/// Ends the process where the program does not: its thread computes, or writes to a pipe that nobody empties.
async fn end_anyway(name: String, next: String) {
    if let Ok(stop) = Stop::wait().await {
        sleep(LINGER).await;
        // Where stderr is full too, nothing is said.
        let said = tokio::task::spawn_blocking(move || {
            end(&name, Err(Failure::Stopped(stop, next)));
        });
        let _ = tokio::time::timeout(LINGER / 5, said).await;
        process::exit(stop.exit_code().into());
    }
}

/// From now on a program works to its end where nobody reads its output, such as before `| head`: what it does is
/// elsewhere, in files or in the service. One whose output is all ends there.
pub fn work_without_reader() {
    WORKS_WITHOUT_READER.store(true, Ordering::Relaxed);
}

/// Prints a line to stdout.
///
/// # Errors
///
/// [`Failure::ClosedPipe`] where nobody reads any more, such as before `| head`, unless the program
/// [works without](work_without_reader); or the output cannot be written.
pub fn print_line(line: Arguments<'_>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{line}") {
        Ok(()) => Ok(()),
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("the output cannot be written: {error}").into())
        }
        Err(_) if WORKS_WITHOUT_READER.load(Ordering::Relaxed) => Ok(()),
        Err(_) => Err(Failure::ClosedPipe),
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
