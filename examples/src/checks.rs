//! What every program has in common, as checks for the tests of the packages: Ctrl-C and a closed pipe.

use std::{
    io::{self, BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The most that a program may take to end after Ctrl-C.
const LINGER: Duration = Duration::from_secs(1);

/// Runs the program against a service that takes connections and never responds, presses Ctrl-C while it waits,
/// and checks that it ends with advice, code 130 and within a second. For Unix, where `kill` presses it.
///
/// # Errors
///
/// The program cannot be started.
///
/// # Panics
///
/// It does not end so.
pub fn ctrl_c_ends_with_advice(mut command: Command, name: &str) -> io::Result<()> {
    let service = TcpListener::bind("127.0.0.1:0")?;
    let mut child = command
        .env("CARROT_TOKEN", "app.1.secret")
        .env(
            "CARROT_BASE_URL",
            format!("http://{}", service.local_addr()?),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // It waits for the response.
    let mut request = BufReader::new(service.accept()?.0);
    request.read_line(&mut String::new())?;
    let pressed = Instant::now();
    press_ctrl_c(&child)?;
    let status = child.wait()?;
    assert!(pressed.elapsed() < LINGER, "{name} lingers");
    let mut error = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut error)?;
    }
    assert_eq!(status.code(), Some(130), "{name}: {error}");
    let advice = format!("{name}: interrupted. ");
    assert!(error.contains(&advice), "{name}: {error}");
    Ok(())
}

/// Runs the program in its sandbox with nobody who reads its output, as before `| head -0`, and checks that it succeeds
/// without a word about it.
///
/// # Errors
///
/// The program cannot be started.
///
/// # Panics
///
/// It does not end so.
pub fn a_closed_pipe_is_no_failure(mut command: Command, name: &str) -> io::Result<()> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());
    let output = child.wait_with_output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error, "", "{name}");
    assert_eq!(output.status.code(), Some(0), "{name}: {error}");
    Ok(())
}

/// Sends the signal that Ctrl-C sends.
///
/// # Errors
///
/// The process is gone, or there is no `kill`.
pub fn press_ctrl_c(child: &Child) -> io::Result<()> {
    let id = child.id().to_string();
    let kill = Command::new("kill").args(["-INT", &id]).status()?;
    match kill.success() {
        true => Ok(()),
        false => Err(io::Error::other("the process is gone")),
    }
}
