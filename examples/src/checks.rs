//! What every program has in common, as checks for the tests of the packages: how they are stopped, and a closed pipe.

use std::{
    io::{self, BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The most that a program may take to end after it was stopped: far below what it would wait for the service, and
/// above the second that it takes, since a busy machine starts `kill` late.
const LINGER: Duration = Duration::from_secs(5);

/// How a program is stopped, its exit code then, and what it says.
const SIGNALS: [(&str, i32, &str); 2] =
    [("-INT", 130, "interrupted"), ("-TERM", 143, "terminated")];

/// Runs the program against a service that takes connections and never responds, presses Ctrl-C while it waits,
/// and checks that it ends at once, with advice and code 130; and the same with SIGTERM and 143. For Unix, where
/// `kill` does both.
///
/// # Errors
///
/// The program cannot be started.
///
/// # Panics
///
/// It does not end so.
pub fn signals_end_with_advice(command: impl Fn() -> Command, name: &str) -> io::Result<()> {
    for (signal, code, word) in SIGNALS {
        let service = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", service.local_addr()?);
        let mut child = command()
            .env("CARROT_TOKEN", "app.1.secret")
            .env("CARROT_BASE_URL", url)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        // It waits for the response.
        let mut request = BufReader::new(service.accept()?.0);
        request.read_line(&mut String::new())?;
        let pressed = Instant::now();
        send(&child, signal)?;
        let status = child.wait()?;
        assert!(pressed.elapsed() < LINGER, "{name} lingers");
        let mut error = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_string(&mut error)?;
        }
        assert_eq!(status.code(), Some(code), "{name}: {error}");
        let advice = format!("{name}: {word}. ");
        assert!(error.contains(&advice), "{name}: {error}");
    }
    Ok(())
}

/// Runs the program in its sandbox with a reader that goes away after some lines, as `| head -1` does, and checks that
/// it either ends there, as a success, or works on to the end that it has with a reader; in both cases without a word
/// about it.
///
/// # Errors
///
/// The program cannot be started.
///
/// # Panics
///
/// It does not end so.
pub fn a_closed_pipe_is_no_failure(command: impl Fn() -> Command, name: &str) -> io::Result<()> {
    let with_reader = read_lines(command(), usize::MAX)?;
    for lines in 0..4 {
        let output = read_lines(command(), lines)?;
        let error = String::from_utf8_lossy(&output.stderr);
        let whole = String::from_utf8_lossy(&with_reader.stderr);
        assert!(whole.starts_with(&*error), "{name}, {lines}: {error}");
        let is_success = output.status.success();
        let is_same = output.status == with_reader.status && error == whole;
        assert!(is_success || is_same, "{name}, {lines}: {error}");
    }
    Ok(())
}

/// Runs a program, and reads this many lines of its output.
fn read_lines(mut command: Command, lines: usize) -> io::Result<Output> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).lines().take(lines).for_each(drop);
    }
    child.wait_with_output()
}

/// Sends the signal that Ctrl-C sends.
///
/// # Errors
///
/// The process is gone, or there is no `kill`.
pub fn press_ctrl_c(child: &Child) -> io::Result<()> {
    send(child, "-INT")
}

fn send(child: &Child, signal: &str) -> io::Result<()> {
    let id = child.id().to_string();
    let kill = Command::new("kill").args([signal, &id]).status()?;
    match kill.success() {
        true => Ok(()),
        false => Err(io::Error::other("the process is gone")),
    }
}
