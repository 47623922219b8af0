//! The state of the sandbox in a file, for another run.

use std::{
    error::Error,
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use carrot_core::types::json;
use carrot_testing::{Sandbox, sandbox::Snapshot};

/// Restores what the file holds, if it exists. `sandbox` is new, so its time is that of the machine.
pub(crate) fn restore(sandbox: &Sandbox, path: &Path) -> Result<(), Box<dyn Error>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        text => text?,
    };
    let snapshot: Snapshot = json::read(&text)?;
    let now = sandbox.now();
    sandbox.restore(&snapshot);
    // The time that went by since then; a clock that was set back is waited for.
    let away = now.seconds().saturating_sub(sandbox.now().seconds());
    sandbox.advance(Duration::from_secs(away.try_into().unwrap_or(0)));
    Ok(())
}

/// Checks that the file can be written: an error now, not when the state would be lost.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    let beside = beside(path);
    fs::File::create(&beside)?;
    fs::remove_file(&beside)
}

/// Writes the state through a file beside it, so that what was there stays whole until all is written.
pub(crate) fn save(sandbox: &Sandbox, path: &Path) -> Result<(), Box<dyn Error>> {
    let beside = beside(path);
    let mut file = io::BufWriter::new(fs::File::create(&beside)?);
    serde_json::to_writer(&mut file, &sandbox.snapshot())?;
    file.flush()?;
    fs::rename(&beside, path)?;
    Ok(())
}

/// The file that is written before it takes the place of this one.
fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    PathBuf::from(beside)
}
